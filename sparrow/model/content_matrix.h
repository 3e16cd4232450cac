// ContentMatrix: the sparse content vectors of a model (CSR, rows of length 1) with postings, so
// that one row against all others costs the postings it touches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

// For every feature the rows that have it, with their values.
struct ContentPostings {
  std::vector<std::uint32_t> begin;  // features + 1
  std::vector<Row> rows;
  std::vector<float> values;
};

class ContentMatrix {
 public:
  ContentMatrix() = default;  // no content
  // Reads content.*; the model must be valid and outlive this.
  explicit ContentMatrix(const Model& model);

  bool empty() const { return indptr_.empty(); }
  bool has(Row row) const { return !empty() && indptr_[row + 1] > indptr_[row]; }
  float cosine(Row a, Row b) const;
  // out[j] += cosine(row, j) for every j.
  void add_cosines(Row row, std::span<float> out) const;
  // Postings of some rows only, numbered as they stand in `rows`; out[i] += cosine(row, rows[i]).
  ContentPostings postings_of(std::span<const Row> rows) const;
  void add_cosines(Row row, const ContentPostings& postings, std::span<float> out) const;

 private:
  std::span<const std::uint32_t> indptr_;
  std::span<const std::uint32_t> indices_;
  std::span<const float> values_;
  std::size_t features_ = 0;
  ContentPostings postings_;  // of all rows
};

}  // namespace sparrow::model
