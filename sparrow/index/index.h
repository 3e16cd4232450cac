// Index: embeddings -> nearest neighbors by inner product (of unit vectors: cosine). FlatIndex is
// exact and judges HnswIndex, which is approximate and fast for large sets.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/core/top_k.h"

namespace sparrow::index {

struct IndexQuery {
  std::span<const float> vector;
  std::size_t k = 10;
  // 1: may be found; one byte a row, or empty: all may. Never shortens the list while k such rows
  // exist: an approximate index searches exactly when few rows are allowed.
  std::span<const std::uint8_t> allowed;
};

// Safe for use by several threads, but not while insert() runs.
class Index {
 public:
  virtual ~Index() = default;
  virtual std::string_view name() const = 0;
  virtual std::size_t size() const = 0;
  virtual std::size_t dim() const = 0;
  // Best first, equal scores as in TopK.
  virtual std::vector<Neighbor> search(const IndexQuery& query) const = 0;
  // Adds a row after the last one. One writer.
  virtual void insert(std::span<const float> vector) = 0;
};

// Share of the k exact neighbors that the index finds, over `queries` of its own rows.
double recall_at_k(const Index& index, const Index& exact,
                   std::span<const std::vector<float>> queries, std::size_t k);

}  // namespace sparrow::index
