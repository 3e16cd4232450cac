#include "sparrow/data/sequences.h"

#include <algorithm>
#include <cmath>

namespace sparrow::data {

Sequences build_sequences(const Interactions& interactions, const SequenceOptions& options) {
  Sequences sequences;
  const std::int64_t newest =
      interactions.times.empty()
          ? 0
          : *std::max_element(interactions.times.begin(), interactions.times.end());
  const bool weighted = options.half_life_days > 0;
  const auto close = [&] {
    const std::uint64_t begin = sequences.offsets.back();
    if (sequences.items.size() - begin >= options.min_length) {
      if (sequences.items.size() > begin) sequences.offsets.push_back(sequences.items.size());
      return;
    }
    sequences.items.resize(begin);
    if (weighted) sequences.weights.resize(begin);
  };
  for (std::size_t u = 0; u < interactions.users(); ++u) {
    std::int64_t last = 0;
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      if (interactions.values[e] < options.min_value) continue;
      const bool open = sequences.items.size() > sequences.offsets.back();
      if (open && options.session_gap_s > 0 && interactions.times[e] - last > options.session_gap_s)
        close();
      last = interactions.times[e];
      sequences.items.push_back(interactions.items[e]);
      if (weighted) {
        const double age_days = static_cast<double>(newest - interactions.times[e]) / 86400.0;
        sequences.weights.push_back(
            static_cast<float>(std::exp2(-age_days / options.half_life_days)));
      }
    }
    close();
  }
  return sequences;
}

std::vector<std::uint32_t> count_positives(const Interactions& interactions, std::size_t items,
                                           float min_value) {
  std::vector<std::uint32_t> counts(items, 0);
  for (std::size_t e = 0; e < interactions.size(); ++e) {
    if (interactions.values[e] >= min_value) ++counts[interactions.items[e]];
  }
  return counts;
}

}  // namespace sparrow::data
