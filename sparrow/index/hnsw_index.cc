#include "sparrow/index/hnsw_index.h"

#include <algorithm>

// hnswlib's own distances are not used; ours are chosen at run time.
#define NO_MANUAL_VECTORIZATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#include <hnswlib/hnswlib.h>
#pragma GCC diagnostic pop

#include "sparrow/core/parallel.h"
#include "sparrow/core/result.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::index {
namespace {

float distance(const void* a, const void* b, const void* dim) {
  return 1.0F - simd::dot(static_cast<const float*>(a), static_cast<const float*>(b),
                          *static_cast<const std::size_t*>(dim));
}

class InnerProductSpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit InnerProductSpace(std::size_t dim) : dim_(dim) {}
  std::size_t get_data_size() override { return dim_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &dim_; }

 private:
  std::size_t dim_;
};

}  // namespace

struct HnswIndex::State {
  State(std::size_t dim, std::size_t given, const HnswOptions& o)
      : options(o),
        columns(dim),
        space(dim),
        graph(&space, std::max<std::size_t>(1, given + o.capacity), o.max_links, o.ef_construction,
              o.seed) {}

  const float* row(std::size_t internal) const {
    return reinterpret_cast<const float*>(
        graph.getDataByInternalId(static_cast<hnswlib::tableint>(internal)));
  }
  std::vector<Neighbor> exact(const IndexQuery& query) const {
    TopK best(query.k);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto label =
          static_cast<Row>(graph.getExternalLabel(static_cast<hnswlib::tableint>(i)));
      if (query.allowed.empty() || query.allowed[label] != 0)
        best.add(label, simd::dot(query.vector.data(), row(i), columns));
    }
    return best.take();
  }

  HnswOptions options;
  std::size_t columns;
  std::size_t rows = 0;
  InnerProductSpace space;
  mutable hnswlib::HierarchicalNSW<float> graph;  // its search is const in effect
};

HnswIndex::HnswIndex(const Embeddings& vectors, const HnswOptions& options)
    : state_(std::make_unique<State>(vectors.dim(), vectors.rows(), options)) {
  State& s = *state_;
  s.graph.setEf(options.ef_search);
  s.rows = vectors.rows();
  if (s.rows == 0) return;
  s.graph.addPoint(vectors.row(0).data(), 0);
  parallel_for(s.rows - 1, 64, options.threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 for (std::size_t r = begin + 1; r < end + 1; ++r)
                   s.graph.addPoint(vectors.row(r).data(), r);
               });
}

HnswIndex::~HnswIndex() = default;
std::size_t HnswIndex::size() const { return state_->rows; }
std::size_t HnswIndex::dim() const { return state_->columns; }
void HnswIndex::set_ef_search(std::size_t ef) { state_->graph.setEf(ef); }

void HnswIndex::insert(std::span<const float> vector) {
  SPARROW_CHECK(vector.size() == state_->columns);
  SPARROW_CHECK(state_->rows < state_->graph.max_elements_);
  state_->graph.addPoint(vector.data(), state_->rows);
  ++state_->rows;
}

std::vector<Neighbor> HnswIndex::search(const IndexQuery& query) const {
  const State& s = *state_;
  std::size_t wanted = std::min(query.k, s.rows);
  if (wanted == 0) return {};
  if (!query.allowed.empty()) {
    const auto allowed = static_cast<std::size_t>(
        std::count_if(query.allowed.begin(), query.allowed.end(), [](auto a) { return a != 0; }));
    wanted = std::min(wanted, allowed);
    if (wanted == 0) return {};
    const double share = static_cast<double>(allowed) / static_cast<double>(s.rows);
    if (share < s.options.exact_share) return s.exact(query);
    // Enough that the allowed among them are k with room to spare.
    const auto more = static_cast<std::size_t>(2.0 * static_cast<double>(wanted) / share) + 32;
    if (more > s.rows / 4) return s.exact(query);
    auto found = s.graph.searchKnn(query.vector.data(), more);
    TopK best(query.k);
    std::size_t kept = 0;
    for (; !found.empty(); found.pop()) {
      const auto row = static_cast<Row>(found.top().second);
      if (query.allowed[row] == 0) continue;
      best.add(row, 1.0F - found.top().first);
      ++kept;
    }
    return kept >= wanted ? best.take() : s.exact(query);
  }
  auto found = s.graph.searchKnn(query.vector.data(), wanted);
  TopK best(query.k);
  for (; !found.empty(); found.pop())
    best.add(static_cast<Row>(found.top().second), 1.0F - found.top().first);
  return best.take();
}

}  // namespace sparrow::index
