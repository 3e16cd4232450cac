#include "sparrow/data/split.h"

#include "sparrow/core/random.h"

namespace sparrow::data {
namespace {

void copy_event(const Interactions& from, std::uint64_t e, Interactions& to) {
  to.items.push_back(from.items[e]);
  to.values.push_back(from.values[e]);
  to.times.push_back(from.times[e]);
}

}  // namespace

Split leave_last_out(const Interactions& interactions, float min_value) {
  Split split;
  constexpr std::uint64_t kNone = ~std::uint64_t{0};
  for (std::uint32_t u = 0; u < interactions.users(); ++u) {
    std::uint64_t last = kNone;
    std::uint64_t before = kNone;
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      if (interactions.values[e] < min_value) continue;
      before = last;
      last = e;
    }
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      if (e != last || before == kNone) copy_event(interactions, e, split.training);
    }
    split.training.offsets.push_back(split.training.items.size());
    if (before != kNone)
      split.held_out.push_back({u, interactions.items[before], interactions.items[last]});
  }
  return split;
}

Split hold_out_users(const Interactions& interactions, double share, float min_value,
                     std::uint64_t seed) {
  Split split;
  Random random(seed);
  for (std::uint32_t u = 0; u < interactions.users(); ++u) {
    const bool held = random.uniform() < share;
    Row previous = kNoRow;
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      if (!held) {
        copy_event(interactions, e, split.training);
      } else if (interactions.values[e] >= min_value) {
        if (previous != kNoRow) split.held_out.push_back({u, previous, interactions.items[e]});
        previous = interactions.items[e];
      }
    }
    split.training.offsets.push_back(split.training.items.size());
  }
  return split;
}

}  // namespace sparrow::data
