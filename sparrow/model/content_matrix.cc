#include "sparrow/model/content_matrix.h"

#include <algorithm>
#include <numeric>

#include "sparrow/model/views.h"

namespace sparrow::model {

ContentMatrix::ContentMatrix(const Model& model) {
  const auto content = ContentView::of(model);
  if (!content) return;
  indptr_ = content->offsets;
  indices_ = content->indices;
  values_ = content->values;
  for (const std::uint32_t f : indices_) features_ = std::max<std::size_t>(features_, f + 1);
  std::vector<Row> all(indptr_.size() - 1);
  std::iota(all.begin(), all.end(), Row{0});
  postings_ = postings_of(all);
}

ContentPostings ContentMatrix::postings_of(std::span<const Row> rows) const {
  ContentPostings postings;
  postings.begin.assign(features_ + 1, 0);
  if (empty()) return postings;
  for (const Row row : rows) {
    for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e)
      ++postings.begin[indices_[e] + 1];
  }
  std::partial_sum(postings.begin.begin(), postings.begin.end(), postings.begin.begin());
  postings.rows.resize(postings.begin.back());
  postings.values.resize(postings.begin.back());
  std::vector<std::uint32_t> next(postings.begin.begin(), postings.begin.end());
  for (Row i = 0; i < rows.size(); ++i) {
    for (std::uint32_t e = indptr_[rows[i]]; e < indptr_[rows[i] + 1]; ++e) {
      const std::uint32_t slot = next[indices_[e]]++;
      postings.rows[slot] = i;
      postings.values[slot] = values_[e];
    }
  }
  return postings;
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
  add_cosines(row, postings_, out);
}

void ContentMatrix::add_cosines(Row row, const ContentPostings& postings,
                                std::span<float> out) const {
  if (empty()) return;
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) {
    const float value = values_[e];
    const std::uint32_t end = postings.begin[indices_[e] + 1];
    for (std::uint32_t p = postings.begin[indices_[e]]; p < end; ++p)
      out[postings.rows[p]] += value * postings.values[p];
  }
}

}  // namespace sparrow::model
