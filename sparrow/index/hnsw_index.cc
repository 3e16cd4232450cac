#include "sparrow/index/hnsw_index.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace {

// hnswlib prefetches for the link behind the last one of a list: room for it, of a known value.
void* malloc_with_a_link_more(std::size_t bytes) {
  return std::calloc(1, bytes + sizeof(unsigned int));
}

}  // namespace

#define malloc(bytes) malloc_with_a_link_more(bytes)
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
#undef malloc

#include "sparrow/core/parallel.h"
#include "sparrow/core/result.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::index {
namespace {

using hnswlib::tableint;

class InnerProductSpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit InnerProductSpace(std::size_t dim) : dim_(dim) {}
  std::size_t get_data_size() override { return dim_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return simd::inner_product_distance(); }
  void* get_dist_func_param() override { return &dim_; }

 private:
  std::size_t dim_;
};

}  // namespace

struct HnswIndex::State {
  State(std::size_t dim, std::size_t given, const HnswOptions& o)
      : options(o),
        columns(dim),
        ef(o.ef_search),
        space(dim),
        graph(&space, std::max<std::size_t>(1, given + o.capacity), o.max_links, o.ef_construction,
              o.seed) {}

  const float* row(tableint id) const {
    return reinterpret_cast<const float*>(graph.getDataByInternalId(id));
  }
  // Where hnswlib put each row, and back.
  void find_rows() {
    internal.resize(rows);
    for (tableint i = 0; i < rows; ++i) internal[graph.getExternalLabel(i)] = i;
  }
  std::vector<Neighbor> exact(const IndexQuery& query) const;
  tableint descend(const float* query) const;
  std::vector<Neighbor> walk(const float* query, std::size_t wanted) const;

  HnswOptions options;
  std::size_t columns;
  std::size_t rows = 0;
  std::vector<tableint> internal;  // of each row
  std::atomic<std::size_t> ef;
  InnerProductSpace space;
  mutable hnswlib::HierarchicalNSW<float> graph;  // its search is const in effect
};

std::vector<Neighbor> HnswIndex::State::exact(const IndexQuery& query) const {
  TopK best(query.k);
  const auto add = [&](std::size_t r) {
    best.add(static_cast<Row>(r), simd::dot(query.vector.data(), row(internal[r]), columns));
  };
  if (query.allowed.empty()) {
    for (std::size_t r = 0; r < rows; ++r) add(r);
    return best.take();
  }
  // Eight flags at a time: few are set, or we would not be here. A vector takes longer to arrive
  // than to multiply, so it is sent for some rows before its turn.
  constexpr std::size_t kAhead = 8;
  constexpr std::size_t kLine = 64 / sizeof(float);
  std::size_t waiting[kAhead];
  std::size_t count = 0;
  const auto meet = [&](std::size_t r) {
    if (query.allowed[r] == 0) return;
    if (count >= kAhead) add(waiting[count % kAhead]);
    waiting[count++ % kAhead] = r;
    for (std::size_t c = 0; c < columns; c += kLine) __builtin_prefetch(row(internal[r]) + c);
  };
  std::size_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    std::uint64_t flags = 0;
    std::memcpy(&flags, query.allowed.data() + r, sizeof(flags));
    for (std::size_t i = 0; flags != 0 && i < 8; ++i) meet(r + i);
  }
  for (; r < rows; ++r) meet(r);
  for (std::size_t i = count - std::min(count, kAhead); i < count; ++i) add(waiting[i % kAhead]);
  return best.take();
}

// Greedily through the upper layers to a place near the query.
tableint HnswIndex::State::descend(const float* query) const {
  const auto distance = simd::inner_product_distance();
  tableint at = graph.enterpoint_node_;
  float nearest = distance(query, row(at), &columns);
  for (int level = graph.maxlevel_; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const auto* links = graph.get_linklist(at, level);
      const std::size_t count = graph.getListCount(const_cast<unsigned int*>(links));
      for (std::size_t i = 0; i < count; ++i) __builtin_prefetch(row(links[1 + i]));
      for (std::size_t i = 0; i < count; ++i) {
        const float d = distance(query, row(links[1 + i]), &columns);
        if (d >= nearest) continue;
        nearest = d;
        at = links[1 + i];
        moved = true;
      }
    }
  }
  return at;
}

// Best-first search of the lowest layer (Malkov & Yashunin 2018, algorithm 2), as hnswlib does it,
// but one sorted array is both heaps, and all new neighbors of an item are sent for before the
// first is looked at.
std::vector<Neighbor> HnswIndex::State::walk(const float* query, std::size_t wanted) const {
  struct Found {
    float distance = 0;
    tableint id = 0;
    bool expanded = false;
  };
  const auto distance = simd::inner_product_distance();
  const std::size_t kept = std::max(ef.load(std::memory_order_relaxed), wanted);
  std::vector<Found> best;
  best.reserve(kept + 1);
  std::vector<tableint> fresh(graph.maxM0_);
  auto* visited = graph.visited_list_pool_->getFreeVisitedList();
  const tableint start = descend(query);
  best.push_back({distance(query, row(start), &columns), start, false});
  visited->mass[start] = visited->curV;
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t next = 0; next < best.size();) {
    best[next].expanded = true;
    const auto* links = graph.get_linklist0(best[next].id);
    const std::size_t count = graph.getListCount(const_cast<unsigned int*>(links));
    for (std::size_t i = 1; i <= count; ++i) __builtin_prefetch(visited->mass + links[i]);
    std::size_t found = 0;
    for (std::size_t i = 1; i <= count; ++i) {
      if (visited->mass[links[i]] == visited->curV) continue;
      visited->mass[links[i]] = visited->curV;
      fresh[found++] = links[i];
      for (std::size_t c = 0; c < columns; c += kLine) __builtin_prefetch(row(links[i]) + c);
    }
    std::size_t first_changed = best.size();
    for (std::size_t i = 0; i < found; ++i) {
      const float d = distance(query, row(fresh[i]), &columns);
      if (best.size() == kept && d >= best.back().distance) continue;
      const auto place =
          std::upper_bound(best.begin(), best.end(), d,
                           [](float value, const Found& f) { return value < f.distance; });
      first_changed = std::min(first_changed, static_cast<std::size_t>(place - best.begin()));
      best.insert(place, {d, fresh[i], false});
      if (best.size() > kept) best.pop_back();
    }
    next = std::min(next, first_changed);
    while (next < best.size() && best[next].expanded) ++next;
    if (next < best.size()) __builtin_prefetch(graph.get_linklist0(best[next].id));
  }
  graph.visited_list_pool_->releaseVisitedList(visited);
  TopK nearest(wanted);
  for (std::size_t i = 0; i < std::min(wanted, best.size()); ++i)
    nearest.add(static_cast<Row>(graph.getExternalLabel(best[i].id)), 1.0F - best[i].distance);
  return nearest.take();
}

HnswIndex::HnswIndex(const Embeddings& vectors, const HnswOptions& options)
    : state_(std::make_unique<State>(vectors.dim(), vectors.rows(), options)) {
  State& s = *state_;
  s.rows = vectors.rows();
  if (s.rows == 0) return;
  s.graph.addPoint(vectors.row(0).data(), 0);
  parallel_for(s.rows - 1, 64, options.threads,
               [&](std::size_t begin, std::size_t end, std::size_t) {
                 for (std::size_t r = begin + 1; r < end + 1; ++r)
                   s.graph.addPoint(vectors.row(r).data(), r);
               });
  s.find_rows();
}

HnswIndex::~HnswIndex() = default;
std::size_t HnswIndex::size() const { return state_->rows; }
std::size_t HnswIndex::dim() const { return state_->columns; }
void HnswIndex::set_ef_search(std::size_t ef) { state_->ef = ef; }

void HnswIndex::insert(std::span<const float> vector) {
  SPARROW_CHECK(vector.size() == state_->columns);
  SPARROW_CHECK(state_->rows < state_->graph.max_elements_);
  state_->graph.addPoint(vector.data(), state_->rows);
  state_->internal.push_back(static_cast<tableint>(state_->rows));
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
    TopK best(query.k);
    std::size_t kept = 0;
    for (const Neighbor& found : s.walk(query.vector.data(), more)) {
      if (query.allowed[found.row] == 0) continue;
      best.add(found.row, found.score);
      ++kept;
    }
    return kept >= wanted ? best.take() : s.exact(query);
  }
  return s.walk(query.vector.data(), wanted);
}

}  // namespace sparrow::index
