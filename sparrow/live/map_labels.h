// What the regions of the map have in common, in words: regions by place, words by class-based
// TF-IDF (Grootendorst 2022) over genres, tags, keywords and decades.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sparrow/data/catalog.h"

namespace sparrow::live {

struct MapLabel {
  float x = 0;
  float y = 0;
  int level = 0;                   // 0: parts of the whole map; 1 and 2 divide those above
  std::uint32_t items = 0;         // in the region
  std::vector<std::string> words;  // most telling first; one or two
};

constexpr int kMapLevels = 3;

// `rows`: the items on the map; `xy`: the place of each. The same for the same data: nothing is
// random. A region repeats no word of the one that it is a part of; one whose items have too little
// in common has no label. Only tags that two people gave to one item count.
// O(levels · regions · items), and the words of the items.
std::vector<MapLabel> map_labels(const data::Catalog& catalog, std::span<const Row> rows,
                                 std::span<const float> xy);

}  // namespace sparrow::live
