// X'X times a block of vectors, and its eigenvectors.
#include <algorithm>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/embed/cooccurrence.h"
#include "sparrow/embed/occurrences.h"

namespace sparrow::embed {
namespace {

// So many columns of x are multiplied at once that what stands between users and columns stays in
// bounds: slabs of equal width, in whole lines of the cache, with which their rows begin.
std::size_t slab_columns(std::size_t users, std::size_t width) {
  constexpr std::size_t kMost = std::size_t{160} << 20;  // values between users and columns
  constexpr std::size_t kLine = 16;
  const std::size_t lines = (width + kLine - 1) / kLine;
  const std::size_t most =
      std::max<std::size_t>(1, kMost / kLine / std::max<std::size_t>(1, users));
  const std::size_t slabs = std::max<std::size_t>(1, (lines + most - 1) / most);
  return std::min(width, (lines + slabs - 1) / slabs * kLine);
}

}  // namespace

struct HistoryProduct::State {
  explicit State(const WeightedHistories& given)
      : histories(given), occurrences(occurrences_of(given)), weights(given.rows.size()) {
    for (std::size_t o = 0; o < weights.size(); ++o)
      weights[o] =
          histories.weights[histories.offsets[occurrences.user[o]] + occurrences.position[o]];
  }
  const WeightedHistories& histories;
  Occurrences occurrences;
  std::vector<float> weights;  // in the order of occurrences: both products run over whole rows
  AlignedFloats middle;        // users x width
  // Of a slab of columns, when x is too wide for all users at once.
  AlignedFloats slab;
  AlignedFloats image;

  void multiply(const float* x, float* y, std::size_t width, std::size_t threads);
};

HistoryProduct::HistoryProduct(const WeightedHistories& histories)
    : state_(std::make_unique<State>(histories)) {}
HistoryProduct::~HistoryProduct() = default;

double HistoryProduct::work_bytes(std::size_t users, std::size_t items, std::size_t width) {
  const std::size_t columns = slab_columns(users, width);
  const std::size_t slabs = columns < width ? 2 * items : 0;  // of x and of y
  return 4 * static_cast<double>(columns) * static_cast<double>(users + slabs);
}

void HistoryProduct::multiply(const float* x, float* y, std::size_t width, std::size_t threads) {
  State& s = *state_;
  const std::size_t items = s.histories.items;
  const std::size_t columns = slab_columns(s.histories.offsets.size() - 1, width);
  if (width == columns) return s.multiply(x, y, width, threads);
  for (std::size_t first = 0; first < width; first += columns) {
    const std::size_t count = std::min(columns, width - first);
    s.slab.resize(items * count);
    s.image.resize(items * count);
    for (std::size_t r = 0; r < items; ++r)
      std::copy_n(x + r * width + first, count, s.slab.data() + r * count);
    s.multiply(s.slab.data(), s.image.data(), count, threads);
    for (std::size_t r = 0; r < items; ++r)
      std::copy_n(s.image.data() + r * count, count, y + r * width + first);
  }
}

void HistoryProduct::State::multiply(const float* x, float* y, std::size_t width,
                                     std::size_t threads) {
  const std::size_t users = histories.offsets.size() - 1;
  middle.resize(users * width);
  parallel_for(users, 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t u = begin; u < end; ++u) {
      const std::uint64_t first = histories.offsets[u];
      simd::weighted_sum(histories.weights.data() + first, histories.rows.data() + first,
                         histories.offsets[u + 1] - first, x, width, middle.data() + u * width,
                         histories.rows.size() - histories.offsets[u + 1]);
    }
  });
  parallel_for(histories.items, 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint64_t first = occurrences.offsets[i];
      simd::weighted_sum(weights.data() + first, occurrences.user.data() + first,
                         occurrences.offsets[i + 1] - first, middle.data(), width, y + i * width,
                         weights.size() - occurrences.offsets[i + 1]);
    }
  });
}

Embeddings history_eigenvectors(const WeightedHistories& histories, const EigenOptions& options,
                                std::size_t threads) {
  HistoryProduct matrix(histories);
  const BlockProduct product = [&](const float* x, float* y, std::size_t width) {
    matrix.multiply(x, y, width, threads);
  };
  return eigen_embedding(histories.items, product, options);
}

}  // namespace sparrow::embed
