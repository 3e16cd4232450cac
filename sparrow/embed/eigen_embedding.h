// Leading eigenpairs of a large symmetric operator by block subspace iteration (Halko, Martinsson &
// Tropp 2011, algorithm 4.4) with a Rayleigh-Ritz step; Eigen does the
// small dense algebra, our kernels the tall one.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/embed/sparse_matrix.h"

namespace sparrow::embed {

// y (rows x width, row-major) = A x, in single precision: what is lost is far below what iterating
// once more would gain. Must be deterministic.
using BlockProduct = std::function<void(const float* x, float* y, std::size_t width)>;
BlockProduct product_of(const SparseMatrix& matrix, std::size_t threads);

struct EigenOptions {
  std::size_t dim = 64;
  std::size_t oversampling = 32;
  std::size_t iterations = 8;
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

// V * sqrt(lambda) of the `dim` algebraically largest eigenpairs (negative ones count as 0): n x
// dim. Equal results for equal seeds whatever the number of threads. O(iterations * (product + n *
// dim^2)).
Embeddings eigen_embedding(std::size_t n, const BlockProduct& product, const EigenOptions& options);

}  // namespace sparrow::embed
