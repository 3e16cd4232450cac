// The nearest items by a fused similarity. The kernels tell which pairs may be among the k best,
// the scalar formula has the last word. With few exact products: bytes in place of floats bound
// every inner product from above, that bounds every similarity, and only pairs whose bound reaches
// the k best are looked at.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/fusion_reference.h"

namespace sparrow::model {
namespace {

// Scores above which the k best of a row lie: the k-th largest of the values seen so far, which
// come in blocks.
class RisingBar {
 public:
  explicit RisingBar(std::size_t k) : k_(k) {}
  // The k-th largest of the values; minus infinity when there are fewer.
  static float of(std::span<const float> values, std::size_t k) {
    constexpr std::size_t kBlock = 1024;
    std::uint32_t above[kBlock + 1];
    RisingBar rising(k);
    for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
      const std::size_t found = simd::select_above(
          values.data() + begin, std::min(kBlock, values.size() - begin), rising.bar(), above);
      for (std::size_t i = 0; i < found; ++i) rising.add(values[begin + above[i]]);
    }
    rising.cut();
    return rising.bar();
  }
  float bar() const { return bar_; }
  void add(float value) {
    values_.push_back(value);
    if (values_.size() >= 4 * k_ + 64) cut();
  }
  void cut() {
    if (values_.size() < k_ || k_ == 0) return;
    const auto kth = values_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(values_.begin(), kth, values_.end(), std::greater<>());
    bar_ = *kth;
    values_.resize(k_);
  }

 private:
  std::size_t k_;
  float bar_ = -__builtin_inff();
  std::vector<float> values_;
};

// A z so low that no pair whose smaller z lies below it is among the k best, when k pairs have a
// smaller z of `bar` or more: for u, v the tails, max(u, v) <= u + v - uv <= 2 max(u, v).
float lowest_worth(float bar) {
  constexpr float kLowest = -8;
  constexpr float kStep = 0.01F;
  constexpr float kHair = 1e-3F;  // what the kernel may be off, and more
  if (bar < kLowest) return -__builtin_inff();
  const double twice = 2 * upper_tail(bar - kHair);
  // The tails fall: halve the range in which they pass `twice`.
  float low = kLowest;
  float high = bar - kHair;
  while (high - low > kStep) {
    const float middle = 0.5F * (low + high);
    (upper_tail(middle) >= twice ? low : high) = middle;
  }
  return low > kLowest ? low : -__builtin_inff();
}

}  // namespace

std::vector<Neighbor> FusionSimilarity::nearest(Row row, std::size_t k,
                                                std::span<const std::uint8_t> excluded) const {
  if (none_[row] != 0) return {};
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
  for (const Row j : like_nothing_) out[j] = -__builtin_inff();
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
  if (none_[row] != 0) return {};
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

std::vector<std::vector<Neighbor>> FusionSimilarity::nearest_among(std::span<const Row> rows,
                                                                   std::span<const Row> among,
                                                                   std::size_t k) const {
  const std::size_t n = among.size();
  const Reference products(*this, among);
  const Embeddings columns = products.columns(*this);
  std::vector<float> smaller_z(n);
  std::vector<std::uint32_t> above(n + 1);
  std::vector<std::vector<Neighbor>> lists;
  const auto visit = [&](Row row, std::size_t place, const float* inner, const float* cosine) {
    lists.emplace_back();
    if (none_[row] != 0) return;
    simd::fused_smaller_z({constants(), seed(row), columns_at(columns), inner, cosine, n},
                          smaller_z.data());
    if (place < n) smaller_z[place] = -__builtin_inff();
    const std::size_t found = simd::select_above(
        smaller_z.data(), n, lowest_worth(RisingBar::of(smaller_z, k)), above.data());
    TopK best(k);
    for (std::size_t i = 0; i < found; ++i) {
      const std::uint32_t j = above[i];
      if (none_[among[j]] == 0)
        best.add(among[j],
                 similarity(row, among[j], behavior_[row] != 0 ? inner[j] : 0.0F, cosine[j]));
    }
    lists.back() = best.take();
  };
  products.for_each(rows, 1, visit);
  return lists;
}

std::size_t FusionSimilarity::space_dim(Space space) const {
  if (space == Space::kBehavior) return dim_ == 0 ? 0 : dim_ + ContentMatrix::kSketch;
  return content_.empty() ? 0 : ContentMatrix::kSketch;
}

// Of two items with behavior the inner product is S, but for closeness, popularity and constants.
void FusionSimilarity::place(Row row, Space space, std::span<float> out) const {
  if (space == Space::kContent) return content_.sketch(row, out);
  const FusionParameters& q = formula_.q;
  vectors_.copy(row, out.first(dim_));
  content_.sketch(row, out.subspan(dim_));
  const float behavior =
      std::sqrt(std::max(0.0F, 1 - q.content_weight) / std::max(1e-6F, q.behavior_deviation));
  const float content = items_[row].richness * std::sqrt(std::max(0.0F, q.content_weight) /
                                                         std::max(1e-6F, q.content_deviation));
  for (std::size_t c = 0; c < dim_; ++c) out[c] *= behavior;
  for (std::size_t c = dim_; c < out.size(); ++c) out[c] *= content;
}

namespace {

struct Rounding {
  float scale = 0;
  float length = 0;  // of scale * bytes
  float error = 0;   // length of what is left
};

// Both have the same size, a multiple of kLanes; sums go by lanes, which the compiler works on side
// by side.
Rounding round_to_bytes(std::span<const float> v, std::span<std::int8_t> bytes) {
  constexpr std::size_t kLanes = 16;
  static_assert(simd::kByteRow % kLanes == 0);
  std::array<float, kLanes> largest{};
  for (std::size_t i = 0; i < v.size(); i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float size = std::abs(v[i + l]);
      largest[l] = largest[l] < size ? size : largest[l];
    }
  }
  Rounding r;
  r.scale = *std::max_element(largest.begin(), largest.end()) / 127;
  const float inverse = r.scale > 0 ? 1 / r.scale : 0;
  std::int32_t squares = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const float steps = v[i] * inverse;
    const auto whole = static_cast<std::int32_t>(steps + (steps < 0 ? -0.5F : 0.5F));
    bytes[i] = static_cast<std::int8_t>(whole);
    squares += whole * whole;
  }
  std::array<double, kLanes> errors{};
  for (std::size_t i = 0; i < v.size(); i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const double error =
          static_cast<double>(v[i + l]) - static_cast<double>(r.scale) * bytes[i + l];
      errors[l] += error * error;
    }
  }
  r.length = r.scale * static_cast<float>(std::sqrt(static_cast<double>(squares)));
  r.error = static_cast<float>(std::sqrt(std::accumulate(errors.begin(), errors.end(), 0.0)));
  return r;
}

}  // namespace

void FusionSimilarity::prepare_search() {
  // The bound needs a similarity that never falls as the inner product rises.
  if (formula_.q.content_weight > 1 || formula_.q.closeness_bonus < 0 || dim_ == 0) return;
  const std::size_t n = items_.size();
  ByteVectors c;
  c.width = (dim_ + simd::kByteRow - 1) / simd::kByteRow * simd::kByteRow;
  c.bytes = std::make_shared_for_overwrite<std::int8_t[]>(n * c.width);
  c.scale.resize(n);
  c.length.resize(n);
  c.error.resize(n);
  constexpr std::size_t kBlock = 1024;  // the threads touch the memory first as well
  parallel_for(n, kBlock, 0, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<float> v(c.width);  // zeros behind the dimensions
    for (std::size_t row = begin; row < end; ++row) {
      const std::span<std::int8_t> bytes(c.bytes.get() + row * c.width, c.width);
      if (behavior_[row] == 0) {
        std::fill(bytes.begin(), bytes.end(), std::int8_t{0});
        continue;
      }
      vectors_.copy(static_cast<Row>(row), std::span(v).first(dim_));
      const Rounding rounded = round_to_bytes(v, bytes);
      c.scale[row] = rounded.scale;
      c.length[row] = rounded.length;
      c.error[row] = rounded.error;
    }
  });
  coarse_ = std::move(c);
}

// With v = v' + e: <v, w> = <v', w'> + <e, w'> + <v, f> <= <v', w'> + |e| |w'| + |v| |f|.
void FusionSimilarity::bound_inner(Row row, std::span<float> inner) const {
  constexpr std::size_t kBlock = 1024;
  const ByteVectors& c = coarse_;
  std::vector<std::int16_t> query(c.width);
  std::copy_n(c.bytes.get() + row * c.width, c.width, query.data());
  const float scale = c.scale[row];
  const float error = c.error[row];
  const float length = c.length[row] + error;
  std::int32_t products[kBlock];
  for (std::size_t begin = 0; begin < inner.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, inner.size() - begin);
    simd::dot_byte_rows(query.data(), c.bytes.get() + begin * c.width, count, c.width, products);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = begin + i;
      inner[j] = scale * c.scale[j] * static_cast<float>(products[i]) + error * c.length[j] +
                 length * c.error[j];
    }
  }
}

std::vector<Neighbor> FusionSimilarity::nearest_by_bound(
    Row row, std::size_t k, std::span<const std::uint8_t> excluded) const {
  const std::size_t n = items_.size();
  thread_local std::vector<float> inner;
  thread_local std::vector<float> cosine;
  thread_local std::vector<float> highest_z;
  thread_local std::vector<std::uint32_t> above;
  for (auto* column : {&inner, &cosine, &highest_z}) column->resize(n);
  above.resize(n + 1);
  bound_inner(row, inner);
  std::fill(cosine.begin(), cosine.end(), 0.0F);
  content_.add_cosines(row, cosine);
  smaller_z_of(row, inner, cosine, excluded, highest_z);
  const auto exact_inner = [&](Row j) { return inner_product(row, j); };
  // Exact for those with the best bounds: the k-th of them is a bar that the k best all reach.
  RisingBar exact(k);
  std::size_t found =
      simd::select_above(highest_z.data(), n, RisingBar::of(highest_z, 2 * k), above.data());
  for (std::size_t i = 0; i < found; ++i)
    exact.add(smaller_z(row, above[i], exact_inner(above[i]), cosine[above[i]]));
  exact.cut();
  TopK best(k);
  found = simd::select_above(highest_z.data(), n, lowest_worth(exact.bar()), above.data());
  for (std::size_t i = 0; i < found; ++i)
    best.add(above[i], similarity(row, above[i], exact_inner(above[i]), cosine[above[i]]));
  return best.take();
}

}  // namespace sparrow::model
