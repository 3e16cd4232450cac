#include "sparrow/http/rate_limit.h"

#include <gtest/gtest.h>

namespace sparrow::http {
namespace {

using std::chrono::milliseconds;

TEST(RateLimit, ABurstThenTheRateForEachClientAlone) {
  RateLimit limit(10, 5);
  const std::chrono::steady_clock::time_point start{};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.wait_s("a", start), 0) << i;
  EXPECT_NEAR(limit.wait_s("a", start), 0.1, 1e-9);
  EXPECT_EQ(limit.wait_s("b", start), 0);
  EXPECT_EQ(limit.wait_s("a", start + milliseconds(101)), 0);
  EXPECT_GT(limit.wait_s("a", start + milliseconds(102)), 0);
  int served = 0;
  for (int t = 1000; t < 11'000; ++t)
    served += limit.wait_s("a", start + milliseconds(t)) == 0 ? 1 : 0;
  EXPECT_NEAR(served, 10 * 10 + 5, 1);
}

TEST(RateLimit, NoneMeansNone) {
  RateLimit limit(0, 0);
  EXPECT_FALSE(limit.active());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limit.wait_s("a", {}), 0);
}

TEST(RateLimit, ManyClientsAreForgottenNotKept) {
  RateLimit limit(1, 1);
  for (int i = 0; i < 300'000; ++i) (void)limit.wait_s(std::to_string(i), {});
  EXPECT_EQ(limit.wait_s("another", {}), 0);
}

}  // namespace
}  // namespace sparrow::http
