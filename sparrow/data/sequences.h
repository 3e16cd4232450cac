// Sequences: what each user liked, in time order. The input of every behaviour method.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sparrow/data/dataset.h"

namespace sparrow::data {

struct SequenceOptions {
  float min_value = 3.5F;          // interactions at or above this are positive
  std::int64_t session_gap_s = 0;  // a longer pause starts a new sequence; 0: one sequence per user
  double half_life_days = 0;  // weight 0.5^(age / half life), age before the newest event; 0: all 1
  std::uint64_t min_length = 2;  // shorter sequences are left out
  // The newest event, where not all of the log is here.
  std::optional<std::int64_t> newest;
};

struct Sequences {
  std::vector<std::uint64_t> offsets{0};  // count() + 1
  std::vector<Row> items;
  std::vector<float> weights;  // as long as items, or empty when all are 1

  std::size_t count() const { return offsets.size() - 1; }
  std::span<const Row> operator[](std::size_t s) const {
    return {items.data() + offsets[s], items.data() + offsets[s + 1]};
  }
};

// cost: O(interactions); memory: 4 bytes per positive (8 with weights).
// The same for any number of threads.
Sequences build_sequences(const Interactions& interactions, const SequenceOptions& options,
                          std::size_t threads = 1);

// How many positive interactions each item has; `items` is the catalogue's size.
std::vector<std::uint32_t> count_positives(const Interactions& interactions, std::size_t items,
                                           float min_value);

}  // namespace sparrow::data
