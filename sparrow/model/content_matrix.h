// ContentMatrix: the content vectors of a model, sparse (CSR, with postings, so
// that one row against all others costs the postings it touches) and dense side
// by side; both parts together have length 1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"
#include "sparrow/model/model.h"
#include "sparrow/model/views.h"

namespace sparrow::model {

// For every feature the rows that have it, with their values.
struct ContentPostings {
  std::vector<std::uint32_t> begin;  // features + 1
  std::vector<Row> rows;
  std::vector<float> values;
  Embeddings dense;  // of the chosen rows
};

class ContentMatrix {
 public:
  ContentMatrix() = default;  // no content
  // Reads content.*; the model must be valid and outlive this.
  explicit ContentMatrix(const Model& model);

  bool empty() const { return indptr_.empty(); }
  bool has(Row row) const {
    return !empty() && (indptr_[row + 1] > indptr_[row] || (dense_ && dense_->has(row)));
  }
  // It shares nothing with any other row: its content says nothing of what it
  // is like.
  bool alone(Row row) const;
  float cosine(Row a, Row b) const;
  // out[j] += cosine(row, j) for every j.
  void add_cosines(Row row, std::span<float> out) const;
  // The same of several rows: out is rows.size() x all.
  void add_cosines(std::span<const Row> rows, std::span<float> out) const;
  // Postings of some rows only, numbered as they stand in `rows`; out[i] +=
  // cosine(row, rows[i]).
  ContentPostings postings_of(std::span<const Row> rows) const;
  // A vector of kSketch values a row whose inner products are about the cosines: every feature is
  // added to one of the values or taken from it (count sketch; Charikar, Chen & Farach-Colton
  // 2004).
  static constexpr std::size_t kSketch = 128;
  void sketch(Row row, std::span<float> out) const;
  void add_cosines(Row row, const ContentPostings& postings, std::span<float> out) const;

 private:
  ContentPostings sparse_postings_of(std::span<const Row> rows) const;
  void add_sparse(Row row, const ContentPostings& postings, std::span<float> out) const;

  std::span<const std::uint32_t> indptr_;
  std::span<const std::uint32_t> indices_;
  std::span<const float> values_;
  std::size_t features_ = 0;
  std::optional<MatrixView> dense_;
  ContentPostings postings_;  // of all rows, sparse alone
};

}  // namespace sparrow::model
