#include "sparrow/core/embeddings.h"

#include <cmath>

#include "sparrow/core/simd/kernels.h"

namespace sparrow {

void normalize_rows(Embeddings& embeddings) {
  for (std::size_t r = 0; r < embeddings.rows(); ++r) {
    const std::span<float> row = embeddings.row(r);
    const float norm = std::sqrt(simd::dot(row.data(), row.data(), row.size()));
    if (norm > 0) simd::scale(row.data(), 1.0F / norm, row.size());
  }
}

}  // namespace sparrow
