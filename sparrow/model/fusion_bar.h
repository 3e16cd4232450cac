// Which pairs can be among the k best of a fused similarity: shared by its two searches.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sparrow/core/simd/kernels.h"

namespace sparrow::model {

// Upper tail of the standard normal.
inline double upper_tail(float z) {
  constexpr float kHalfSqrt2 = 0.70710678F;
  return 0.5 * std::erfc(static_cast<double>(z * kHalfSqrt2));
}

// Scores above which the k best of a row lie: the k-th largest of the values seen so far, which
// come in blocks.
class RisingBar {
 public:
  explicit RisingBar(std::size_t k) : k_(k) {}
  // The k-th largest of the values; minus infinity when there are fewer.
  static float of(std::span<const float> values, std::size_t k) {
    constexpr std::size_t kBlock = 1024;
    std::uint32_t above[kBlock + 1];
    RisingBar rising(k);
    for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
      const std::size_t found = simd::select_above(
          values.data() + begin, std::min(kBlock, values.size() - begin), rising.bar(), above);
      for (std::size_t i = 0; i < found; ++i) rising.add(values[begin + above[i]]);
    }
    rising.cut();
    return rising.bar();
  }
  float bar() const { return bar_; }
  void add(float value) {
    values_.push_back(value);
    if (values_.size() >= 4 * k_ + 64) cut();
  }
  void cut() {
    if (values_.size() < k_ || k_ == 0) return;
    const auto kth = values_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(values_.begin(), kth, values_.end(), std::greater<>());
    bar_ = *kth;
    values_.resize(k_);
  }

 private:
  std::size_t k_;
  float bar_ = -__builtin_inff();
  std::vector<float> values_;
};

// A z so low that no pair whose smaller z lies below it is among the k best, when k pairs have a
// smaller z of `bar` or more: for u, v the tails, max(u, v) <= u + v - uv <= 2 max(u, v).
inline float lowest_worth(float bar) {
  constexpr float kStep = 0.01F;
  constexpr float kHair = 1e-3F;  // what the kernel may be off, and more
  if (bar < -8) return -__builtin_inff();
  const double twice = 2 * upper_tail(bar - kHair);
  float z = bar - kHair;
  while (z > -8 && upper_tail(z) < twice) z -= kStep;
  return z > -8 ? z : -__builtin_inff();
}

}  // namespace sparrow::model
