#include "sparrow/index/flat_index.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::index {
namespace {

constexpr std::size_t kBlock = 256;

// Collects candidates above a rising threshold: room for several times k, cut back to the best k
// when it is full. Cheaper than a heap where most scores are below the threshold anyway.
class Candidates {
 public:
  explicit Candidates(std::size_t k) : k_(k), capacity_(std::max<std::size_t>(4 * k, 64)) {}

  float threshold() const { return threshold_; }
  void add(Row row, float score) {
    found_.push_back({row, score});
    if (found_.size() >= capacity_) cut();
  }
  void take(Neighbor* out) {
    cut();
    std::sort(found_.begin(), found_.end(), better);
    std::copy(found_.begin(), found_.end(), out);
    std::fill(out + found_.size(), out + k_, Neighbor{});
  }

 private:
  void cut() {
    if (found_.size() <= k_) return;
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(found_.begin(), last, found_.end(), better);
    found_.resize(k_);
    // Equal scores may still win by their tie rank, so the threshold lies just below.
    threshold_ = std::nextafter(found_.back().score, -2.0F * std::abs(found_.back().score) - 1);
  }

  std::size_t k_;
  std::size_t capacity_;
  float threshold_ = -__builtin_inff();
  std::vector<Neighbor> found_;
};

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

std::vector<Neighbor> all_pairs_top_k(const Embeddings& vectors, std::size_t k,
                                      std::size_t threads) {
  const std::size_t n = vectors.rows();
  const std::size_t dim = vectors.dim();
  std::vector<Neighbor> result(n * k);
  const std::size_t panels = (n + simd::kPanel - 1) / simd::kPanel;
  AlignedFloats packed(panels * simd::kPanel * dim);
  parallel_for(panels, 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t p = begin; p < end; ++p)
      simd::pack_panel(vectors.data() + p * simd::kPanel * dim,
                       std::min(simd::kPanel, n - p * simd::kPanel), dim,
                       packed.data() + p * simd::kPanel * dim);
  });
  constexpr std::size_t kQueries = 96;
  parallel_for(n, kQueries, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<Candidates> candidates(end - begin, Candidates(k));
    AlignedFloats scores(kQueries * simd::kPanel);
    std::uint32_t above[simd::kPanel + 1];
    for (std::size_t p = 0; p < panels; ++p) {
      const std::size_t first = p * simd::kPanel;
      const std::size_t count = std::min(simd::kPanel, n - first);
      simd::dot_panel(vectors.data() + begin * dim, end - begin, packed.data() + first * dim, dim,
                      scores.data());
      for (std::size_t q = begin; q < end; ++q) {
        const float* row = scores.data() + (q - begin) * simd::kPanel;
        Candidates& mine = candidates[q - begin];
        const std::size_t found = simd::select_above(row, count, mine.threshold(), above);
        for (std::size_t i = 0; i < found; ++i) {
          if (first + above[i] != q) mine.add(static_cast<Row>(first + above[i]), row[above[i]]);
        }
      }
    }
    for (std::size_t q = begin; q < end; ++q) candidates[q - begin].take(result.data() + q * k);
  });
  return result;
}

}  // namespace sparrow::index
