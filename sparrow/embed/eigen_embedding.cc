#include "sparrow/embed/eigen_embedding.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::embed {
namespace {

using Eigen::MatrixXd;

// n x width, row-major, in doubles: squares of the singular values meet in a Gram matrix.
struct TallBlock {
  std::size_t rows = 0;
  std::size_t width = 0;
  std::vector<double, AlignedAllocator<double>> values;
  TallBlock(std::size_t r, std::size_t w) : rows(r), width(w), values(r * w) {}
  double* row(std::size_t r) { return values.data() + r * width; }
  const double* row(std::size_t r) const { return values.data() + r * width; }
};

// Columns [first, first + kPanel) of `count` rows of `width`; zero beyond the last.
void copy_panel(const double* from, std::size_t count, std::size_t width, std::size_t first,
                double* panel) {
  const std::size_t kept = std::min(simd::kPanel, width - first);
  for (std::size_t r = 0; r < count; ++r) {
    std::copy_n(from + r * width + first, kept, panel + r * simd::kPanel);
    std::fill_n(panel + r * simd::kPanel + kept, simd::kPanel - kept, 0.0);
  }
}

// a' b. Sums of fixed groups of rows, added in order: equal for any number of threads.
MatrixXd product_of_columns(const TallBlock& a, const TallBlock& b, std::size_t threads) {
  constexpr std::size_t kChunk = 128;
  constexpr std::size_t kGroups = 16;
  const std::size_t w = a.width;
  const std::size_t padded = (w + simd::kPanel - 1) / simd::kPanel * simd::kPanel;
  std::vector<std::vector<double>> sums(kGroups);
  parallel_for(kGroups, 1, threads, [&](std::size_t group, std::size_t, std::size_t) {
    std::vector<double>& sum = sums[group];
    sum.assign(w * padded, 0.0);
    std::vector<double> turned(w * kChunk);
    std::vector<double> panel(kChunk * simd::kPanel);
    std::vector<double> part(w * simd::kPanel);
    const std::size_t end = a.rows * (group + 1) / kGroups;
    for (std::size_t r = a.rows * group / kGroups; r < end; r += kChunk) {
      const std::size_t count = std::min(kChunk, end - r);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t c = 0; c < w; ++c) turned[c * count + i] = a.row(r + i)[c];
      }
      for (std::size_t first = 0; first < w; first += simd::kPanel) {
        copy_panel(b.row(r), count, w, first, panel.data());
        simd::dot_panel(turned.data(), w, panel.data(), count, part.data());
        for (std::size_t c = 0; c < w; ++c) {
          double* to = sum.data() + c * padded + first;
          for (std::size_t j = 0; j < simd::kPanel; ++j) to[j] += part[c * simd::kPanel + j];
        }
      }
    }
  });
  MatrixXd result = MatrixXd::Zero(static_cast<Eigen::Index>(w), static_cast<Eigen::Index>(w));
  for (const auto& sum : sums) {
    for (std::size_t c = 0; c < w; ++c) {
      for (std::size_t j = 0; j < w; ++j)
        result(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(j)) += sum[c * padded + j];
    }
  }
  return result;
}

// block = block * turn, in place; turn is width x width.
void multiply_right(TallBlock& block, const MatrixXd& turn, std::size_t threads) {
  const std::size_t w = block.width;
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> by_rows = turn;
  std::vector<std::vector<double>> panels;
  for (std::size_t first = 0; first < w; first += simd::kPanel) {
    panels.emplace_back(w * simd::kPanel);
    copy_panel(by_rows.data(), w, w, first, panels.back().data());
  }
  constexpr std::size_t kRows = 96;
  parallel_for(block.rows, kRows, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<double> before(block.row(begin), block.row(begin) + (end - begin) * w);
    std::vector<double> part(kRows * simd::kPanel);
    for (std::size_t p = 0; p < panels.size(); ++p) {
      const std::size_t first = p * simd::kPanel;
      simd::dot_panel(before.data(), end - begin, panels[p].data(), w, part.data());
      for (std::size_t r = begin; r < end; ++r)
        std::copy_n(part.data() + (r - begin) * simd::kPanel, std::min(simd::kPanel, w - first),
                    block.row(r) + first);
    }
  });
}

// Orthonormal columns by Cholesky QR; twice is stable (Yamamoto et al. 2015),
// once will do on the way.
void orthonormalize(TallBlock& block, int rounds, std::size_t threads) {
  for (int round = 0; round < rounds; ++round) {
    MatrixXd gram = product_of_columns(block, block, threads);
    gram.diagonal().array() += gram.trace() * 1e-14 + 1e-300;
    const Eigen::LLT<MatrixXd> factor(gram);
    MatrixXd inverse = MatrixXd::Identity(gram.rows(), gram.cols());
    factor.matrixU().solveInPlace(inverse);
    multiply_right(block, inverse, threads);
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
  TallBlock basis(n, width);
  Random random(options.seed);
  for (double& v : basis.values) v = random.normal();
  AlignedFloats in(n * width);
  AlignedFloats out(n * width);
  const auto multiply = [&] {
    std::transform(basis.values.begin(), basis.values.end(), in.begin(),
                   [](double v) { return static_cast<float>(v); });
    product(in.data(), out.data(), width);
  };
  // Two products between orthonormalisations: doubles hold what eigenvalues squared differ by.
  for (std::size_t round = 0; round < options.iterations; ++round) {
    if (round % 2 == 0) orthonormalize(basis, 1, options.threads);
    multiply();
    std::copy(out.begin(), out.end(), basis.values.begin());
  }
  orthonormalize(basis, 2, options.threads);
  multiply();
  in = {};
  TallBlock image(n, width);
  std::copy(out.begin(), out.end(), image.values.begin());
  out = {};
  const MatrixXd small = product_of_columns(basis, image, options.threads);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(0.5 * (small + small.transpose()));
  const std::size_t kept = std::min(width, options.dim);
  // Eigenvalues come ascending; the largest go first.
  const MatrixXd turn = solver.eigenvectors().rowwise().reverse() *
                        solver.eigenvalues().reverse().cwiseMax(0.0).cwiseSqrt().asDiagonal();
  multiply_right(basis, turn, options.threads);
  for (std::size_t r = 0; r < n; ++r)
    std::transform(basis.row(r), basis.row(r) + kept, result.row(r).begin(),
                   [](double v) { return static_cast<float>(v); });
  return result;
}

}  // namespace sparrow::embed
