// HnswIndex: hierarchical navigable small worlds (Malkov & Yashunin 2018) by hnswlib, with our
// kernels for the distance.
#pragma once

#include <memory>

#include "sparrow/core/embeddings.h"
#include "sparrow/index/index.h"

namespace sparrow::index {

struct HnswOptions {
  std::size_t max_links = 16;         // of a row in each layer; more: better recall, more memory
  std::size_t ef_construction = 100;  // candidates kept while building
  std::size_t ef_search = 64;         // candidates kept while searching; at least k is used
  std::size_t capacity = 0;           // rows that may be inserted later, beside those given
  std::uint64_t seed = 1;
  std::size_t threads = 0;
  // Filtered searches with fewer allowed rows than this share are exact: a graph walk would meet
  // too few of them.
  double exact_share = 0.05;
};

class HnswIndex final : public Index {
 public:
  // Memory: rows * (dim * 4 + max_links * 8 + about 20) bytes. With one thread equal seeds give
  // equal graphs.
  HnswIndex(const Embeddings& vectors, const HnswOptions& options);
  ~HnswIndex() override;
  std::string_view name() const override { return "hnsw"; }
  std::size_t size() const override;
  std::size_t dim() const override;
  std::vector<Neighbor> search(const IndexQuery& query) const override;
  // SPARROW_CHECKs that the capacity is not used up.
  void insert(std::span<const float> vector) override;
  void set_ef_search(std::size_t ef);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sparrow::index
