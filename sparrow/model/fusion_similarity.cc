#include "sparrow/model/fusion_similarity.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/simd/kernels.h"

namespace sparrow::model {
namespace {

constexpr float kSelf = 400;  // above every -log10 of a float64 tail

}  // namespace

simd::FusionColumns FusionSimilarity::columns_at(const Embeddings& columns) {
  const auto column = [&](Column c) { return columns.row(c).data(); };
  return {column(kKnownColumn), column(kRichnessColumn), column(kPopularityColumn),
          column(kMeanSColumn), column(kScaleSColumn),   column(kMeanLColumn),
          column(kScaleLColumn)};
}

FusionSimilarity::FusionSimilarity(const Model& model) : content_(model) {
  const auto fusion = FusionView::of(model);
  formula_.q = fusion->parameters;
  std::vector<FusionItem> scalars(fusion->items.begin(), fusion->items.end());
  vectors_ = *VectorsView::of(model);
  dim_ = vectors_.dim();
  none_.resize(scalars.size());
  behavior_.resize(scalars.size());
  for (Row r = 0; r < scalars.size(); ++r) {
    behavior_[r] = vectors_.has(r) ? 1 : 0;
    if (behavior_[r] != 0) known_.push_back(r);
    none_[r] = behavior_[r] == 0 && content_.alone(r) ? 1 : 0;
    if (none_[r] != 0) like_nothing_.push_back(r);
  }
  set_items(std::move(scalars));
}

void FusionSimilarity::set_items(std::vector<FusionItem> items) {
  items_ = std::move(items);
  if (columns_.rows() == 0) columns_ = Embeddings(kColumns, items_.size());
  for (std::size_t r = 0; r < items_.size(); ++r) {
    const FusionItem& item = items_[r];
    columns_.row(kKnownColumn)[r] = behavior_[r] != 0 ? 1 : 0;
    columns_.row(kRichnessColumn)[r] = item.richness;
    columns_.row(kPopularityColumn)[r] = item.popularity;
    columns_.row(kMeanSColumn)[r] = item.mean_s;
    columns_.row(kScaleSColumn)[r] = 1 / item.deviation_s;
    columns_.row(kMeanLColumn)[r] = item.mean_l;
    columns_.row(kScaleLColumn)[r] = 1 / item.deviation_l;
  }
}

simd::FusionConstants FusionSimilarity::constants() const {
  const FusionParameters& p = formula_.q;
  return {.content_weight = p.content_weight,
          .closeness_bonus = p.closeness_bonus,
          .closeness_threshold = p.closeness_threshold,
          .closeness_base = p.closeness_base,
          .closeness_agreement = p.closeness_agreement,
          .popularity_penalty = p.popularity_penalty,
          .behavior_mean = p.behavior_mean,
          .behavior_scale = 1 / p.behavior_deviation,
          .behavior_slope = p.behavior_slope,
          .content_mean = p.content_mean,
          .content_scale = 1 / p.content_deviation};
}

simd::FusionSeed FusionSimilarity::seed(Row row) const {
  const FusionItem& x = items_[row];
  return {behavior_[row] != 0, x.richness, x.popularity,     x.mean_s,
          1 / x.deviation_s,   x.mean_l,   1 / x.deviation_l};
}

float FusionSimilarity::fuse(Row a, Row b, float inner, float cosine) const {
  const bool both = known(a, b);
  const float c = formula_.C(both, items_[a], items_[b], cosine);
  return formula_.S(both, items_[a], items_[b], formula_.B(both, inner, c), c);
}

float FusionSimilarity::similarity(Row a, Row b, float inner, float cosine) const {
  if (!comparable(a, b)) return 0;
  const float l = FusionFormula::L(items_[a], items_[b], fuse(a, b, inner, cosine));
  return FusionFormula::P(FusionFormula::z(items_[a], l), FusionFormula::z(items_[b], l));
}

float FusionSimilarity::smaller_z(Row a, Row b, float inner, float cosine) const {
  const float l = FusionFormula::L(items_[a], items_[b], fuse(a, b, inner, cosine));
  return std::min(FusionFormula::z(items_[a], l), FusionFormula::z(items_[b], l));
}

void FusionSimilarity::raw_row(Row row, std::span<float> inner, std::span<float> cosine) const {
  if (behavior_[row] != 0) vectors_.products(vectors_.row(row), inner);
  std::fill(cosine.begin(), cosine.end(), 0.0F);
  content_.add_cosines(row, cosine);
}

void FusionSimilarity::raw_rows(std::span<const Row> rows, std::span<float> inner,
                                std::span<float> cosine) const {
  const std::size_t n = items_.size();
  std::vector<std::size_t> places;  // in `rows`, of those with a vector
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (behavior_[rows[i]] != 0) places.push_back(i);
  }
  Embeddings seeds(places.size(), dim_);
  for (std::size_t i = 0; i < places.size(); ++i) vectors_.copy(rows[places[i]], seeds.row(i));
  constexpr std::size_t kOthers = 192;  // stay in the cache while all seeds meet them
  Embeddings others(kOthers, dim_);
  std::vector<float> tile(places.size() * kOthers);
  for (std::size_t first = 0; !places.empty() && first < known_.size(); first += kOthers) {
    const std::size_t count = std::min(kOthers, known_.size() - first);
    for (std::size_t j = 0; j < count; ++j) vectors_.copy(known_[first + j], others.row(j));
    simd::dot_block(seeds.data(), places.size(), others.data(), count, dim_, tile.data(), kOthers);
    for (std::size_t i = 0; i < places.size(); ++i) {
      float* to = inner.data() + places[i] * n;
      for (std::size_t j = 0; j < count; ++j) to[known_[first + j]] = tile[i * kOthers + j];
    }
  }
  std::fill(cosine.begin(), cosine.end(), 0.0F);
  content_.add_cosines(rows, cosine);
}

void FusionSimilarity::scores(Row row, std::span<float> out) const {
  std::vector<float> cosine(items_.size());
  raw_row(row, out, cosine);
  for (Row j = 0; j < items_.size(); ++j)
    out[j] = similarity(row, j, behavior_[row] != 0 ? out[j] : 0.0F, cosine[j]);
  out[row] = kSelf;
}

float FusionSimilarity::score(Row a, Row b) const {
  if (a == b) return kSelf;
  return similarity(a, b, inner_product(a, b), content_.cosine(a, b));
}

std::vector<Part> FusionSimilarity::parts(Row a, Row b) const {
  const FusionParameters& q = formula_.q;
  const bool both = known(a, b);
  const float c = formula_.C(both, items_[a], items_[b], content_.cosine(a, b));
  const float behavior = formula_.B(both, inner_product(a, b), c);
  return {
      {both ? "behavior" : "behavior (expected from content)", (1 - q.content_weight) * behavior},
      {"content", formula_.content(both, items_[a], items_[b], c)},
      {"closeness", formula_.closeness(behavior, c)},
      {"popularity", -q.popularity_penalty * (items_[a].popularity + items_[b].popularity)},
      {"mutual proximity", score(a, b)},
  };
}

// 1 - P = .1, .01, .001, 1e-6 read as 28, 49, 63, 86.
float FusionSimilarity::to_match(float similarity) const {
  return 100 * (1 - std::exp(-similarity / 3));
}

}  // namespace sparrow::model
