// The matrix of scores is cut into square tiles, of which those on and above the diagonal are made.
// Tiles that share no row are worked on at the same time: the rounds of a tournament in which every
// block of rows meets every other once.
#include "sparrow/index/all_pairs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::index {
namespace {

constexpr std::size_t kTileRows = 8 * simd::kPanel;  // two blocks of 64 floats fit a second cache
constexpr std::size_t kQueries = 96;                 // rows of a tile that are multiplied at once
constexpr float kInfinity = __builtin_inff();

// A candidate as one number that is larger when better() says so: the bits of the score, turned so
// that they compare as the floats do, above the complement of the tie rank.
std::uint64_t key_of(Row row, float score) {
  constexpr std::uint32_t kSign = 0x8000'0000U;
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // no -0
  const std::uint32_t rising = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return std::uint64_t{rising} << 32 | ~tie_rank(row);
}
float score_of(std::uint64_t key) {
  constexpr std::uint32_t kSign = 0x8000'0000U;
  const auto rising = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>((rising & kSign) != 0 ? rising ^ kSign : ~rising);
}
Row row_of(std::uint64_t key) { return row_of_tie_rank(~static_cast<std::uint32_t>(key)); }

class AllPairs {
 public:
  AllPairs(const Embeddings& vectors, std::size_t k, std::size_t threads)
      : vectors_(vectors),
        k_(k),
        capacity_(std::max<std::size_t>(3 * k, 64)),
        threads_(threads),
        panels_((vectors.rows() + simd::kPanel - 1) / simd::kPanel),
        packed_(panels_ * simd::kPanel * vectors.dim()),
        bars_(panels_ * simd::kPanel, kInfinity),
        found_(vectors.rows()) {
    std::fill_n(bars_.begin(), vectors.rows(), -kInfinity);
  }

  std::vector<Neighbor> run();

 private:
  void pack();
  void tile(std::size_t a, std::size_t b);
  void offer(std::size_t to, std::size_t row, float score) {
    if (!(score > bars_[to])) return;
    found_[to].push_back(key_of(static_cast<Row>(row), score));
    if (found_[to].size() >= capacity_) cut(to);
  }
  void cut(std::size_t row);
  std::size_t dim() const { return vectors_.dim(); }
  std::size_t last_row(std::size_t block) const {
    return std::min(vectors_.rows(), (block + 1) * kTileRows);
  }

  const Embeddings& vectors_;
  std::size_t k_;
  std::size_t capacity_;  // of a row's candidates, which are cut back to the best k when it is full
  std::size_t threads_;
  std::size_t panels_;
  AlignedFloats packed_;
  AlignedFloats bars_;  // a row's candidates are better than its bar; above all scores: no row
  std::vector<std::vector<std::uint64_t>> found_;  // keys
};

void AllPairs::pack() {
  parallel_for(panels_, 16, threads_, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t p = begin; p < end; ++p)
      simd::pack_panel(vectors_.data() + p * simd::kPanel * dim(),
                       std::min(simd::kPanel, vectors_.rows() - p * simd::kPanel), dim(),
                       packed_.data() + p * simd::kPanel * dim());
  });
}

void AllPairs::cut(std::size_t row) {
  auto& found = found_[row];
  if (found.size() <= k_) return;
  const auto last = found.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
  std::nth_element(found.begin(), last, found.end(), std::greater<>());
  found.resize(k_);
  // Equal scores may still win by their tie rank, so the bar lies just below.
  bars_[row] = std::nextafter(score_of(found.back()), -kInfinity);
}

// The rows of block a with those of block b >= a; with itself, each pair once.
void AllPairs::tile(std::size_t a, std::size_t b) {
  float scores[kQueries * simd::kPanel];
  for (std::size_t begin = a * kTileRows; begin < last_row(a); begin += kQueries) {
    const std::size_t count = std::min(kQueries, last_row(a) - begin);
    const std::size_t least = a == b ? begin : b * kTileRows;  // no pair with a row before it
    for (std::size_t p = least / simd::kPanel; p * simd::kPanel < last_row(b); ++p) {
      const std::size_t first = p * simd::kPanel;
      simd::dot_panel(vectors_.data() + begin * dim(), count, packed_.data() + first * dim(), dim(),
                      scores);
      for (std::size_t q = begin; q < begin + count; ++q) {
        const float* row = scores + (q - begin) * simd::kPanel;
        std::uint64_t above = simd::panel_above(row, bars_[q], bars_.data() + first);
        for (; above != 0; above &= above - 1) {
          const auto r = static_cast<std::size_t>(std::countr_zero(above));
          const std::size_t other = first + r;
          if (other >= vectors_.rows() || (a == b && other <= q)) continue;
          offer(q, other, row[r]);
          offer(other, q, row[r]);
        }
      }
    }
  }
}

std::vector<Neighbor> AllPairs::run() {
  pack();
  const std::size_t blocks = (vectors_.rows() + kTileRows - 1) / kTileRows;
  parallel_for(blocks, 1, threads_,
               [&](std::size_t block, std::size_t, std::size_t) { tile(block, block); });
  const std::size_t players = blocks + blocks % 2;  // one may have nobody to meet
  for (std::size_t round = 0; round + 1 < players; ++round) {
    parallel_for(players / 2, 1, threads_, [&](std::size_t i, std::size_t, std::size_t) {
      const std::size_t turn = players - 1;
      const std::size_t one = i == 0 ? turn : (round + i) % turn;
      const std::size_t other = (round + turn - i) % turn;
      if (std::max(one, other) < blocks) tile(std::min(one, other), std::max(one, other));
    });
  }
  std::vector<Neighbor> result(vectors_.rows() * k_);
  parallel_for(vectors_.rows(), 64, threads_, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      cut(row);
      auto& found = found_[row];
      std::sort(found.begin(), found.end(), std::greater<>());
      std::transform(found.begin(), found.end(),
                     result.begin() + static_cast<std::ptrdiff_t>(row * k_), [](std::uint64_t key) {
                       return Neighbor{row_of(key), score_of(key)};
                     });
      std::vector<std::uint64_t>().swap(found);
    }
  });
  return result;
}

}  // namespace

std::vector<Neighbor> all_pairs_top_k(const Embeddings& vectors, std::size_t k,
                                      std::size_t threads) {
  return k == 0 ? std::vector<Neighbor>() : AllPairs(vectors, k, threads).run();
}

}  // namespace sparrow::index
