// NeighborSearch: the nearest items of a model by its similarity where the neighbor table does not
// reach. Three ways: exact over all items; exact over the few that a filter allows; a walk from
// item to item through the neighbor table, which is a graph of near items, every score exact. Which
// one is decided by cost measured on this machine when the model is opened; nothing is built for
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::recall {

struct SearchOptions {
  // An exact search that costs less on average is kept: a walk would save nothing that a user can
  // feel.
  std::chrono::microseconds exact_budget{3000};
  double least_recall = 0.95;     // a walk below this recall_at_10 is not used
  std::size_t sample_seeds = 24;  // that costs and recall are measured on, fewer where they take
  std::chrono::milliseconds measuring{300};  // longer than this
};

struct SearchReport {
  bool walk = false;
  std::size_t width = 0;  // items that a walk keeps
  double exact_us = 0;    // of one search over all items
  double pair_us = 0;     // of scoring one pair
  double walk_us = 0;     // 0: not tried
  // Of the ten nearest behind those of the table, which a walk has to find; against the exact
  // search.
  double walk_recall_at_10 = 0;
};

// Immutable; safe for use by several threads.
class NeighborSearch {
 public:
  // Model and similarity must outlive this. `before` (may be null) searches an earlier state of the
  // same version: its measurements are used again.
  NeighborSearch(const model::Model& model, const model::Similarity& similarity,
                 const SearchOptions& options, const NeighborSearch* before);

  // The k best, without `row` and without what `excluded` marks (one byte an item, or empty). Never
  // fewer than k while so many are allowed.
  std::vector<Neighbor> nearest(Row row, std::size_t k,
                                std::span<const std::uint8_t> excluded) const;
  const SearchReport& report() const { return report_; }

 private:
  void measure(const SearchOptions& options);
  std::vector<std::uint8_t> listed(Row row) const;
  std::vector<Neighbor> by_pairs(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                 std::size_t allowed) const;
  std::vector<Neighbor> by_walk(Row row, std::size_t k, std::span<const std::uint8_t> excluded,
                                std::size_t kept) const;

  const model::Similarity& similarity_;
  model::NeighborTable table_;
  Row first_loose_ = 0;  // items from here on came after training: few lists may have them
  SearchReport report_;
};

}  // namespace sparrow::recall
