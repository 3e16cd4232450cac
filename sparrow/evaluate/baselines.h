// Baselines: what every method must beat, always in the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/data/dataset.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::evaluate {

// "popularity", "random", "genre-jaccard", "item-knn" (cosine with shrinkage; Deshpande & Karypis
// 2004), "ease" (Steck 2019; left out above kMaxEaseItems, as it inverts a matrix of that size).
std::vector<std::string> baseline_names(std::size_t eligible);
inline constexpr std::size_t kMaxEaseItems = 8000;

// EASE, the linear model of items by each other with a zero diagonal: B_ij = -P_ij / P_jj, P =
// (X'X + lambda I)^-1, X users x items of 0 and 1. items x items; O(items^3).
// liked  the items of each user, below `items`, each once.
Embeddings ease_weights(const std::vector<std::vector<Row>>& liked, std::size_t items,
                        double lambda);

// Lists of the k best `eligible` items for every eligible seed. Ties are broken at random (by
// seed), so that the catalogue's order leaks nothing. O(eligible^2), ease
// O(eligible^3).
Lists baseline_lists(const std::string& name, const data::Dataset& training,
                     const std::vector<Row>& eligible, std::size_t k, std::uint64_t seed);

}  // namespace sparrow::evaluate
