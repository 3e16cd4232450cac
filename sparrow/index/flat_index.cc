#include "sparrow/index/flat_index.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/simd/kernels.h"

namespace sparrow::index {
namespace {

constexpr std::size_t kBlock = 256;

}  // namespace

double recall_at_k(const Index& index, const Index& exact,
                   std::span<const std::vector<float>> queries, std::size_t k) {
  std::size_t found = 0;
  std::size_t wanted = 0;
  for (const auto& query : queries) {
    const auto truth = exact.search({query, k, {}});
    const auto given = index.search({query, k, {}});
    wanted += truth.size();
    for (const Neighbor& t : truth) {
      found +=
          std::any_of(given.begin(), given.end(), [&](const Neighbor& g) { return g.row == t.row; })
              ? 1U
              : 0U;
    }
  }
  return wanted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(wanted);
}

FlatIndex::FlatIndex(const Embeddings& vectors)
    : rows_(vectors.rows()),
      dim_(vectors.dim()),
      values_(vectors.values().begin(), vectors.values().end()) {}

void FlatIndex::insert(std::span<const float> vector) {
  values_.insert(values_.end(), vector.begin(), vector.end());
  ++rows_;
}

std::vector<Neighbor> FlatIndex::search(const IndexQuery& query) const {
  TopK best(query.k);
  if (!query.allowed.empty()) {
    for (Row row = 0; row < rows_; ++row) {
      if (query.allowed[row] != 0)
        best.add(row, simd::dot(query.vector.data(), values_.data() + row * dim_, dim_));
    }
    return best.take();
  }
  float scores[kBlock];
  std::uint32_t above[kBlock + 1];
  for (std::size_t begin = 0; begin < rows_; begin += kBlock) {
    const std::size_t count = std::min(kBlock, rows_ - begin);
    simd::dot_rows(query.vector.data(), values_.data() + begin * dim_, count, dim_, scores);
    const float bar = best.threshold() == -__builtin_inff()
                          ? best.threshold()
                          : std::nextafter(best.threshold(), -__builtin_inff());
    const std::size_t found = simd::select_above(scores, count, bar, above);
    for (std::size_t i = 0; i < found; ++i)
      best.add(static_cast<Row>(begin + above[i]), scores[above[i]]);
  }
  return best.take();
}

}  // namespace sparrow::index
