#include "sparrow/http/query.h"

#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

TEST(Cookie, IsFoundByItsWholeName) {
  EXPECT_EQ(cookie_of("a=1; sparrow-session=x-y; b=2", "sparrow-session"), "x-y");
  EXPECT_EQ(cookie_of("sparrow-session=", "sparrow-session"), "");
  EXPECT_EQ(cookie_of("other-sparrow-session=1;sparrow-sessions=2", "sparrow-session"), "");
  EXPECT_EQ(cookie_of("", "sparrow-session"), "");
  EXPECT_EQ(cookie_of("sparrow-session=a=b", "sparrow-session"), "a=b");
}

TEST(Query, DecodesAndValidates) {
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  for (const auto* bad : {"%", "%4", "%zz", "%00", "%ff"})
    EXPECT_EQ(percent_decode(bad, true), std::nullopt) << bad;
  Query query("size=7&q=x%26y&empty=");
  EXPECT_EQ(query.number("size", 20, 1, 10), 7U);
  EXPECT_EQ(query.number("offset", 3, 0, 10), 3U);
  EXPECT_EQ(query.text("q"), "x&y");
  EXPECT_FALSE(query.error());
  for (const auto* wrong :
       {"size=-1", "size=1e9", "size=", "size=11", "size=0", "size=99999999999999999999"}) {
    Query bad(wrong);
    bad.number("size", 20, 1, 10);
    ASSERT_TRUE(bad.error()) << wrong;
    EXPECT_EQ(bad.error()->parameter, "size");
  }
  using Entries = std::vector<std::string_view>;
  EXPECT_EQ(Query("ids=a,b").list("ids"), (Entries{"a", "b"}));
  EXPECT_EQ(Query("ids=a%2Cb").list("ids"), (Entries{"a", "b"}));  // as a form encodes a list
  EXPECT_EQ(Query("ids=a%2Cb,c%2cd:2&x=1").list("ids"), (Entries{"a,b", "c,d:2"}));
  EXPECT_EQ(Query("ids=a%2Cb,c").text("ids"), "a,b,c");
  Query unknown("sise=3");
  unknown.allow_only({"size"});
  EXPECT_EQ(unknown.error()->parameter, "sise");
  Query twice("a=1&a=2");
  twice.allow_only({"a"});
  EXPECT_TRUE(twice.error());
}

}  // namespace
}  // namespace sparrow::http
