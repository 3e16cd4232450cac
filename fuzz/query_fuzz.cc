// Query strings and what they are written into: JSON must stay JSON, and free of markup.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sparrow/http/json_text.h"
#include "sparrow/http/query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sparrow::http::Query query(text);
  query.allow_only({"size", "q"});
  query.number("size", 1, 1, 10);
  query.list("q");
  std::string out;
  sparrow::http::append_json(out, text);
  if (!nlohmann::json::accept(out) || out.find('<') != std::string::npos) std::abort();
  return 0;
}
