#include "sparrow/embed/sparse_matrix.h"

#include <algorithm>
#include <array>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::embed {

std::size_t SparseMatrix::entries() const {
  std::size_t count = 0;
  for (const Block& block : blocks_) count += block.values.size();
  return count;
}

void SparseMatrix::append_row(std::size_t row, std::span<const std::uint32_t> columns,
                              std::span<const float> values) {
  Block& block = blocks_[row / kBlockRows];
  if (narrow()) {
    for (const std::uint32_t c : columns) block.narrow.push_back(static_cast<std::uint16_t>(c));
  } else {
    block.wide.insert(block.wide.end(), columns.begin(), columns.end());
  }
  block.values.insert(block.values.end(), values.begin(), values.end());
  block.offsets.push_back(static_cast<std::uint32_t>(block.values.size()));
}

void SparseMatrix::close_block(std::size_t row) {
  Block& block = blocks_[row / kBlockRows];
  block.narrow.shrink_to_fit();
  block.wide.shrink_to_fit();
  block.values.shrink_to_fit();
}

std::size_t SparseMatrix::row_size(std::size_t row) const {
  const auto& offsets = block_of(row).offsets;
  const std::size_t r = row % kBlockRows;
  return offsets[r + 1] - offsets[r];
}

std::uint32_t SparseMatrix::column(std::size_t row, std::size_t entry) const {
  const Block& block = block_of(row);
  const std::size_t at = block.offsets[row % kBlockRows] + entry;
  return narrow() ? block.narrow[at] : block.wide[at];
}

float SparseMatrix::value(std::size_t row, std::size_t entry) const {
  const Block& block = block_of(row);
  return block.values[block.offsets[row % kBlockRows] + entry];
}

// The rows of x are taken in ranges that stay in the cache while all rows of the block meet them;
// all at once where the block has fewer entries than x has rows, so that hardly any is met twice.
template <class Column>
void SparseMatrix::multiply_block(std::size_t block, const std::vector<Column>& columns,
                                  const float* x, float* y, std::size_t width) const {
  constexpr std::size_t kCacheFloats = std::size_t{128} * 1024;
  const Block& b = blocks_[block];
  const std::size_t count = b.offsets.size() - 1;
  std::fill_n(y, count * width, 0.0F);
  std::array<std::size_t, kBlockRows> next{};
  std::copy_n(b.offsets.begin(), count, next.begin());
  const bool sparse = b.values.size() < rows_;
  const std::size_t range = sparse ? rows_ : std::max<std::size_t>(64, kCacheFloats / width);
  for (std::size_t limit = range;; limit += range) {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t begin = next[r];
      const auto first = columns.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto last = columns.begin() + static_cast<std::ptrdiff_t>(b.offsets[r + 1]);
      const auto end =
          limit >= rows_
              ? last
              : std::lower_bound(first, last, limit, [](Column c, std::size_t l) { return c < l; });
      const auto found = static_cast<std::size_t>(end - first);
      simd::weighted_add(b.values.data() + begin, columns.data() + begin, found, x, width,
                         y + r * width, sparse ? b.values.size() - begin - found : 0);
      next[r] = begin + found;
    }
    if (limit >= rows_) return;
  }
}

void SparseMatrix::multiply(const float* x, float* y, std::size_t width,
                            std::size_t threads) const {
  parallel_for(blocks_.size(), 1, threads, [&](std::size_t block, std::size_t, std::size_t) {
    float* const out = y + block * kBlockRows * width;
    if (narrow())
      multiply_block(block, blocks_[block].narrow, x, out, width);
    else
      multiply_block(block, blocks_[block].wide, x, out, width);
  });
}

void multiply(const SparseRows& rows, const float* x, float* y, std::size_t width) {
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const std::uint64_t first = rows.offsets[r];
    simd::weighted_sum(rows.values.data() + first, rows.columns.data() + first,
                       rows.offsets[r + 1] - first, x, width, y + r * width,
                       rows.values.size() - rows.offsets[r + 1]);
  }
}

}  // namespace sparrow::embed
