#include "sparrow/model/content_matrix.h"

#include <algorithm>
#include <numeric>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/views.h"

namespace sparrow::model {

ContentMatrix::ContentMatrix(const Model& model) {
  const auto content = ContentView::of(model);
  if (!content) return;
  indptr_ = content->offsets;
  indices_ = content->indices;
  values_ = content->values;
  dense_ = content->dense;
  for (const std::uint32_t f : indices_) features_ = std::max<std::size_t>(features_, f + 1);
  std::vector<Row> all(indptr_.size() - 1);
  std::iota(all.begin(), all.end(), Row{0});
  postings_ = sparse_postings_of(all);
}

ContentPostings ContentMatrix::postings_of(std::span<const Row> rows) const {
  ContentPostings postings = sparse_postings_of(rows);
  if (!dense_) return postings;
  postings.dense = Embeddings(rows.size(), dense_->dim());
  for (std::size_t i = 0; i < rows.size(); ++i) dense_->copy(rows[i], postings.dense.row(i));
  return postings;
}

ContentPostings ContentMatrix::sparse_postings_of(std::span<const Row> rows) const {
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
  float sum = dense_ ? dense_->dot(a, b) : 0.0F;
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

void ContentMatrix::sketch(Row row, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  if (empty()) return;
  const auto add = [&](std::uint32_t feature, float value) {
    const std::uint32_t hash = tie_rank(feature);
    out[hash % kSketch] += (hash >> 31) != 0 ? value : -value;
  };
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) add(indices_[e], values_[e]);
  if (!dense_ || !dense_->has(row)) return;
  thread_local std::vector<float> values;
  values.resize(dense_->dim());
  dense_->copy(row, values);
  for (std::size_t d = 0; d < values.size(); ++d)
    add(static_cast<std::uint32_t>(features_ + d), values[d]);
}

bool ContentMatrix::alone(Row row) const {
  if (dense_ && dense_->has(row)) return false;
  for (std::uint32_t e = empty() ? 0 : indptr_[row]; !empty() && e < indptr_[row + 1]; ++e) {
    if (postings_.begin[indices_[e] + 1] - postings_.begin[indices_[e]] > 1) return false;
  }
  return true;
}

void ContentMatrix::add_cosines(Row row, std::span<float> out) const {
  if (empty()) return;
  if (dense_ && dense_->has(row)) {
    thread_local std::vector<float> query;
    thread_local std::vector<float> products;
    query.resize(dense_->dim());
    products.resize(dense_->rows());
    dense_->copy(row, query);
    dense_->products(query, products);
    for (std::size_t j = 0; j < products.size(); ++j) out[j] += products[j];
  }
  add_sparse(row, postings_, out);
}

void ContentMatrix::add_cosines(std::span<const Row> rows, std::span<float> out) const {
  if (empty()) return;
  const std::size_t n = indptr_.size() - 1;
  if (dense_) {
    const std::size_t dim = dense_->dim();
    Embeddings seeds(rows.size(), dim);
    for (std::size_t i = 0; i < rows.size(); ++i) dense_->copy(rows[i], seeds.row(i));
    constexpr std::size_t kOthers = 128;  // stay in the cache while all seeds meet them
    Embeddings others(kOthers, dim);
    std::vector<float> tile(rows.size() * kOthers);
    for (std::size_t first = 0; first < n; first += kOthers) {
      const std::size_t count = std::min(kOthers, n - first);
      for (std::size_t j = 0; j < count; ++j)
        dense_->copy(static_cast<Row>(first + j), others.row(j));
      simd::dot_block(seeds.data(), rows.size(), others.data(), count, dim, tile.data(), kOthers);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = 0; j < count; ++j) out[i * n + first + j] += tile[i * kOthers + j];
      }
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    add_sparse(rows[i], postings_, out.subspan(i * n, n));
}

void ContentMatrix::add_cosines(Row row, const ContentPostings& postings,
                                std::span<float> out) const {
  if (empty()) return;
  if (dense_ && postings.dense.rows() > 0 && dense_->has(row)) {
    thread_local std::vector<float> query;
    thread_local std::vector<float> products;
    query.resize(dense_->dim());
    products.resize(postings.dense.rows());
    dense_->copy(row, query);
    simd::dot_rows(query.data(), postings.dense.data(), postings.dense.rows(), dense_->dim(),
                   products.data());
    for (std::size_t j = 0; j < products.size(); ++j) out[j] += products[j];
  }
  add_sparse(row, postings, out);
}

void ContentMatrix::add_sparse(Row row, const ContentPostings& postings,
                               std::span<float> out) const {
  for (std::uint32_t e = indptr_[row]; e < indptr_[row + 1]; ++e) {
    const float value = values_[e];
    const std::uint32_t end = postings.begin[indices_[e] + 1];
    for (std::uint32_t p = postings.begin[indices_[e]]; p < end; ++p)
      out[postings.rows[p]] += value * postings.values[p];
  }
}

}  // namespace sparrow::model
