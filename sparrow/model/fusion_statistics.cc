// What the fusion knows of each item: mean and deviation of S and of L over the reference items.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/fusion_reference.h"

namespace sparrow::model {
namespace {

struct Moments {
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
    ++count;
  }
  // Of all values but one.
  static Moments of(std::span<const float> values, std::size_t left_out) {
    constexpr std::size_t kLanes = 8;  // sums side by side
    double sums[kLanes] = {};
    double squares[kLanes] = {};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double x = i == left_out ? 0.0 : static_cast<double>(values[i]);
      sums[i % kLanes] += x;
      squares[i % kLanes] += x * x;
    }
    Moments m;
    for (std::size_t l = 0; l < kLanes; ++l) {
      m.sum += sums[l];
      m.squares += squares[l];
    }
    m.count = values.size() - (left_out < values.size() ? 1 : 0);
    return m;
  }
  float mean() const {
    return count == 0 ? 0 : static_cast<float>(sum / static_cast<double>(count));
  }
  float deviation() const {
    if (count < 2) return 1;
    const double m = sum / static_cast<double>(count);
    return static_cast<float>(
        std::sqrt(std::max(1e-8, squares / static_cast<double>(count) - m * m)));
  }
};

}  // namespace

// Very little content, as a word of a title and no more, is nothing to be sure of: the z of such an
// item without behavior shrinks towards chance.
void FusionSimilarity::shrink_by_evidence(FusionItem& item, Row row) const {
  constexpr float kEnough = 0.7F;  // of richness: a quarter of the block weights
  constexpr float kLeast = 0.1F;
  if (behavior_[row] != 0 || item.richness >= kEnough) return;
  const float evidence = std::max(kLeast, item.richness / kEnough);
  item.deviation_l /= evidence * evidence;
}

FusionItem FusionSimilarity::estimate_item(Row row, const FusionReference& rows) const {
  const auto& reference = behavior_[row] != 0 ? rows.behavior : rows.all;
  FusionItem item = items_[row];
  std::vector<float> fused;
  Moments of_s;
  for (const Row j : reference) {
    fused.push_back(j == row ? 0.0F : fuse(row, j, inner_product(row, j), content_.cosine(row, j)));
    if (j != row) of_s.add(static_cast<double>(fused.back()));
  }
  item.mean_s = of_s.mean();
  item.deviation_s = of_s.deviation();
  Moments of_l;
  for (std::size_t r = 0; r < reference.size(); ++r) {
    const FusionItem& y = items_[reference[r]];
    if (reference[r] != row) of_l.add(static_cast<double>(FusionFormula::L(item, y, fused[r])));
  }
  item.mean_l = of_l.mean();
  item.deviation_l = of_l.deviation();
  shrink_by_evidence(item, row);
  return item;
}

// First the mean and deviation of S that L needs: of those of `rows` that are
// in the reference, the others of it being known. Then S and L of all `rows`.
void FusionSimilarity::estimate_group(std::span<FusionSimilarity> similarities,
                                      std::span<const Row> rows, std::span<const Row> reference,
                                      std::size_t threads) {
  const Reference products(similarities[0], reference);
  const std::size_t n = reference.size();
  std::vector<std::vector<FusionItem>> updated;
  std::vector<Embeddings> columns;
  for (const auto& similarity : similarities) {
    updated.push_back(similarity.items_);
    columns.push_back(products.columns(similarity));
  }
  const auto estimate_s = [&](std::size_t w, Row row, std::size_t place, const float* inner,
                              const float* cosine, std::span<float> fused) {
    const FusionSimilarity& s = similarities[w];
    simd::fused_row(
        {s.constants(), s.seed(row), columns_at(columns[w]), inner, cosine, fused.size()},
        fused.data());
    const Moments of_s = Moments::of(fused, place);
    updated[w][row].mean_s = of_s.mean();
    updated[w][row].deviation_s = of_s.deviation();
  };
  std::vector<Row> both;
  std::set_intersection(rows.begin(), rows.end(), reference.begin(), reference.end(),
                        std::back_inserter(both));
  products.for_each(both, threads,
                    [&](Row row, std::size_t place, const float* inner, const float* cosine) {
                      std::vector<float> fused(n);
                      for (std::size_t w = 0; w < similarities.size(); ++w)
                        estimate_s(w, row, place, inner, cosine, fused);
                    });
  for (std::size_t w = 0; w < similarities.size(); ++w) {
    similarities[w].set_items(updated[w]);
    columns[w] = products.columns(similarities[w]);
  }
  products.for_each(rows, threads,
                    [&](Row row, std::size_t place, const float* inner, const float* cosine) {
                      std::vector<float> fused(n);
                      for (std::size_t w = 0; w < similarities.size(); ++w) {
                        estimate_s(w, row, place, inner, cosine, fused);
                        FusionItem& item = updated[w][row];
                        const float* means = columns[w].row(kMeanSColumn).data();
                        const float* scales = columns[w].row(kScaleSColumn).data();
                        for (std::size_t r = 0; r < n; ++r)
                          fused[r] = 0.5F * ((fused[r] - item.mean_s) / item.deviation_s +
                                             (fused[r] - means[r]) * scales[r]);
                        const Moments of_l = Moments::of(fused, place);
                        item.mean_l = of_l.mean();
                        item.deviation_l = of_l.deviation();
                        similarities[w].shrink_by_evidence(item, row);
                      }
                    });
  for (std::size_t w = 0; w < similarities.size(); ++w)
    similarities[w].set_items(std::move(updated[w]));
}

void FusionSimilarity::estimate_statistics(std::span<FusionSimilarity> similarities,
                                           const FusionReference& reference, std::size_t threads) {
  if (similarities.empty()) return;
  std::vector<Row> with;
  std::vector<Row> without;
  for (Row row = 0; row < similarities[0].items(); ++row)
    (similarities[0].behavior_[row] != 0 ? with : without).push_back(row);
  if (!with.empty()) estimate_group(similarities, with, reference.behavior, threads);
  if (!without.empty()) estimate_group(similarities, without, reference.all, threads);
}

std::span<const FusionItem> FusionSimilarity::estimate_statistics(const FusionReference& reference,
                                                                  std::size_t threads) {
  estimate_statistics({this, 1}, reference, threads);
  return items_;
}

}  // namespace sparrow::model
