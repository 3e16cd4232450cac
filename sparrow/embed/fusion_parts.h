// The parts of a fusion before its weights are chosen: behavior vectors, the constants that
// standardise behavior and content, what is known of each item. Training makes them once of all
// data, and the choice of the content weight (content_weight.h) again for each trial.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"
#include "sparrow/core/result.h"
#include "sparrow/embed/fusion.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_formula.h"
#include "sparrow/model/fusion_similarity.h"

namespace sparrow::embed {

struct MeanDeviation {
  float mean = 0;
  float deviation = 1;
};

// Of a value of pairs of n items; the pairs are drawn.
template <typename Value>
MeanDeviation over_random_pairs(std::size_t n, std::uint64_t seed, const Value& value) {
  if (n < 2) return {};
  Random random(seed);
  double sum = 0;
  double squares = 0;
  constexpr std::size_t kPairs = 200'000;
  std::size_t count = 0;
  for (std::size_t p = 0; p < kPairs; ++p) {
    const Row a = random.below(static_cast<std::uint32_t>(n));
    const Row b = random.below(static_cast<std::uint32_t>(n));
    if (a == b) continue;
    const double x = static_cast<double>(value(a, b));
    sum += x;
    squares += x * x;
    ++count;
  }
  const double mean = sum / static_cast<double>(count);
  const double variance = squares / static_cast<double>(count) - mean * mean;
  return {static_cast<float>(mean), static_cast<float>(std::sqrt(std::max(1e-12, variance)))};
}

struct BehaviorDims {
  std::size_t cooccurrence = 0;
  std::size_t history = 0;
  std::size_t ridge = 0;
};
// items: with behavior.
BehaviorDims behavior_dims(std::size_t items, std::size_t users, const FusionOptions& options);

// Products of the eigen-solver.
std::size_t eigen_products(std::size_t items, const FusionOptions& options);

// The co-occurrence matrix's and X'X's leading eigenvectors as behavior vectors: one row an item,
// of length 1; an inner product is the weighted sum of the blocks' standardised cosines, up to a
// constant. pairs: dims.ridge columns.
Embeddings join_behavior(Embeddings cooccurrence, const Embeddings& pairs, const BehaviorDims& dims,
                         const FusionOptions& options);

// The same from the histories.
Result<Embeddings> behavior_vectors(const WeightedHistories& histories,
                                    const FusionOptions& options, const RunControl& control);

// Fills vectors, popularity and content. `chosen` are the rows of `model.items` with behavior, in
// the order of `vectors`.
void assemble(model::Model& model, const Embeddings& vectors, const ContentVectors& content,
              const std::vector<Row>& chosen, std::span<const std::uint32_t> popularity);

// Standardisation constants over random pairs of items with behavior.
model::FusionParameters measure_parameters(const Embeddings& vectors,
                                           const model::ContentMatrix& content,
                                           const std::vector<Row>& chosen,
                                           const FusionOptions& options);

// Richness and standardised ln popularity; the statistics are not there yet.
std::vector<model::FusionItem> item_scalars(const ContentVectors& content,
                                            const std::vector<std::uint32_t>& popularity,
                                            const std::vector<Row>& chosen);

// The items that statistics are estimated against: samples of `chosen` and of
// all.
model::FusionReference reference_rows(const std::vector<Row>& chosen, std::size_t items,
                                      const FusionOptions& options);

}  // namespace sparrow::embed
