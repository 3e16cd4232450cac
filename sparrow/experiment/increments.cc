#include "sparrow/experiment/increments.h"

#include <algorithm>
#include <tuple>

namespace sparrow::experiment {
namespace {

constexpr std::size_t kLeastRoom = 1 << 20;

auto key(const Increment& i) { return std::tuple(i.measure, i.unit, i.day); }

}  // namespace

void Increments::add(const Increment& increment) {
  all_.push_back(increment);
  if (all_.size() >= 2 * merged_ + kLeastRoom) merge();
}

void Increments::merge() {
  if (merged_ == all_.size()) return;
  // Stable, so that sums do not depend on the sort.
  std::stable_sort(all_.begin(), all_.end(),
                   [](const Increment& a, const Increment& b) { return key(a) < key(b); });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < all_.size(); ++i) {
    if (key(all_[i]) == key(all_[kept]))
      all_[kept].amount += all_[i].amount;
    else
      all_[++kept] = all_[i];
  }
  all_.resize(kept + 1);
  merged_ = all_.size();
}

std::span<const Increment> Increments::of(std::uint16_t measure) {
  merge();
  const auto range = std::equal_range(
      all_.begin(), all_.end(), Increment{.measure = measure},
      [](const Increment& a, const Increment& b) { return a.measure < b.measure; });
  return {range.first, range.second};
}

}  // namespace sparrow::experiment
