// all_pairs_top_k(): the exact neighbor table of a set of vectors.
#pragma once

#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/top_k.h"

namespace sparrow::index {

// The k nearest of every row by inner product, without itself: rows x k, best first, kNoRow pads.
// Each pair is multiplied once and offered to both of its rows; scores below what both have
// already are dropped by whole vectors. The same for any number of threads. O(rows^2 / 2 * dim);
// memory: rows * 3 k * 8 bytes beside the result.
std::vector<Neighbor> all_pairs_top_k(const Embeddings& vectors, std::size_t k,
                                      std::size_t threads);

}  // namespace sparrow::index
