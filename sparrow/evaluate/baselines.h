// Baselines: what every method must beat, always in the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/data/dataset.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::evaluate {

// "popularity", "random", "genre-jaccard", "item-knn" (cosine with shrinkage; Deshpande & Karypis
// 2004).
std::vector<std::string> baseline_names();

// Lists of the k best `eligible` items for every eligible seed. Ties are broken at random (by
// seed), so that the catalogue's order leaks nothing. O(eligible^2).
Lists baseline_lists(const std::string& name, const data::Dataset& training,
                     const std::vector<Row>& eligible, std::size_t k, std::uint64_t seed);

}  // namespace sparrow::evaluate
