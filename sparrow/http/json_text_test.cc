#include "sparrow/http/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sparrow::http {
namespace {

TEST(JsonText, EscapesWhatIsMarkupAndBadBytes) {
  std::string out;
  append_json(out, "<script>\"\\\n\x01 é \xff");
  EXPECT_EQ(out.find('<'), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(out)) << out;
  out.clear();
  append_json(out, "Amélie <3");
  EXPECT_EQ(nlohmann::json::parse(out).get<std::string>(), "Amélie <3");
  const nlohmann::json rule = {{"items", "year < 2001 & year > 1990"}, {"bad", "\xff"}};
  const std::string text = json_text(rule);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(text)["items"], rule["items"]);
}

}  // namespace
}  // namespace sparrow::http
