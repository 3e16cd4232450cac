// WeightedDraw: random positions with given probabilities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "sparrow/core/random.h"

namespace sparrow::data {

// Draws from fixed weights by binary search in their running sum.
class WeightedDraw {
 public:
  explicit WeightedDraw(const std::vector<double>& weights) : sums_(weights.size()) {
    std::partial_sum(weights.begin(), weights.end(), sums_.begin());
  }
  std::size_t operator()(Random& random) const {
    const double at = random.uniform() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), at);
    return std::min(static_cast<std::size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

}  // namespace sparrow::data
