// FlatIndex: exact search by looking at every row.
#pragma once

#include "sparrow/core/embeddings.h"
#include "sparrow/index/index.h"

namespace sparrow::index {

class FlatIndex final : public Index {
 public:
  explicit FlatIndex(const Embeddings& vectors);
  std::string_view name() const override { return "flat"; }
  std::size_t size() const override { return rows_; }
  std::size_t dim() const override { return dim_; }
  // O(allowed rows * dim).
  std::vector<Neighbor> search(const IndexQuery& query) const override;
  void insert(std::span<const float> vector) override;

 private:
  std::size_t rows_ = 0;
  std::size_t dim_ = 0;
  AlignedFloats values_;
};

}  // namespace sparrow::index
