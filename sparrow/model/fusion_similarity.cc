#include "sparrow/model/fusion_similarity.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <numeric>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/fusion_bar.h"

namespace sparrow::model {
namespace {

constexpr float kSelf = 400;  // above every -log10 of a float64 tail
constexpr double kSmallestTail = 1e-300;

// Rows of FusionSimilarity::columns_.
enum Column : std::size_t {
  kKnownColumn,
  kRichnessColumn,
  kPopularityColumn,
  kMeanSColumn,
  kScaleSColumn,
  kMeanLColumn,
  kScaleLColumn,
  kColumns
};

simd::FusionColumns columns_at(const Embeddings& columns) {
  const auto column = [&](Column c) { return columns.row(c).data(); };
  return {column(kKnownColumn), column(kRichnessColumn), column(kPopularityColumn),
          column(kMeanSColumn), column(kScaleSColumn),   column(kMeanLColumn),
          column(kScaleLColumn)};
}

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

FusionSimilarity::FusionSimilarity(const Model& model) : content_(model) {
  const Tensor* vectors = model.find("vectors");
  const Tensor* items = model.find("fusion.items");
  static_assert(sizeof(FusionItem) == FusionItem::kCount * sizeof(float));
  static_assert(sizeof(FusionParameters) == FusionParameters::kCount * sizeof(float));
  std::memcpy(&parameters_, model.find("fusion.parameters")->bytes.data(), sizeof(parameters_));
  std::vector<FusionItem> scalars(model.items.size());
  std::memcpy(scalars.data(), items->bytes.data(), scalars.size() * sizeof(FusionItem));
  vectors_ = vectors->floats().data();
  dim_ = model.dim();
  behavior_.resize(scalars.size());
  for (Row r = 0; r < scalars.size(); ++r) {
    behavior_[r] = simd::dot(vectors_ + r * dim_, vectors_ + r * dim_, dim_) > 0 ? 1 : 0;
    if (behavior_[r] != 0) known_.push_back(r);
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
  const FusionParameters& p = parameters_;
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
  const FusionParameters& p = parameters_;
  const float c = (cosine - p.content_mean) / p.content_deviation;
  const bool known = behavior_[a] != 0 && behavior_[b] != 0;
  const float behavior =
      known ? (inner - p.behavior_mean) / p.behavior_deviation : p.behavior_slope * c;
  return (1 - p.content_weight) * behavior +
         p.content_weight * items_[a].richness * items_[b].richness * c + closeness(behavior, c) -
         p.popularity_penalty * (items_[a].popularity + items_[b].popularity);
}

float FusionSimilarity::closeness(float behavior, float content) const {
  const FusionParameters& p = parameters_;
  return p.closeness_bonus * std::max(behavior - p.closeness_threshold, 0.0F) *
         std::clamp(p.closeness_base + p.closeness_agreement * content, 0.0F, 1.0F);
}

float FusionSimilarity::standardized(Row a, Row b, float s) const {
  const FusionItem& x = items_[a];
  const FusionItem& y = items_[b];
  return 0.5F * ((s - x.mean_s) / x.deviation_s + (s - y.mean_s) / y.deviation_s);
}

float FusionSimilarity::proximity(float za, float zb) const {
  const double u = upper_tail(za);
  const double v = upper_tail(zb);
  return static_cast<float>(-std::log10(std::max(kSmallestTail, u + v - u * v)));
}

float FusionSimilarity::similarity(Row a, Row b, float inner, float cosine) const {
  const float l = standardized(a, b, fuse(a, b, inner, cosine));
  return proximity((l - items_[a].mean_l) / items_[a].deviation_l,
                   (l - items_[b].mean_l) / items_[b].deviation_l);
}

void FusionSimilarity::raw_row(Row row, std::span<float> inner, std::span<float> cosine) const {
  if (behavior_[row] != 0)
    simd::dot_rows(vectors_ + row * dim_, vectors_, items_.size(), dim_, inner.data());
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
  for (std::size_t i = 0; i < places.size(); ++i)
    std::copy_n(vectors_ + rows[places[i]] * dim_, dim_, seeds.row(i).data());
  constexpr std::size_t kOthers = 192;  // stay in the cache while all seeds meet them
  Embeddings others(kOthers, dim_);
  std::vector<float> tile(places.size() * kOthers);
  for (std::size_t first = 0; !places.empty() && first < known_.size(); first += kOthers) {
    const std::size_t count = std::min(kOthers, known_.size() - first);
    for (std::size_t j = 0; j < count; ++j)
      std::copy_n(vectors_ + known_[first + j] * dim_, dim_, others.row(j).data());
    simd::dot_block(seeds.data(), places.size(), others.data(), count, dim_, tile.data(), kOthers);
    for (std::size_t i = 0; i < places.size(); ++i) {
      float* to = inner.data() + places[i] * n;
      for (std::size_t j = 0; j < count; ++j) to[known_[first + j]] = tile[i * kOthers + j];
    }
  }
  std::fill(cosine.begin(), cosine.end(), 0.0F);
  for (std::size_t i = 0; i < rows.size(); ++i)
    content_.add_cosines(rows[i], cosine.subspan(i * n, n));
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
  return similarity(a, b, simd::dot(vectors_ + a * dim_, vectors_ + b * dim_, dim_),
                    content_.cosine(a, b));
}

std::vector<Part> FusionSimilarity::parts(Row a, Row b) const {
  const FusionParameters& p = parameters_;
  const float c = (content_.cosine(a, b) - p.content_mean) / p.content_deviation;
  const bool known = behavior_[a] != 0 && behavior_[b] != 0;
  const float inner = simd::dot(vectors_ + a * dim_, vectors_ + b * dim_, dim_);
  const float behavior =
      known ? (inner - p.behavior_mean) / p.behavior_deviation : p.behavior_slope * c;
  return {
      {known ? "behavior" : "behavior (expected from content)", (1 - p.content_weight) * behavior},
      {"content", p.content_weight * items_[a].richness * items_[b].richness * c},
      {"closeness", closeness(behavior, c)},
      {"popularity", -p.popularity_penalty * (items_[a].popularity + items_[b].popularity)},
      {"mutual proximity", score(a, b)},
  };
}

// 1 - P = .1, .01, .001, 1e-6 read as 28, 49, 63, 86.
float FusionSimilarity::to_match(float similarity) const {
  return 100 * (1 - std::exp(-similarity / 3));
}

std::vector<Neighbor> FusionSimilarity::nearest(Row row, std::size_t k,
                                                std::span<const std::uint8_t> excluded) const {
  if (coarse_.width > 0 && behavior_[row] != 0) return nearest_by_bound(row, k, excluded);
  thread_local std::vector<float> inner;
  thread_local std::vector<float> cosine;
  inner.resize(items_.size());
  cosine.resize(items_.size());
  raw_row(row, inner, cosine);
  return nearest_of(row, k, excluded, inner, cosine);
}

std::vector<std::vector<Neighbor>> FusionSimilarity::nearest_block(Row first, std::size_t count,
                                                                   std::size_t k) const {
  const std::size_t n = items_.size();
  std::vector<Row> rows(count);
  std::iota(rows.begin(), rows.end(), first);
  std::vector<float> inner(count * n);
  std::vector<float> cosine(count * n);
  raw_rows(rows, inner, cosine);
  std::vector<std::vector<Neighbor>> lists;
  for (std::size_t i = 0; i < count; ++i)
    lists.push_back(nearest_of(rows[i], k, {}, std::span(inner).subspan(i * n, n),
                               std::span(cosine).subspan(i * n, n)));
  return lists;
}

// For all items; minus infinity for `row` itself and what is excluded.
void FusionSimilarity::smaller_z_of(Row row, std::span<const float> inner,
                                    std::span<const float> cosine,
                                    std::span<const std::uint8_t> excluded,
                                    std::span<float> out) const {
  simd::fused_smaller_z(
      {constants(), seed(row), columns_at(columns_), inner.data(), cosine.data(), out.size()},
      out.data());
  out[row] = -__builtin_inff();
  for (std::size_t j = 0; j < excluded.size(); ++j) {
    if (excluded[j] != 0) out[j] = -__builtin_inff();
  }
}

// The scalar formula has the last word, but few pairs are worth it.
std::vector<Neighbor> FusionSimilarity::nearest_of(Row row, std::size_t k,
                                                   std::span<const std::uint8_t> excluded,
                                                   std::span<const float> inner,
                                                   std::span<const float> cosine) const {
  constexpr std::size_t kBlock = 1024;
  const std::size_t n = items_.size();
  thread_local std::vector<float> smaller_z;
  smaller_z.resize(n);
  smaller_z_of(row, inner, cosine, excluded, smaller_z);
  std::uint32_t above[kBlock];
  const float worth = lowest_worth(RisingBar::of(smaller_z, k));
  TopK best(k);
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t found =
        simd::select_above(smaller_z.data() + begin, std::min(kBlock, n - begin), worth, above);
    for (std::size_t i = 0; i < found; ++i) {
      const Row j = static_cast<Row>(begin + above[i]);
      best.add(j, similarity(row, j, behavior_[row] != 0 ? inner[j] : 0.0F, cosine[j]));
    }
  }
  return best.take();
}

FusionItem FusionSimilarity::estimate_item(Row row, std::span<const Row> reference) const {
  FusionItem item = items_[row];
  std::vector<float> fused;
  Moments of_s;
  for (const Row j : reference) {
    fused.push_back(j == row
                        ? 0.0F
                        : fuse(row, j, simd::dot(vectors_ + row * dim_, vectors_ + j * dim_, dim_),
                               content_.cosine(row, j)));
    if (j != row) of_s.add(static_cast<double>(fused.back()));
  }
  item.mean_s = of_s.mean();
  item.deviation_s = of_s.deviation();
  Moments of_l;
  for (std::size_t r = 0; r < reference.size(); ++r) {
    const FusionItem& y = items_[reference[r]];
    if (reference[r] != row)
      of_l.add(static_cast<double>(0.5F * ((fused[r] - item.mean_s) / item.deviation_s +
                                           (fused[r] - y.mean_s) / y.deviation_s)));
  }
  item.mean_l = of_l.mean();
  item.deviation_l = of_l.deviation();
  return item;
}

// Inner products and cosines of items with the reference rows, which are asked for in blocks.
struct FusionSimilarity::Reference {
  const FusionSimilarity& of;
  std::span<const Row> rows;
  Embeddings near;  // their vectors
  ContentPostings postings;

  Reference(const FusionSimilarity& similarity, std::span<const Row> reference)
      : of(similarity),
        rows(reference),
        near(reference.size(), similarity.dim_),
        postings(similarity.content_.postings_of(reference)) {
    for (std::size_t r = 0; r < rows.size(); ++r)
      std::copy_n(of.vectors_ + rows[r] * of.dim_, of.dim_, near.row(r).data());
  }

  // The columns of a similarity at the reference rows.
  Embeddings columns(const FusionSimilarity& similarity) const {
    Embeddings part(kColumns, rows.size());
    for (std::size_t c = 0; c < kColumns; ++c) {
      for (std::size_t r = 0; r < rows.size(); ++r)
        part.row(c)[r] = similarity.columns_.row(c)[rows[r]];
    }
    return part;
  }

  // visit(row, its place in the reference or rows.size(), inner products, cosines) for each item.
  template <typename Visit>
  void for_each(std::span<const Row> items, std::size_t threads, const Visit& visit) const {
    parallel_for(items.size(), 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      std::vector<Row> known;
      std::copy_if(items.begin() + static_cast<std::ptrdiff_t>(begin),
                   items.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(known),
                   [&](Row row) { return of.behavior_[row] != 0; });
      Embeddings seeds(known.size(), of.dim_);
      for (std::size_t i = 0; i < known.size(); ++i)
        std::copy_n(of.vectors_ + known[i] * of.dim_, of.dim_, seeds.row(i).data());
      std::vector<float> inner((known.size() + 1) * rows.size());
      simd::dot_block(seeds.data(), known.size(), near.data(), rows.size(), of.dim_, inner.data(),
                      rows.size());
      std::vector<float> cosine(rows.size());
      const float* next = inner.data();
      for (std::size_t i = begin; i < end; ++i) {
        std::fill(cosine.begin(), cosine.end(), 0.0F);
        of.content_.add_cosines(items[i], postings, cosine);
        const auto at = std::lower_bound(rows.begin(), rows.end(), items[i]);
        const bool there = at != rows.end() && *at == items[i];
        visit(items[i], there ? static_cast<std::size_t>(at - rows.begin()) : rows.size(), next,
              cosine.data());
        next += of.behavior_[items[i]] != 0 ? rows.size() : 0;
      }
    });
  }
};

// First the reference rows' mean and deviation of S, which L needs; then S and L of all.
void FusionSimilarity::estimate_statistics(std::span<FusionSimilarity> similarities,
                                           std::span<const Row> reference, std::size_t threads) {
  if (similarities.empty()) return;
  const Reference products(similarities[0], reference);
  const std::size_t n = reference.size();
  std::vector<std::vector<FusionItem>> updated;
  std::vector<Embeddings> columns;
  for (const auto& similarity : similarities) {
    updated.push_back(similarity.items_);
    columns.push_back(products.columns(similarity));
  }
  const auto fuse = [&](std::size_t w, Row row, const float* inner, const float* cosine,
                        std::span<float> out) {
    const FusionSimilarity& s = similarities[w];
    simd::fused_row({s.constants(), s.seed(row), columns_at(columns[w]), inner, cosine, out.size()},
                    out.data());
  };
  products.for_each(reference, threads,
                    [&](Row row, std::size_t place, const float* inner, const float* cosine) {
                      std::vector<float> fused(n);
                      for (std::size_t w = 0; w < similarities.size(); ++w) {
                        fuse(w, row, inner, cosine, fused);
                        const Moments of_s = Moments::of(fused, place);
                        updated[w][row].mean_s = of_s.mean();
                        updated[w][row].deviation_s = of_s.deviation();
                      }
                    });
  for (std::size_t w = 0; w < similarities.size(); ++w) {
    similarities[w].set_items(updated[w]);
    columns[w] = products.columns(similarities[w]);
  }
  std::vector<Row> all(similarities[0].items());
  std::iota(all.begin(), all.end(), Row{0});
  products.for_each(all, threads,
                    [&](Row row, std::size_t place, const float* inner, const float* cosine) {
                      std::vector<float> fused(n);
                      for (std::size_t w = 0; w < similarities.size(); ++w) {
                        fuse(w, row, inner, cosine, fused);
                        FusionItem& item = updated[w][row];
                        const Moments of_s = Moments::of(fused, place);
                        item.mean_s = of_s.mean();
                        item.deviation_s = of_s.deviation();
                        const float* means = columns[w].row(kMeanSColumn).data();
                        const float* scales = columns[w].row(kScaleSColumn).data();
                        for (std::size_t r = 0; r < n; ++r)
                          fused[r] = 0.5F * ((fused[r] - item.mean_s) / item.deviation_s +
                                             (fused[r] - means[r]) * scales[r]);
                        const Moments of_l = Moments::of(fused, place);
                        item.mean_l = of_l.mean();
                        item.deviation_l = of_l.deviation();
                      }
                    });
  for (std::size_t w = 0; w < similarities.size(); ++w)
    similarities[w].set_items(std::move(updated[w]));
}

Tensor FusionSimilarity::estimate_statistics(std::span<const Row> reference, std::size_t threads) {
  estimate_statistics({this, 1}, reference, threads);
  return Tensor::of(std::span<const float>(reinterpret_cast<const float*>(items_.data()),
                                           items_.size() * FusionItem::kCount),
                    {items_.size(), FusionItem::kCount});
}

}  // namespace sparrow::model
