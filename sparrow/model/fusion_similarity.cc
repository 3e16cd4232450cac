#include "sparrow/model/fusion_similarity.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::model {
namespace {

constexpr float kSelf = 400;  // above every -log10 of a float64 tail
constexpr double kSmallestTail = 1e-300;
constexpr float kHalfSqrt2 = 0.70710678F;

// Upper tail of the standard normal.
double tail(float z) { return 0.5 * std::erfc(static_cast<double>(z * kHalfSqrt2)); }

struct Moments {
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
    ++count;
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
  items_.resize(model.items.size());
  std::memcpy(items_.data(), items->bytes.data(), items_.size() * sizeof(FusionItem));
  vectors_ = vectors->floats().data();
  dim_ = model.dim();
  behavior_.resize(items_.size());
  for (std::size_t r = 0; r < items_.size(); ++r) {
    behavior_[r] = simd::dot(vectors_ + r * dim_, vectors_ + r * dim_, dim_) > 0 ? 1 : 0;
  }
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
  const double u = tail(za);
  const double v = tail(zb);
  return static_cast<float>(-std::log10(std::max(kSmallestTail, u + v - u * v)));
}

float FusionSimilarity::similarity(Row a, Row b, float inner, float cosine) const {
  const float l = standardized(a, b, fuse(a, b, inner, cosine));
  return proximity((l - items_[a].mean_l) / items_[a].deviation_l,
                   (l - items_[b].mean_l) / items_[b].deviation_l);
}

void FusionSimilarity::raw_row(Row row, std::span<float> inner, std::span<float> cosine) const {
  simd::dot_rows(vectors_ + row * dim_, vectors_, items_.size(), dim_, inner.data());
  std::fill(cosine.begin(), cosine.end(), 0.0F);
  content_.add_cosines(row, cosine);
}

void FusionSimilarity::scores(Row row, std::span<float> out) const {
  std::vector<float> cosine(items_.size());
  raw_row(row, out, cosine);
  for (Row j = 0; j < items_.size(); ++j) out[j] = similarity(row, j, out[j], cosine[j]);
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
  thread_local std::vector<float> inner;
  thread_local std::vector<float> cosine;
  inner.resize(items_.size());
  cosine.resize(items_.size());
  raw_row(row, inner, cosine);
  return select(row, k, excluded, inner, cosine);
}

std::vector<std::vector<Neighbor>> FusionSimilarity::nearest_block(Row first, std::size_t count,
                                                                   std::size_t k) const {
  const std::size_t n = items_.size();
  std::vector<float> inner(count * n);
  std::vector<float> cosine(n);
  constexpr std::size_t kRows = 256;  // stay in the cache while all of the block meets them
  for (std::size_t j = 0; j < n; j += kRows)
    simd::dot_block(vectors_ + first * dim_, count, vectors_ + j * dim_, std::min(kRows, n - j),
                    dim_, inner.data() + j, n);
  std::vector<std::vector<Neighbor>> lists;
  for (std::size_t i = 0; i < count; ++i) {
    std::fill(cosine.begin(), cosine.end(), 0.0F);
    const Row row = first + static_cast<Row>(i);
    content_.add_cosines(row, cosine);
    lists.push_back(select(row, k, {}, {inner.data() + i * n, n}, cosine));
  }
  return lists;
}

std::vector<Neighbor> FusionSimilarity::select(Row row, std::size_t k,
                                               std::span<const std::uint8_t> excluded,
                                               std::span<const float> inner,
                                               std::span<const float> cosine) const {
  const FusionItem& x = items_[row];
  TopK best(k);
  // -log10(u + v - uv) <= -log10(max(u, v)): a pair whose smaller z lies below `floor` cannot
  // enter, so the costly tails are computed for few pairs.
  float floor = -1e30F;
  float entry = best.threshold();
  for (Row j = 0; j < items_.size(); ++j) {
    if (j == row || (!excluded.empty() && excluded[j] != 0)) continue;
    const float l = standardized(row, j, fuse(row, j, inner[j], cosine[j]));
    const float za = (l - x.mean_l) / x.deviation_l;
    const float zb = (l - items_[j].mean_l) / items_[j].deviation_l;
    if (std::min(za, zb) < floor) continue;
    best.add(j, proximity(za, zb));
    if (best.threshold() != entry) {
      entry = best.threshold();
      float z = std::max(floor, -8.0F);
      while (-std::log10(tail(z + 0.05F)) < static_cast<double>(entry)) z += 0.05F;
      floor = z;
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

Tensor FusionSimilarity::estimate_statistics(std::span<const Row> reference, std::size_t threads) {
  Embeddings near(reference.size(), dim_);
  for (std::size_t r = 0; r < reference.size(); ++r) {
    std::copy_n(vectors_ + reference[r] * dim_, dim_, near.row(r).data());
  }
  const auto pass = [&](auto&& value, auto&& store) {
    parallel_for(items_.size(), 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      std::vector<float> block((end - begin) * reference.size());
      simd::dot_block(vectors_ + begin * dim_, end - begin, near.data(), reference.size(), dim_,
                      block.data(), reference.size());
      std::vector<float> dense(content_.features());
      for (Row i = static_cast<Row>(begin); i < end; ++i) {
        const float* inner = block.data() + (i - begin) * reference.size();
        content_.fill_dense(i, dense);
        Moments moments;
        for (std::size_t r = 0; r < reference.size(); ++r) {
          const Row j = reference[r];
          if (j != i)
            moments.add(static_cast<double>(
                value(i, j, fuse(i, j, inner[r], content_.cosine_with(dense, j)))));
        }
        content_.clear_dense(i, dense);
        store(i, moments);
      }
    });
  };
  std::vector<FusionItem> updated = items_;
  pass([](Row, Row, float s) { return s; },
       [&](Row i, const Moments& m) {
         updated[i].mean_s = m.mean();
         updated[i].deviation_s = m.deviation();
       });
  items_ = updated;
  pass([&](Row i, Row j, float s) { return standardized(i, j, s); },
       [&](Row i, const Moments& m) {
         updated[i].mean_l = m.mean();
         updated[i].deviation_l = m.deviation();
       });
  items_ = updated;
  return Tensor::of(std::span<const float>(reinterpret_cast<const float*>(items_.data()),
                                           items_.size() * FusionItem::kCount),
                    {items_.size(), FusionItem::kCount});
}

}  // namespace sparrow::model
