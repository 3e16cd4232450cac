// The histories by item; cooccurrence.cc counts by it and history_product.cc multiplies.
#pragma once

#include <cstdint>
#include <vector>

#include "sparrow/embed/cooccurrence.h"

namespace sparrow::embed {

// Where each item stands: (user, position) of every occurrence, by item.
struct Occurrences {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> user;
  std::vector<std::uint32_t> position;
};

inline Occurrences occurrences_of(const WeightedHistories& histories) {
  Occurrences o;
  o.offsets.assign(histories.items + 1, 0);
  for (const Row row : histories.rows) ++o.offsets[row + 1];
  for (std::size_t i = 0; i < histories.items; ++i) o.offsets[i + 1] += o.offsets[i];
  o.user.resize(histories.rows.size());
  o.position.resize(histories.rows.size());
  std::vector<std::uint64_t> next(o.offsets.begin(), o.offsets.end());
  for (std::size_t u = 0; u + 1 < histories.offsets.size(); ++u) {
    for (std::uint64_t p = histories.offsets[u]; p < histories.offsets[u + 1]; ++p) {
      const std::uint64_t slot = next[histories.rows[p]]++;
      o.user[slot] = static_cast<std::uint32_t>(u);
      o.position[slot] = static_cast<std::uint32_t>(p - histories.offsets[u]);
    }
  }
  return o;
}

}  // namespace sparrow::embed
