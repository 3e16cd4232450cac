#include "sparrow/model/content_matrix.h"

#include <algorithm>

namespace sparrow::model {

ContentMatrix::ContentMatrix(const Model& model) {
  const Tensor* indptr = model.find("content.indptr");
  if (indptr == nullptr) return;
  indptr_ = indptr->uint32s();
  indices_ = model.find("content.indices")->uint32s();
  values_ = model.find("content.values")->floats();
  std::uint32_t features = 0;
  for (const std::uint32_t f : indices_) features = std::max(features, f + 1);
  postings_begin_.assign(features + 1, 0);
  for (const std::uint32_t f : indices_) ++postings_begin_[f + 1];
  for (std::size_t f = 0; f < features; ++f) postings_begin_[f + 1] += postings_begin_[f];
  posting_rows_.resize(indices_.size());
  posting_values_.resize(indices_.size());
  std::vector<std::uint32_t> next(postings_begin_.begin(), postings_begin_.end());
  for (Row row = 0; row + 1 < indptr_.size(); ++row) {
    for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) {
      const std::uint32_t slot = next[indices_[e]]++;
      posting_rows_[slot] = row;
      posting_values_[slot] = values_[e];
    }
  }
}

float ContentMatrix::cosine(Row a, Row b) const {
  if (empty()) return 0;
  float sum = 0;
  std::uint32_t i = indptr_[a];
  std::uint32_t j = indptr_[b];
  while (i < indptr_[a + 1] && j < indptr_[b + 1]) {
    if (indices_[i] == indices_[j]) {
      sum += values_[i++] * values_[j++];
    } else if (indices_[i] < indices_[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return sum;
}

void ContentMatrix::add_cosines(Row row, std::span<float> out) const {
  if (empty()) return;
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) {
    const float value = values_[e];
    for (std::uint32_t p = postings_begin_[indices_[e]]; p < postings_begin_[indices_[e] + 1];
         ++p) {
      out[posting_rows_[p]] += value * posting_values_[p];
    }
  }
}

void ContentMatrix::fill_dense(Row row, std::span<float> dense) const {
  if (empty()) return;
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) dense[indices_[e]] = values_[e];
}

void ContentMatrix::clear_dense(Row row, std::span<float> dense) const {
  if (empty()) return;
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) dense[indices_[e]] = 0;
}

float ContentMatrix::cosine_with(std::span<const float> dense, Row row) const {
  if (empty()) return 0;
  float sum = 0;
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e)
    sum += dense[indices_[e]] * values_[e];
  return sum;
}

}  // namespace sparrow::model
