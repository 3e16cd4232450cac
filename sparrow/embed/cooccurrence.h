// Co-occurrence embeddings: PPMI of what is watched near each other and in the same history, and
// the eigenvectors of the user-item matrix.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/eigen_embedding.h"

namespace sparrow::embed {

// Interactions of chosen items only, rows renumbered 0..items-1, with a weight each: how the
// co-occurrence methods see a log.
struct WeightedHistories {
  std::size_t items = 0;
  std::vector<std::uint64_t> offsets{0};  // users + 1
  std::vector<Row> rows;  // time order inside a user; an item once a user (its last rating)
  std::vector<float> weights;
};

struct HistoryOptions {
  float min_value = 3.5F;           // at or above: weight 1
  float other_weight = 0.5F;        // below: seen, but not liked
  std::uint32_t min_positives = 5;  // items with fewer are left out
};

// The catalog rows that have enough positives, ascending.
std::vector<Row> choose_items(std::span<const std::uint32_t> positives,
                              const HistoryOptions& options);

// Of the chosen items: chosen[new row] = catalog row.
WeightedHistories weighted_histories(const data::Interactions& interactions,
                                     std::size_t catalog_items, const std::vector<Row>& chosen,
                                     const HistoryOptions& options);

struct CooccurrenceOptions {
  std::size_t window = 8;    // positions; weight (window + 1 - distance) / window
  float history_weight = 1;  // pairs anywhere in a history: w_a w_b / max(sum of weights - 1, 1)
  float context_exponent =
      0.75F;             // smoothing of the context distribution (Levy, Goldberg & Dagan 2015)
  bool discount = true;  // low-count discount of Pantel & Lin (2002)
  // Only the largest PPMI values of a row are kept: so many, fewer where there would be more than
  // max_entries in all rows, but least_row_entries at least.
  std::size_t max_row_entries = 4096;
  std::size_t max_entries = 40'000'000;
  std::size_t least_row_entries = 128;
  std::size_t threads = 0;
};

// How many are kept of each row, of so many items.
std::size_t row_entries(std::size_t items, const CooccurrenceOptions& options);

// Positive pointwise mutual information of the symmetrised counts
//   C_ab = sum over users of w_a w_b ((window + 1 - d) / window for d <= window) / 2 +
//   history_weight w_a w_b / max(W_u - 1, 1), M_ab = max(0, ln(C_ab * sum C / (C_a. * q_b))), q_b =
//   C_b.^exponent rescaled to sum C; mean of M and its transpose; discount: * C/(C + 1) * m/(m +
//   1), m = min(C_a., C_b.).
// O(sum over users of n_u^2) time; memory: the kept entries plus threads * items.
// Errors: cancelled.
Result<SparseMatrix> ppmi_matrix(const WeightedHistories& histories,
                                 const CooccurrenceOptions& options, const RunControl& control);

// The parts of the above, for histories that are spread over machines.

// C of some of the users. Those of disjoint sets of users, and their totals, add up.
class CooccurrenceCounts {
 public:
  // Both must outlive this.
  CooccurrenceCounts(const WeightedHistories& histories, const CooccurrenceOptions& options);
  ~CooccurrenceCounts();
  std::vector<double> totals() const;  // C_a. of all items
  SparseRows rows(std::size_t first, std::size_t last) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// M from C, row by row. counts: rows of C from row `first`; totals: row sums of C, of all items.
SparseRows ppmi_rows(std::size_t first, const SparseRows& counts, std::vector<double> totals,
                     const CooccurrenceOptions& options);

// X'X x of some of the users, X = weights, users x items; products of disjoint sets of users add
// up.
class HistoryProduct {
 public:
  explicit HistoryProduct(const WeightedHistories& histories);  // must outlive this
  ~HistoryProduct();
  // Memory that multiply() takes beside x and y, in bytes.
  static double work_bytes(std::size_t users, std::size_t items, std::size_t width);
  void multiply(const float* x, float* y, std::size_t width, std::size_t threads);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Eigenvectors of X'X scaled by the square root of their eigenvalue; X = weights, users x items. n
// x dim.
Embeddings history_eigenvectors(const WeightedHistories& histories, const EigenOptions& options,
                                std::size_t threads);

}  // namespace sparrow::embed
