// What reorders a list of scored candidates: dial, boosts, diversity, caps.
#pragma once

#include <span>
#include <vector>

#include "sparrow/rank/recommender.h"

namespace sparrow::rank {

// How alike two items look on a shelf, 0..1: genres, series, years. Cheap: no vectors.
float shelf_overlap(const recall::ItemFacts& facts, Row a, Row b);

// Match with the popularity dial (20 points a standard deviation of ln popularity) and boosts.
float adjust(const recall::ItemFacts& facts, const Controls& controls, Row row, float match);

// Greedily takes `wanted` of the candidates (any order) by
//   (1 - diversity) * adjusted / 100 - diversity * max overlap with what is taken,
// leaving out what would break a cap; pinned candidates come first, whatever the caps. O(wanted *
// candidates) at worst; those that cannot win are passed over.
std::vector<ScoredItem> order_list(const recall::ItemFacts& facts,
                                   const std::vector<ScoredItem>& candidates, const Caps& caps,
                                   float diversity, std::size_t wanted);

}  // namespace sparrow::rank
