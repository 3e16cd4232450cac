// SparseMatrix: a symmetric sparse matrix by rows, every entry stored (both halves), in blocks of
// rows that threads fill each on its own. Six bytes an entry up to 65,536 columns, else eight.
// SparseRows: some rows of one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sparrow::embed {

class SparseMatrix {
 public:
  static constexpr std::size_t kBlockRows = 32;

  SparseMatrix() = default;
  explicit SparseMatrix(std::size_t rows)
      : rows_(rows), blocks_((rows + kBlockRows - 1) / kBlockRows) {}

  std::size_t rows() const { return rows_; }
  std::size_t entries() const;
  bool narrow() const { return rows_ <= 65'536; }

  // Columns ascending. Rows of a block one after the other from its first; blocks in any order and
  // from several threads.
  void append_row(std::size_t row, std::span<const std::uint32_t> columns,
                  std::span<const float> values);
  // Gives back what appending reserved in vain.
  void close_block(std::size_t row);

  std::size_t row_size(std::size_t row) const;
  std::uint32_t column(std::size_t row, std::size_t entry) const;
  float value(std::size_t row, std::size_t entry) const;

  // y (rows x width, row-major) = A x. Deterministic.
  void multiply(const float* x, float* y, std::size_t width, std::size_t threads) const;

 private:
  struct Block {
    std::vector<std::uint32_t> offsets{0};
    std::vector<std::uint16_t> narrow;  // columns: one of the two
    std::vector<std::uint32_t> wide;
    std::vector<float> values;
  };
  const Block& block_of(std::size_t row) const { return blocks_[row / kBlockRows]; }
  template <class Column>
  void multiply_block(std::size_t block, const std::vector<Column>& columns, const float* x,
                      float* y, std::size_t width) const;

  std::size_t rows_ = 0;
  std::vector<Block> blocks_;
};

// Consecutive rows of a sparse matrix, as they travel between machines; columns ascending.
struct SparseRows {
  std::vector<std::uint64_t> offsets{0};  // rows + 1
  std::vector<std::uint32_t> columns;
  std::vector<float> values;

  std::size_t rows() const { return offsets.size() - 1; }
};

// y (rows.rows() x width, row-major) = A x.
void multiply(const SparseRows& rows, const float* x, float* y, std::size_t width);

}  // namespace sparrow::embed
