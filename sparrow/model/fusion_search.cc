// FusionSimilarity::nearest() with few exact products: bytes in place of floats bound every inner
// product from above, that bounds every similarity, and only pairs whose bound reaches the k best
// are looked at.
#include <algorithm>
#include <cmath>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/fusion_bar.h"
#include "sparrow/model/fusion_similarity.h"

namespace sparrow::model {

void FusionSimilarity::prepare_search() {
  // The bound needs a similarity that never falls as the inner product rises.
  if (parameters_.content_weight > 1 || parameters_.closeness_bonus < 0 || dim_ == 0) return;
  const std::size_t n = items_.size();
  ByteVectors c;
  c.width = (dim_ + simd::kByteRow - 1) / simd::kByteRow * simd::kByteRow;
  c.bytes.resize(n * c.width);
  c.scale.resize(n);
  c.length.resize(n);
  c.error.resize(n);
  for (const Row row : known_) {
    const float* v = vectors_ + row * dim_;
    float largest = 0;
    for (std::size_t i = 0; i < dim_; ++i) largest = std::max(largest, std::abs(v[i]));
    const float scale = largest / 127;
    double squares = 0;
    double errors = 0;
    for (std::size_t i = 0; i < dim_; ++i) {
      const float steps = v[i] / scale;
      const auto byte = static_cast<std::int8_t>(steps + (steps < 0 ? -0.5F : 0.5F));
      c.bytes[row * c.width + i] = byte;
      const double kept = static_cast<double>(scale) * byte;
      squares += kept * kept;
      errors += (static_cast<double>(v[i]) - kept) * (static_cast<double>(v[i]) - kept);
    }
    c.scale[row] = scale;
    c.length[row] = static_cast<float>(std::sqrt(squares));
    c.error[row] = static_cast<float>(std::sqrt(errors));
  }
  coarse_ = std::move(c);
}

// With v = v' + e: <v, w> = <v', w'> + <e, w'> + <v, f> <= <v', w'> + |e| |w'| + |v| |f|.
void FusionSimilarity::bound_inner(Row row, std::span<float> inner) const {
  constexpr std::size_t kBlock = 1024;
  const ByteVectors& c = coarse_;
  std::vector<std::int16_t> query(c.width);
  std::copy_n(c.bytes.data() + row * c.width, c.width, query.data());
  const float scale = c.scale[row];
  const float error = c.error[row];
  const float length = c.length[row] + error;
  std::int32_t products[kBlock];
  for (std::size_t begin = 0; begin < inner.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, inner.size() - begin);
    simd::dot_byte_rows(query.data(), c.bytes.data() + begin * c.width, count, c.width, products);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = begin + i;
      inner[j] = scale * c.scale[j] * static_cast<float>(products[i]) + error * c.length[j] +
                 length * c.error[j];
    }
  }
}

float FusionSimilarity::smaller_z(Row a, Row b, float inner, float cosine) const {
  const float l = standardized(a, b, fuse(a, b, inner, cosine));
  return std::min((l - items_[a].mean_l) / items_[a].deviation_l,
                  (l - items_[b].mean_l) / items_[b].deviation_l);
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
  const auto exact_inner = [&](Row j) {
    return simd::dot(vectors_ + row * dim_, vectors_ + j * dim_, dim_);
  };
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
