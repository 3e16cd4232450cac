// What reorders a list of scored candidates: dial, boosts, diversity, caps.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/rank/recommender.h"

namespace sparrow::rank {

// What ordering needs of an item; small, since there are hundreds for a list.
struct Candidate {
  Row row = kNoRow;                  // catalogue row
  float similarity = 0;              // raw, as Similarity has it
  float match = 0;                   // 0..100
  float adjusted = 0;                // match with dial and boosts, or the ranker's score
  std::uint32_t place = UINT32_MAX;  // among what recall found; UINT32_MAX: it was only pinned
  bool pinned = false;
};

// How alike two items look on a shelf, 0..1: genres, series, years. Cheap: no vectors.
float shelf_overlap(const recall::ItemFacts& facts, Row a, Row b);

// Match with the popularity dial (20 points a standard deviation of ln popularity) and boosts.
float adjust(const recall::ItemFacts& facts, const Controls& controls, Row row, float match);

// Positions as deep as people look; behind them variety is not worth its cost.
inline constexpr std::size_t kDiverse = 200;

// Greedily takes the first kDiverse of the candidates (any order) by
//   (1 - diversity) * adjusted / 100 - diversity * max overlap with what is taken,
// and the rest up to `wanted` by adjusted alone, leaving out what would break a cap; pinned
// candidates come first, whatever the caps. Gives their positions. O(kDiverse * candidates), by
// vectors of instructions, and O(candidates log candidates).
std::vector<std::uint32_t> order_list(const recall::ItemFacts& facts,
                                      std::span<const Candidate> candidates, const Caps& caps,
                                      float diversity, std::size_t wanted);

}  // namespace sparrow::rank
