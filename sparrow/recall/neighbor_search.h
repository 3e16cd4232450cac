// NeighborSearch: the nearest items of a model by its similarity where the neighbor table does not
// reach. Three ways: exact over all items; exact over the few that a filter allows; HNSW candidates
// scored exactly. Which one is decided by cost measured on this machine when the model is opened.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sparrow/index/index.h"
#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"

namespace sparrow::recall {

struct SearchOptions {
  // An exact search that costs less on average is kept: a graph would save nothing that a user can
  // feel, and costs memory and time to build.
  std::chrono::microseconds exact_budget{3000};
  double least_recall = 0.95;     // HNSW below this recall_at_10 is not used
  std::size_t sample_seeds = 24;  // that costs and recall are measured on
  std::size_t threads = 0;        // for building the graph
};

struct SearchReport {
  bool hnsw = false;
  std::size_t width = 0;         // HNSW candidates that are scored exactly
  double exact_us = 0;           // of one search over all items
  double pair_us = 0;            // of scoring one pair
  double hnsw_us = 0;            // 0: not built
  double hnsw_recall_at_10 = 0;  // against the exact search
};

// Immutable; safe for use by several threads.
class NeighborSearch {
 public:
  // Model and similarity must outlive this. `before` (may be null) searches an earlier state of the
  // same version: its graph and measurements are used again; items that came since are scored one
  // by one.
  NeighborSearch(const model::Model& model, const model::Similarity& similarity,
                 const SearchOptions& options, const NeighborSearch* before);

  // The k best, without `row` and without what `excluded` marks (one byte an item, or empty). Never
  // fewer than k while so many are allowed.
  std::vector<Neighbor> nearest(Row row, std::size_t k,
                                std::span<const std::uint8_t> excluded) const;
  const SearchReport& report() const { return report_; }

 private:
  void measure_exact(std::span<const Row> seeds, std::vector<std::vector<Neighbor>>& truth);
  void try_graph(std::span<const Row> seeds, const std::vector<std::vector<Neighbor>>& truth,
                 const SearchOptions& options);
  void find_loose();
  std::vector<Neighbor> by_pairs(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                 std::size_t allowed) const;
  std::vector<Neighbor> by_graph(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                 std::size_t allowed) const;

  const model::Model& model_;
  const model::Similarity& similarity_;
  std::shared_ptr<const index::Index> graph_;  // of the first graph_->size() rows
  std::vector<std::uint32_t> columns_;         // of the vectors, that the graph knows
  std::vector<Row> loose_;                     // without a behavior vector, or newer than the graph
  SearchReport report_;
};

}  // namespace sparrow::recall
