// Kernels on halves against float loops; ctest runs them under every instruction set.
#include "sparrow/core/simd/half_kernel.h"

#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/float16.h"
#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

TEST(HalfKernel, WidensExactlyAndMultipliesAsADoubleLoop) {
  Random random(5);
  for (std::size_t n = 0; n < 70; ++n) {
    std::vector<std::uint16_t> a(n);
    std::vector<std::uint16_t> rows(3 * n);
    for (auto& v : a) v = float16_of(static_cast<float>(random.normal()));
    for (auto& v : rows) v = float16_of(static_cast<float>(random.normal() * 0.01));
    std::vector<float> wide(n);
    widen(a.data(), n, wide.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(wide[i], float32_of(a[i]));
    std::vector<float> out(3);
    dot_half_rows(wide.data(), rows.data(), 3, n, out.data());
    for (std::size_t r = 0; r < 3; ++r) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i)
        sum += static_cast<double>(wide[i]) * static_cast<double>(float32_of(rows[r * n + i]));
      EXPECT_NEAR(out[r], sum, 1e-5);
      EXPECT_EQ(out[r], dot_halves(a.data(), rows.data() + r * n, n));
    }
  }
}

}  // namespace
}  // namespace sparrow::simd
