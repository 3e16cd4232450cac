// Exploration and interleaving: lists that chance has a part in, so that rankings can be compared
// by what people do with them. Pure functions of ranked lists; the probabilities they give are
// exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/core/random.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::rank {

// How many ranked items explore() wants for a list of `size`: it takes from the second half too.
constexpr std::size_t explored_pool(std::size_t size) { return 2 * size; }

// Cuts `ranked` (best first) to a list of `size`. With probability `share` two of its places are
// swapped first: one of the list, and one of all ranked, each uniformly at random. Returns for each
// place the probability that the item that stands there now stands there:
//   its own place:    1 - share (S + N - 2) / (S N)
//   any other:        share / (S N), twice that for an item of the first S
// with S = min(size, N) places and N = ranked.size(). O(S).
std::vector<float> explore(std::vector<ScoredItem>& ranked, std::size_t size, float share,
                           Random& random);

// Team-draft interleaving (Radlinski, Kurup & Joachims 2008, "How Does Clickthrough Data Reflect
// Retrieval Quality?"): in each round a coin decides which ranking places its best item that is not
// yet in the list first, then the other does. A click on an item counts for its team.
struct Interleaved {
  std::vector<ScoredItem> items;  // at most `size`
  std::string teams;              // 'a' or 'b' for each item
};
Interleaved interleave(const std::vector<ScoredItem>& a, const std::vector<ScoredItem>& b,
                       std::size_t size, Random& random);

}  // namespace sparrow::rank
