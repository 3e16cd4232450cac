// Every kernel against a double loop; ctest runs this again under each forced target.
#include "sparrow/core/simd/kernels.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

std::vector<float> numbers(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(random.uniform() * 2 - 1);
  return values;
}

TEST(Kernels, AgreeWithDoubleLoopAtAnyLengthAndOffset) {
  for (std::size_t n = 0; n <= 67; ++n) {
    for (std::size_t offset = 0; offset < 3; ++offset) {
      const auto a = numbers(n + offset, 1 + n);
      auto b = numbers(n + offset, 100 + n);
      double dot_sum = 0;
      double l2 = 0;
      for (std::size_t i = offset; i < n + offset; ++i) {
        dot_sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        l2 += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
      }
      EXPECT_NEAR(dot(a.data() + offset, b.data() + offset, n), dot_sum, 1e-5);
      EXPECT_NEAR(squared_l2(a.data() + offset, b.data() + offset, n), l2, 1e-4);
      auto y = b;
      axpy(0.5F, a.data() + offset, y.data() + offset, n);
      scale(b.data() + offset, 2, n);
      for (std::size_t i = offset; i < n + offset; ++i) {
        EXPECT_NEAR(y[i], 0.5F * a[i] + 0.5F * b[i], 1e-5);
      }
    }
  }
}

TEST(Kernels, DotRowsIsDotOfEachRow) {
  const auto rows = numbers(7 * 33, 5);
  const auto query = numbers(33, 6);
  std::vector<float> out(7);
  dot_rows(query.data(), rows.data(), 7, 33, out.data());
  for (std::size_t r = 0; r < 7; ++r)
    EXPECT_EQ(out[r], dot(query.data(), rows.data() + 33 * r, 33));
}

}  // namespace
}  // namespace sparrow::simd
