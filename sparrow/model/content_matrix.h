// ContentMatrix: the sparse content vectors of a model (CSR, rows of length 1) with postings, so
// that one row against all others costs the postings it touches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

class ContentMatrix {
 public:
  ContentMatrix() = default;  // no content
  // Reads content.*; the model must be valid and outlive this.
  explicit ContentMatrix(const Model& model);

  bool empty() const { return indptr_.empty(); }
  bool has(Row row) const { return !empty() && indptr_[row + 1] > indptr_[row]; }
  std::size_t features() const { return postings_begin_.empty() ? 0 : postings_begin_.size() - 1; }
  float cosine(Row a, Row b) const;
  // out[j] += cosine(row, j) for every j.
  void add_cosines(Row row, std::span<float> out) const;
  // dense[f] = value for the features of `row`; clear_dense undoes it. dense has features() zeros.
  void fill_dense(Row row, std::span<float> dense) const;
  void clear_dense(Row row, std::span<float> dense) const;
  // Cosine of the row that filled `dense` with `row`.
  float cosine_with(std::span<const float> dense, Row row) const;

 private:
  std::span<const std::uint32_t> indptr_;
  std::span<const std::uint32_t> indices_;
  std::span<const float> values_;
  std::vector<std::uint32_t> postings_begin_;
  std::vector<Row> posting_rows_;
  std::vector<float> posting_values_;
};

}  // namespace sparrow::model
