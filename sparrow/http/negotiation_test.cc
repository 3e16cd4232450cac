#include "sparrow/http/negotiation.h"

#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

TEST(Negotiation, GzipIsTakenWhereItIsAllowed) {
  for (const char* yes :
       {"gzip", "GZip", "br, gzip;q=0.5", "x-gzip", "*", "gzip;q=1.0, *;q=0", " gzip "})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "gzip;q=0", "gzip ; q=0.000", "gzip;q=0, *", "*;q=0", "identity",
                         "xgzip", "br;q=1.0, gzip;q=0", ",,"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Negotiation, ATagIsFoundInAList) {
  for (const char* yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" ,\"c\"", "*"})
    EXPECT_TRUE(has_etag(yes, "\"a\"")) << yes;
  for (const char* no : {"", "a", "\"b\"", "\"a-gzip\"", "w/\"a\""})
    EXPECT_FALSE(has_etag(no, "\"a\"")) << no;
}

}  // namespace
}  // namespace sparrow::http
