#include "sparrow/embed/cooccurrence.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <utility>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/sequences.h"
#include "sparrow/embed/occurrences.h"

namespace sparrow::embed {
namespace {

// How the row of an item is counted: by looking at all items afterwards, or at those alone that
// were met, where they are few of many.
enum class Counting { kDense, kSparse };
Counting best_counting(const WeightedHistories& histories) {
  constexpr double kFew = 0.25;  // of all items
  double met = 0;
  for (std::size_t u = 0; u + 1 < histories.offsets.size(); ++u) {
    const auto n = static_cast<double>(histories.offsets[u + 1] - histories.offsets[u]);
    met += n * n;
  }
  const auto items = static_cast<double>(histories.items);
  return met < kFew * items * items ? Counting::kSparse : Counting::kDense;
}

// Items of every user grouped by weight: adding a history to counts is one load, one addition and
// one store an item, and a history of 200 is 400 bytes. Counting is bound by this, so items go by
// rank, the most frequent first: most additions fall on few lines of the cache. Counted sparsely
// they keep their order, so that what was met comes in the order of columns.
template <class Id>
struct GroupedHistories {
  struct Group {
    float weight = 0;
    std::uint32_t count = 0;
  };
  std::vector<Id> rank;   // of each item
  std::vector<Id> ranks;  // of the rows in WeightedHistories, ascending within a group
  std::vector<Group> groups;
  std::vector<std::uint64_t> first_group{0};  // users + 1

  GroupedHistories(const WeightedHistories& histories, const Occurrences& occurrences,
                   Counting counting) {
    std::vector<Row> order(histories.items);
    for (Row i = 0; i < order.size(); ++i) order[i] = i;
    if (counting == Counting::kDense)
      std::stable_sort(order.begin(), order.end(), [&](Row a, Row b) {
        return occurrences.offsets[a + 1] - occurrences.offsets[a] >
               occurrences.offsets[b + 1] - occurrences.offsets[b];
      });
    rank.resize(order.size());
    for (std::size_t r = 0; r < order.size(); ++r) rank[order[r]] = static_cast<Id>(r);
    ranks.reserve(histories.rows.size());
    std::vector<float> weights;
    for (std::size_t u = 0; u + 1 < histories.offsets.size(); ++u) {
      const auto begin = static_cast<std::ptrdiff_t>(histories.offsets[u]);
      const auto end = static_cast<std::ptrdiff_t>(histories.offsets[u + 1]);
      weights.assign(histories.weights.begin() + begin, histories.weights.begin() + end);
      std::sort(weights.begin(), weights.end(), std::greater<>());
      weights.erase(std::unique(weights.begin(), weights.end()), weights.end());
      for (const float weight : weights) {
        const std::size_t before = ranks.size();
        for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
          if (histories.weights[p] == weight) ranks.push_back(rank[histories.rows[p]]);
        }
        std::sort(ranks.begin() + static_cast<std::ptrdiff_t>(before), ranks.end());
        groups.push_back({weight, static_cast<std::uint32_t>(ranks.size() - before)});
      }
      first_group.push_back(groups.size());
    }
  }
};

// The PPMI of a pair: what is needed of all rows besides are their totals.
class PpmiFormula {
 public:
  PpmiFormula(std::vector<double> totals, const CooccurrenceOptions& options);
  // Appends M_ab to a row, if it is positive.
  void add(Row a, Row b, float count, std::vector<std::uint32_t>& columns,
           std::vector<float>& values) const {
    // Neither direction is above chance: no need for logarithms.
    if (count <= std::min(least_forward_[a] * smoothed_[b], least_forward_[b] * smoothed_[a]))
      return;
    const float value = ppmi(a, b, static_cast<double>(count));
    if (value <= 0) return;
    columns.push_back(b);
    values.push_back(value);
  }

 private:
  float ppmi(Row a, Row b, double count) const {
    const double log_count = static_cast<double>(std::log(static_cast<float>(count)));
    const double forward = log_count + log_sum_ - log_totals_[a] - log_smoothed_[b];
    const double backward = log_count + log_sum_ - log_totals_[b] - log_smoothed_[a];
    double value = 0.5 * (std::max(0.0, forward) + std::max(0.0, backward));
    if (options_.discount) {
      const double m = std::min(totals_[a], totals_[b]);
      value *= count / (count + 1) * m / (m + 1);
    }
    return static_cast<float>(value);
  }

  const CooccurrenceOptions& options_;
  std::vector<double> totals_;  // C_a.
  std::vector<double> log_totals_;
  std::vector<double> log_smoothed_;  // q_a
  std::vector<float>
      least_forward_;            // a: C_ab / q_b at which the forward PMI passes 0, less a hair
  std::vector<float> smoothed_;  // q_a
  double log_sum_ = 0;
};

PpmiFormula::PpmiFormula(std::vector<double> totals, const CooccurrenceOptions& options)
    : options_(options), totals_(std::move(totals)) {
  const std::size_t n = totals_.size();
  double sum = 0;
  for (const double t : totals_) sum += t;
  std::vector<double> smoothed(n);
  double smoothed_sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    smoothed[i] = std::pow(totals_[i], static_cast<double>(options_.context_exponent));
    smoothed_sum += smoothed[i];
  }
  log_sum_ = std::log(std::max(1e-300, sum));
  log_totals_.resize(n);
  log_smoothed_.resize(n);
  smoothed_.resize(n);
  least_forward_.resize(n);
  constexpr double kHair = 1e-4;  // a pair that lies this close is left to the logarithms
  for (std::size_t i = 0; i < n; ++i) {
    const double q = smoothed_sum > 0 ? smoothed[i] * sum / smoothed_sum : 0;
    log_totals_[i] = std::log(std::max(1e-300, totals_[i]));
    log_smoothed_[i] = std::log(std::max(1e-300, q));
    smoothed_[i] = static_cast<float>(q);
    least_forward_[i] = static_cast<float>((1 - kHair) * totals_[i] / std::max(1e-300, sum));
  }
}

// C of the histories, by rows.
template <class Id>
class PairCounter {
 public:
  PairCounter(const WeightedHistories& histories, const CooccurrenceOptions& options,
              Counting counting)
      : histories_(histories),
        options_(options),
        occurrences_(occurrences_of(histories)),
        grouped_(histories, occurrences_, counting) {
    scale_.resize(histories.offsets.size() - 1);
    for (std::size_t u = 0; u < scale_.size(); ++u)
      scale_[u] = options.history_weight / static_cast<float>(std::max(1.0, sum_of(u) - 1));
  }

  std::vector<double> totals() const;  // row sums of C
  // Row a of C: add(rank, value) for each of its terms, in a fixed order; rank(a) among them.
  template <class Add>
  void count_row(Row a, const Add& add) const;
  Id rank(Row a) const { return grouped_.rank[a]; }

 private:
  double sum_of(std::size_t u) const {
    double sum = 0;
    for (std::uint64_t p = histories_.offsets[u]; p < histories_.offsets[u + 1]; ++p)
      sum += static_cast<double>(histories_.weights[p]);
    return sum;
  }

  template <typename Visit>
  void for_window(std::uint64_t p, std::uint64_t begin, std::uint64_t end,
                  const Visit& visit) const {
    const std::uint64_t window = options_.window;
    const std::uint64_t from = p - std::min(p - begin, window);
    const std::uint64_t to = std::min(end, p + window + 1);
    for (std::uint64_t q = from; q < to; ++q) {
      if (q == p) continue;
      const std::uint64_t distance = q > p ? q - p : p - q;
      visit(q, 0.5F * static_cast<float>(window + 1 - distance) / static_cast<float>(window));
    }
  }

  const WeightedHistories& histories_;
  const CooccurrenceOptions& options_;
  Occurrences occurrences_;
  GroupedHistories<Id> grouped_;
  std::vector<float> scale_;  // per user
};

template <class Id>
std::vector<double> PairCounter<Id>::totals() const {
  const std::size_t n = histories_.items;
  std::vector<double> sums(scale_.size());
  for (std::size_t u = 0; u < sums.size(); ++u) sums[u] = sum_of(u);
  std::vector<double> totals(n, 0);
  parallel_for(n, 64, options_.threads, [&](std::size_t first, std::size_t last, std::size_t) {
    for (std::size_t a = first; a < last; ++a) {
      for (std::uint64_t o = occurrences_.offsets[a]; o < occurrences_.offsets[a + 1]; ++o) {
        const std::uint32_t u = occurrences_.user[o];
        const std::uint64_t p = histories_.offsets[u] + occurrences_.position[o];
        const double w = static_cast<double>(histories_.weights[p]);
        double near = 0;
        for_window(p, histories_.offsets[u], histories_.offsets[u + 1],
                   [&](std::uint64_t q, float factor) {
                     near += static_cast<double>(histories_.weights[q] * factor);
                   });
        totals[a] += w * (near + (sums[u] - w) * static_cast<double>(scale_[u]));
      }
    }
  });
  return totals;
}

template <class Id>
template <class Add>
void PairCounter<Id>::count_row(Row a, const Add& add) const {
  for (std::uint64_t o = occurrences_.offsets[a]; o < occurrences_.offsets[a + 1]; ++o) {
    const std::uint32_t u = occurrences_.user[o];
    const std::uint64_t begin = histories_.offsets[u];
    if (o + 1 < occurrences_.offsets[a + 1]) {
      const auto next = histories_.offsets[occurrences_.user[o + 1]];
      __builtin_prefetch(grouped_.ranks.data() + next);
      __builtin_prefetch(grouped_.ranks.data() + next + 64 / sizeof(Id));
      __builtin_prefetch(histories_.rows.data() + next + occurrences_.position[o + 1]);
      __builtin_prefetch(histories_.weights.data() + next + occurrences_.position[o + 1]);
    }
    const std::uint64_t p = begin + occurrences_.position[o];
    const float w = histories_.weights[p];
    const float scaled = w * scale_[u];
    const Id* row = grouped_.ranks.data() + begin;
    for (std::uint64_t g = grouped_.first_group[u]; g < grouped_.first_group[u + 1]; ++g) {
      const float value = scaled * grouped_.groups[g].weight;
      const Id* const last = row + grouped_.groups[g].count;
      for (; row < last; ++row) add(*row, value);
    }
    for_window(p, begin, histories_.offsets[u + 1], [&](std::uint64_t q, float factor) {
      add(grouped_.rank[histories_.rows[q]], w * factor * histories_.weights[q]);
    });
  }
}

// Row after row of C, in memory that is used again: visit(column, count) for the counts above zero,
// columns ascending.
template <class Id>
class RowCounts {
 public:
  RowCounts(const PairCounter<Id>& counter, std::size_t items, Counting counting)
      : counter_(counter), counts_(items, 0.0F) {
    if (counting == Counting::kSparse) met_.assign(items / kWord + 1, 0);
  }

  template <class Visit>
  void visit(Row a, const Visit& visit) {
    met_.empty() ? visit_all(a, visit) : visit_met(a, visit);
  }

 private:
  static constexpr std::size_t kWord = 64;

  template <class Visit>
  void visit_all(Row a, const Visit& visit) {
    float* const to = counts_.data();
    counter_.count_row(a, [to](Id rank, float value) { to[rank] += value; });
    to[counter_.rank(a)] = 0;
    for (Row b = 0; b < counts_.size(); ++b) {
      const float count = to[counter_.rank(b)];
      if (count > 0) visit(b, count);
    }
    std::fill(counts_.begin(), counts_.end(), 0.0F);
  }

  template <class Visit>
  void visit_met(Row a, const Visit& visit) {
    float* const to = counts_.data();
    std::uint64_t* const met = met_.data();
    counter_.count_row(a, [to, met](Id column, float value) {
      to[column] += value;
      met[column / kWord] |= std::uint64_t{1} << (column % kWord);
    });
    to[a] = 0;
    for (std::size_t w = 0; w < met_.size(); ++w) {
      for (std::uint64_t bits = met[w]; bits != 0; bits &= bits - 1) {
        const auto b =
            static_cast<Row>(w * kWord + static_cast<std::size_t>(std::countr_zero(bits)));
        if (to[b] > 0) visit(b, to[b]);
        to[b] = 0;
      }
      met[w] = 0;
    }
  }

  const PairCounter<Id>& counter_;
  std::vector<float> counts_;
  std::vector<std::uint64_t> met_;  // a bit a column
};

// The `most` largest values of a row, equal ones by column; in the order of columns as before.
void keep_largest(std::vector<std::uint32_t>& columns, std::vector<float>& values, std::size_t most,
                  std::vector<float>& scratch) {
  if (values.size() <= most) return;
  scratch = values;
  const auto cut = scratch.begin() + static_cast<std::ptrdiff_t>(most) - 1;
  std::nth_element(scratch.begin(), cut, scratch.end(), std::greater<>());
  const float least = *cut;
  const auto above = static_cast<std::size_t>(
      std::count_if(scratch.begin(), cut, [&](float v) { return v > least; }));
  std::size_t equal = most - above;
  std::size_t kept = 0;
  for (std::size_t e = 0; e < values.size(); ++e) {
    if (values[e] < least || (values[e] == least && equal == 0)) continue;
    if (values[e] == least) --equal;
    columns[kept] = columns[e];
    values[kept++] = values[e];
  }
  columns.resize(kept);
  values.resize(kept);
}

template <class Id>
Result<SparseMatrix> build_ppmi(const WeightedHistories& histories,
                                const CooccurrenceOptions& options, const RunControl& control) {
  const Counting counting = best_counting(histories);
  const PairCounter<Id> counter(histories, options, counting);
  const PpmiFormula formula(counter.totals(), options);
  const std::size_t n = histories.items;
  const std::size_t most = row_entries(n, options);
  SparseMatrix matrix(n);
  std::vector<std::unique_ptr<RowCounts<Id>>> counts(thread_count(options.threads));
  std::atomic<std::uint64_t> done{0};
  parallel_for(n, SparseMatrix::kBlockRows, options.threads,
               [&](std::size_t begin, std::size_t end, std::size_t thread) {
                 if (control.is_cancelled()) return;
                 thread_local std::vector<float> values;
                 thread_local std::vector<float> scratch;
                 thread_local std::vector<std::uint32_t> columns;
                 if (counts[thread] == nullptr)
                   counts[thread] = std::make_unique<RowCounts<Id>>(counter, n, counting);
                 for (std::size_t a = begin; a < end; ++a) {
                   columns.clear();
                   values.clear();
                   counts[thread]->visit(static_cast<Row>(a), [&](Row b, float count) {
                     formula.add(static_cast<Row>(a), b, count, columns, values);
                   });
                   keep_largest(columns, values, most, scratch);
                   matrix.append_row(a, columns, values);
                 }
                 matrix.close_block(begin);
                 const std::uint64_t so_far = done.fetch_add(end - begin) + (end - begin);
                 if (thread == 0) control.report({"co-occurrence", so_far, n, "items", 0});
               });
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  return matrix;
}

}  // namespace

std::size_t row_entries(std::size_t items, const CooccurrenceOptions& options) {
  const std::size_t share = options.max_entries / std::max<std::size_t>(1, items);
  return std::min(options.max_row_entries, std::max(options.least_row_entries, share));
}

std::vector<Row> choose_items(std::span<const std::uint32_t> positives,
                              const HistoryOptions& options) {
  std::vector<Row> chosen;
  for (Row row = 0; row < positives.size(); ++row) {
    if (positives[row] >= options.min_positives) chosen.push_back(row);
  }
  return chosen;
}

WeightedHistories weighted_histories(const data::Interactions& interactions,
                                     std::size_t catalog_items, const std::vector<Row>& chosen,
                                     const HistoryOptions& options) {
  std::vector<Row> renumbered(catalog_items, kNoRow);
  for (Row r = 0; r < chosen.size(); ++r) renumbered[chosen[r]] = r;
  WeightedHistories histories;
  histories.items = chosen.size();
  const auto kept =
      static_cast<std::size_t>(std::count_if(interactions.items.begin(), interactions.items.end(),
                                             [&](Row row) { return renumbered[row] != kNoRow; }));
  histories.rows.reserve(kept);
  histories.weights.reserve(kept);
  std::vector<std::uint64_t> last_seen(chosen.size(),
                                       0);  // 1 + position of the item's last rating by this user
  for (std::size_t u = 0; u < interactions.users(); ++u) {
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      const Row row = renumbered[interactions.items[e]];
      if (row != kNoRow) last_seen[row] = e + 1;
    }
    for (std::uint64_t e = interactions.offsets[u]; e < interactions.offsets[u + 1]; ++e) {
      const Row row = renumbered[interactions.items[e]];
      if (row == kNoRow || last_seen[row] != e + 1) continue;
      histories.rows.push_back(row);
      histories.weights.push_back(
          interactions.values[e] >= options.min_value ? 1.0F : options.other_weight);
    }
    histories.offsets.push_back(histories.rows.size());
  }
  return histories;
}

Result<SparseMatrix> ppmi_matrix(const WeightedHistories& histories,
                                 const CooccurrenceOptions& options, const RunControl& control) {
  return histories.items <= 65'536 ? build_ppmi<std::uint16_t>(histories, options, control)
                                   : build_ppmi<std::uint32_t>(histories, options, control);
}

struct CooccurrenceCounts::State {
  State(const WeightedHistories& histories, const CooccurrenceOptions& options)
      : items(histories.items),
        counting(best_counting(histories)),
        counter(histories, options, counting) {}
  std::size_t items;
  Counting counting;
  PairCounter<std::uint32_t> counter;
};

CooccurrenceCounts::CooccurrenceCounts(const WeightedHistories& histories,
                                       const CooccurrenceOptions& options)
    : state_(std::make_unique<State>(histories, options)) {}
CooccurrenceCounts::~CooccurrenceCounts() = default;

std::vector<double> CooccurrenceCounts::totals() const { return state_->counter.totals(); }

SparseRows CooccurrenceCounts::rows(std::size_t first, std::size_t last) const {
  SparseRows rows;
  RowCounts<std::uint32_t> counts(state_->counter, state_->items, state_->counting);
  for (std::size_t a = first; a < last; ++a) {
    counts.visit(static_cast<Row>(a), [&](Row b, float count) {
      rows.columns.push_back(b);
      rows.values.push_back(count);
    });
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

SparseRows ppmi_rows(std::size_t first, const SparseRows& counts, std::vector<double> totals,
                     const CooccurrenceOptions& options) {
  const std::size_t most = row_entries(totals.size(), options);
  const PpmiFormula formula(std::move(totals), options);
  SparseRows rows;
  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  std::vector<float> scratch;
  for (std::size_t r = 0; r < counts.rows(); ++r) {
    columns.clear();
    values.clear();
    for (std::uint64_t e = counts.offsets[r]; e < counts.offsets[r + 1]; ++e)
      formula.add(static_cast<Row>(first + r), counts.columns[e], counts.values[e], columns,
                  values);
    keep_largest(columns, values, most, scratch);
    rows.columns.insert(rows.columns.end(), columns.begin(), columns.end());
    rows.values.insert(rows.values.end(), values.begin(), values.end());
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

}  // namespace sparrow::embed
