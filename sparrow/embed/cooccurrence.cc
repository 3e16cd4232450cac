#include "sparrow/embed/cooccurrence.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/sequences.h"

namespace sparrow::embed {
namespace {

// Where each item stands: (user, position) of every occurrence, by item.
struct Occurrences {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> user;
  std::vector<std::uint32_t> position;
};

Occurrences occurrences_of(const WeightedHistories& histories) {
  Occurrences o;
  o.offsets.assign(histories.items + 1, 0);
  for (const Row row : histories.rows) ++o.offsets[row + 1];
  for (std::size_t i = 0; i < histories.items; ++i) o.offsets[i + 1] += o.offsets[i];
  o.user.resize(histories.rows.size());
  o.position.resize(histories.rows.size());
  std::vector<std::uint64_t> next(o.offsets.begin(), o.offsets.end());
  for (std::size_t u = 0; u + 1 < histories.offsets.size(); ++u) {
    for (std::uint64_t p = histories.offsets[u]; p < histories.offsets[u + 1]; ++p) {
      const std::uint64_t slot = next[histories.rows[p]]++;
      o.user[slot] = static_cast<std::uint32_t>(u);
      o.position[slot] = static_cast<std::uint32_t>(p - histories.offsets[u]);
    }
  }
  return o;
}

class PpmiBuilder {
 public:
  PpmiBuilder(const WeightedHistories& histories, const CooccurrenceOptions& options)
      : histories_(histories), options_(options), occurrences_(occurrences_of(histories)) {
    scale_.resize(histories.offsets.size() - 1);
    for (std::size_t u = 0; u < scale_.size(); ++u) {
      double sum = 0;
      for (std::uint64_t p = histories.offsets[u]; p < histories.offsets[u + 1]; ++p) {
        sum += static_cast<double>(histories.weights[p]);
      }
      scale_[u] = options.history_weight / static_cast<float>(std::max(1.0, sum - 1));
    }
  }

  // Row sums of C, then what a row's PPMI needs of every other row.
  void compute_totals() {
    const std::size_t n = histories_.items;
    totals_.assign(n, 0);
    for (std::size_t u = 0; u < scale_.size(); ++u) {
      const std::uint64_t begin = histories_.offsets[u];
      const std::uint64_t end = histories_.offsets[u + 1];
      double sum = 0;
      for (std::uint64_t p = begin; p < end; ++p) sum += static_cast<double>(histories_.weights[p]);
      for (std::uint64_t p = begin; p < end; ++p) {
        const double w = static_cast<double>(histories_.weights[p]);
        double near = 0;
        for_window(p, begin, end, [&](std::uint64_t q, float factor) {
          near += static_cast<double>(histories_.weights[q] * factor);
        });
        totals_[histories_.rows[p]] += w * (near + (sum - w) * static_cast<double>(scale_[u]));
      }
    }
    sum_ = 0;
    for (const double t : totals_) sum_ += t;
    smoothed_.resize(n);
    double smoothed_sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      smoothed_[i] = std::pow(totals_[i], static_cast<double>(options_.context_exponent));
      smoothed_sum += smoothed_[i];
    }
    log_sum_ = std::log(std::max(1e-300, sum_));
    log_totals_.resize(n);
    log_smoothed_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double q = smoothed_sum > 0 ? smoothed_[i] * sum_ / smoothed_sum : 0;
      log_totals_[i] = std::log(std::max(1e-300, totals_[i]));
      log_smoothed_[i] = std::log(std::max(1e-300, q));
    }
  }

  // Fills counts (zero before, zero after) for one item, then the PPMI row.
  void build_row(Row a, std::vector<float>& counts, std::vector<std::pair<Row, float>>& out) const {
    for (std::uint64_t o = occurrences_.offsets[a]; o < occurrences_.offsets[a + 1]; ++o) {
      const std::uint64_t begin = histories_.offsets[occurrences_.user[o]];
      const std::uint64_t end = histories_.offsets[occurrences_.user[o] + 1];
      const std::uint64_t p = begin + occurrences_.position[o];
      const float w = histories_.weights[p];
      const float scaled = w * scale_[occurrences_.user[o]];
      for (std::uint64_t q = begin; q < end; ++q)
        counts[histories_.rows[q]] += scaled * histories_.weights[q];
      for_window(p, begin, end, [&](std::uint64_t q, float factor) {
        counts[histories_.rows[q]] += w * factor * histories_.weights[q];
      });
    }
    counts[a] = 0;
    out.clear();
    for (Row b = 0; b < counts.size(); ++b) {
      if (counts[b] <= 0) continue;
      const float value = ppmi(a, b, static_cast<double>(counts[b]));
      if (value > 0) out.emplace_back(b, value);
    }
    std::fill(counts.begin(), counts.end(), 0.0F);
  }

 private:
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

  const WeightedHistories& histories_;
  const CooccurrenceOptions& options_;
  Occurrences occurrences_;
  std::vector<float> scale_;      // per user
  std::vector<double> totals_;    // C_a.
  std::vector<double> smoothed_;  // q_a before it is rescaled to the sum
  std::vector<double> log_totals_;
  std::vector<double> log_smoothed_;
  double log_sum_ = 0;
  double sum_ = 0;
};

}  // namespace

WeightedHistories weighted_histories(const data::Interactions& interactions,
                                     std::size_t catalog_items, const HistoryOptions& options,
                                     std::vector<Row>& chosen) {
  const auto positives = data::count_positives(interactions, catalog_items, options.min_value);
  std::vector<Row> renumbered(catalog_items, kNoRow);
  chosen.clear();
  for (Row row = 0; row < catalog_items; ++row) {
    if (positives[row] < options.min_positives) continue;
    renumbered[row] = static_cast<Row>(chosen.size());
    chosen.push_back(row);
  }
  WeightedHistories histories;
  histories.items = chosen.size();
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
  PpmiBuilder builder(histories, options);
  builder.compute_totals();
  const std::size_t n = histories.items;
  constexpr std::size_t kBlock = 32;
  std::vector<std::vector<std::pair<Row, float>>> rows(n);
  std::atomic<std::uint64_t> done{0};
  parallel_for(
      n, kBlock, options.threads, [&](std::size_t begin, std::size_t end, std::size_t thread) {
        if (control.is_cancelled()) return;
        std::vector<float> counts(n, 0.0F);
        for (std::size_t a = begin; a < end; ++a) {
          auto& row = rows[a];
          builder.build_row(static_cast<Row>(a), counts, row);
          if (row.size() > options.max_row_entries) {
            const auto cut = row.begin() + static_cast<std::ptrdiff_t>(options.max_row_entries);
            std::nth_element(row.begin(), cut, row.end(), [](const auto& x, const auto& y) {
              return x.second != y.second ? x.second > y.second : x.first < y.first;
            });
            row.erase(cut, row.end());
            std::sort(row.begin(), row.end());
          }
          row.shrink_to_fit();
        }
        const std::uint64_t so_far = done.fetch_add(end - begin) + (end - begin);
        if (thread == 0) control.report({"co-occurrence", so_far, n, "items", 0});
      });
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  SparseMatrix matrix;
  std::uint64_t entries = 0;
  for (const auto& row : rows) entries += row.size();
  matrix.columns.reserve(entries);
  matrix.values.reserve(entries);
  for (auto& row : rows) {
    for (const auto& [column, value] : row) {
      matrix.columns.push_back(column);
      matrix.values.push_back(value);
    }
    matrix.offsets.push_back(matrix.columns.size());
    std::vector<std::pair<Row, float>>().swap(row);
  }
  return matrix;
}

Embeddings history_eigenvectors(const WeightedHistories& histories, const EigenOptions& options,
                                std::size_t threads) {
  const std::size_t users = histories.offsets.size() - 1;
  const Occurrences occurrences = occurrences_of(histories);
  // Weights in the order of occurrences, so that both products run over whole rows.
  std::vector<float> weights(histories.rows.size());
  for (std::size_t o = 0; o < weights.size(); ++o)
    weights[o] =
        histories.weights[histories.offsets[occurrences.user[o]] + occurrences.position[o]];
  AlignedFloats middle;
  const BlockProduct product = [&](const float* x, float* y, std::size_t width) {
    middle.resize(users * width);
    parallel_for(users, 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t u = begin; u < end; ++u) {
        const std::uint64_t first = histories.offsets[u];
        simd::weighted_sum(histories.weights.data() + first, histories.rows.data() + first,
                           histories.offsets[u + 1] - first, x, width, middle.data() + u * width);
      }
    });
    parallel_for(histories.items, 16, threads,
                 [&](std::size_t begin, std::size_t end, std::size_t) {
                   for (std::size_t i = begin; i < end; ++i) {
                     const std::uint64_t first = occurrences.offsets[i];
                     simd::weighted_sum(weights.data() + first, occurrences.user.data() + first,
                                        occurrences.offsets[i + 1] - first, middle.data(), width,
                                        y + i * width);
                   }
                 });
  };
  return eigen_embedding(histories.items, product, options);
}

}  // namespace sparrow::embed
