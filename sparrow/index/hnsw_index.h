// HnswIndex: hierarchical navigable small worlds (Malkov & Yashunin 2018) over rows in bytes.
#pragma once

#include <memory>

#include "sparrow/core/embeddings.h"
#include "sparrow/index/index.h"

namespace sparrow::index {

struct HnswOptions {
  std::size_t max_links = 16;         // that a row chooses; more: better recall, more memory
  std::size_t ef_construction = 100;  // candidates kept while building
  std::size_t ef_search = 64;         // candidates kept while searching; at least k is used
  std::size_t capacity = 0;           // rows that may be inserted later, beside those given
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

class HnswIndex final : public Index {
 public:
  // Equal seeds give equal graphs whatever the number of threads. Memory: rows * (1.5 * dim + 6 *
  // max_links + 2) bytes, where dim is taken up to a multiple of 32 and what is in front of the 2
  // to one of 64, a sixtieth more, and a byte a row for each thread that searches. Scores are those
  // of rows in 12 bits: off by about 1e-4 for unit vectors. The vectors themselves are not kept.
  HnswIndex(const Embeddings& vectors, const HnswOptions& options);
  ~HnswIndex() override;
  std::string_view name() const override { return "hnsw"; }
  std::size_t size() const override;
  std::size_t dim() const override;
  // A filter that few rows pass is searched exactly, but for the 12 bits.
  std::vector<Neighbor> search(const IndexQuery& query) const override;
  // SPARROW_CHECKs that the capacity is not used up.
  void insert(std::span<const float> vector) override;
  void set_ef_search(std::size_t ef);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sparrow::index
