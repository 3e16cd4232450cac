#include "sparrow/embed/eigen_embedding.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "sparrow/core/random.h"

namespace sparrow::embed {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Orthonormal columns by Cholesky QR, twice for stability (Yamamoto et al. 2015).
void orthonormalize(RowMajor& block) {
  for (int round = 0; round < 2; ++round) {
    Eigen::MatrixXd gram = block.transpose() * block;
    gram.diagonal().array() += gram.trace() * 1e-14 + 1e-300;
    const Eigen::LLT<Eigen::MatrixXd> factor(gram);
    factor.matrixU().solveInPlace<Eigen::OnTheRight>(block);
  }
}

}  // namespace

BlockProduct product_of(const SparseMatrix& matrix, std::size_t threads) {
  return [&matrix, threads](const float* x, float* y, std::size_t width) {
    matrix.multiply(x, y, width, threads);
  };
}

Embeddings eigen_embedding(std::size_t n, const BlockProduct& product,
                           const EigenOptions& options) {
  Embeddings result(n, options.dim);
  const std::size_t width = std::min(n, options.dim + options.oversampling);
  if (n == 0 || width == 0) return result;
  const auto rows = static_cast<Eigen::Index>(n);
  const auto columns = static_cast<Eigen::Index>(width);
  RowMajor basis(rows, columns);
  Random random(options.seed);
  for (Eigen::Index i = 0; i < basis.size(); ++i) basis.data()[i] = random.normal();
  RowMajor image(rows, columns);
  AlignedFloats in(n * width);
  AlignedFloats out(n * width);
  const auto multiply = [&](const RowMajor& from, RowMajor& to) {
    std::transform(from.data(), from.data() + from.size(), in.begin(),
                   [](double v) { return static_cast<float>(v); });
    product(in.data(), out.data(), width);
    std::copy(out.begin(), out.end(), to.data());
  };
  for (std::size_t round = 0; round < options.iterations; ++round) {
    orthonormalize(basis);
    multiply(basis, image);
    std::swap(basis, image);
  }
  orthonormalize(basis);
  multiply(basis, image);
  const Eigen::MatrixXd small = basis.transpose() * image;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(0.5 * (small + small.transpose()));
  const auto kept = std::min<Eigen::Index>(columns, static_cast<Eigen::Index>(options.dim));
  // Eigenvalues come ascending; the largest go first.
  Eigen::MatrixXd turn = solver.eigenvectors().rightCols(kept).rowwise().reverse();
  const Eigen::VectorXd lambda = solver.eigenvalues().tail(kept).reverse().cwiseMax(0.0);
  turn = turn * lambda.cwiseSqrt().asDiagonal();
  const RowMajor vectors = basis * turn;
  for (Eigen::Index r = 0; r < rows; ++r) {
    for (Eigen::Index c = 0; c < kept; ++c) {
      result.row(static_cast<std::size_t>(r))[static_cast<std::size_t>(c)] =
          static_cast<float>(vectors(r, c));
    }
  }
  return result;
}

}  // namespace sparrow::embed
