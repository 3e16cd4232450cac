#include "sparrow/data/sequences.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sparrow/core/parallel.h"

namespace sparrow::data {

namespace {

// The sequences of users [first, last); newest: time of the newest event.
Sequences sequences_of(const Interactions& interactions, const SequenceOptions& options,
                       std::pair<std::size_t, std::size_t> users, std::int64_t newest) {
  Sequences sequences;
  const bool weighted = options.half_life_days > 0;
  sequences.items.reserve(interactions.offsets[users.second] - interactions.offsets[users.first]);
  const auto close = [&] {
    const std::uint64_t begin = sequences.offsets.back();
    if (sequences.items.size() - begin >= options.min_length) {
      if (sequences.items.size() > begin) sequences.offsets.push_back(sequences.items.size());
      return;
    }
    sequences.items.resize(begin);
    if (weighted) sequences.weights.resize(begin);
  };
  for (std::size_t u = users.first; u < users.second; ++u) {
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

}  // namespace

Sequences build_sequences(const Interactions& interactions, const SequenceOptions& options,
                          std::size_t threads) {
  std::int64_t newest = options.newest.value_or(0);
  if (options.half_life_days > 0 && !options.newest && !interactions.times.empty())
    newest = *std::max_element(interactions.times.begin(), interactions.times.end());
  constexpr std::size_t kUsersAtOnce = 4096;
  const std::size_t users = interactions.users();
  std::vector<Sequences> parts((users + kUsersAtOnce - 1) / kUsersAtOnce);
  parallel_for(users, kUsersAtOnce, threads, [&](std::size_t first, std::size_t last, std::size_t) {
    parts[first / kUsersAtOnce] = sequences_of(interactions, options, {first, last}, newest);
  });
  if (parts.size() == 1) return std::move(parts.front());
  Sequences all;
  std::size_t positives = 0;
  for (const Sequences& part : parts) positives += part.items.size();
  all.items.reserve(positives);
  for (Sequences& part : parts) {
    const std::uint64_t begin = all.items.size();
    for (std::size_t s = 1; s < part.offsets.size(); ++s)
      all.offsets.push_back(begin + part.offsets[s]);
    all.items.insert(all.items.end(), part.items.begin(), part.items.end());
    all.weights.insert(all.weights.end(), part.weights.begin(), part.weights.end());
    part = Sequences();
  }
  return all;
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
