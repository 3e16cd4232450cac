// search() chooses between a walk and looking at every row that is allowed.
#include "sparrow/index/hnsw_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "sparrow/core/parallel.h"
#include "sparrow/core/result.h"
#include "sparrow/index/layered_graph.h"

namespace sparrow::index {
namespace {

// Buffers of a query, lent to one thread at a time.
struct Lent {
  GraphScratch graph;
  std::vector<std::uint32_t> rows;
  std::vector<Found> best;
};

class Lender {
 public:
  std::unique_ptr<Lent> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Lent>();
    auto lent = std::move(free_.back());
    free_.pop_back();
    return lent;
  }
  void give_back(std::unique_ptr<Lent> lent) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(lent));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lent>> free_;
};

// Candidates by 8 bits that are scored by 12.
std::size_t scored_again(std::size_t k) { return k + k / 2 + 16; }

}  // namespace

struct HnswIndex::State {
  State(const Embeddings& vectors, const HnswOptions& o)
      : ef(o.ef_search),
        order(vectors.rows(), o.seed),
        layered(vectors.dim(), vectors.rows() + o.capacity,
                {.max_links = o.max_links,
                 .ef_construction = o.ef_construction,
                 .threads = o.threads}) {}

  const ByteGraph& graph() const { return layered.graph(); }
  bool collect_few(std::span<const std::uint8_t> allowed, std::size_t most, Lent& lent) const;
  void look_at(std::span<const std::uint32_t> rows, std::size_t width, Lent& lent) const;
  std::vector<Neighbor> exact(const IndexQuery& query, std::size_t wanted, Lent& lent) const;
  std::vector<Neighbor> walk(std::size_t wanted, Lent& lent) const;
  std::vector<Neighbor> filtered(const IndexQuery& query, std::size_t wanted, Lent& lent) const;
  std::vector<Neighbor> score_again(std::span<const Found> best, std::size_t wanted,
                                    const Lent& lent) const;

  std::atomic<std::size_t> ef;
  SpreadOrder order;
  LayeredGraph layered;
  mutable Lender lender;
};

// lent.rows: the allowed ones, unless they are more than `most`.
bool HnswIndex::State::collect_few(std::span<const std::uint8_t> allowed, std::size_t most,
                                   Lent& lent) const {
  constexpr std::size_t kBlock = 4096;
  lent.rows.resize(std::min(most, allowed.size()) + kBlock);
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < allowed.size() && count <= most; begin += kBlock)
    count +=
        simd::positions_of_set(allowed.data() + begin, std::min(kBlock, allowed.size() - begin),
                               static_cast<std::uint32_t>(begin), lent.rows.data() + count);
  if (count > most) return false;
  lent.rows.resize(count);
  return true;
}

// lent.best: the best `width` of the rows by 8 bits, best first. Rows are sent for before their
// turn.
void HnswIndex::State::look_at(std::span<const std::uint32_t> rows, std::size_t width,
                               Lent& lent) const {
  constexpr std::size_t kBatch = 16;
  Node nodes[2][kBatch];
  std::int32_t products[kBatch];
  lent.best.clear();
  const auto send_for = [&](std::size_t begin, Node* to) {
    const std::size_t count = std::min(kBatch, rows.size() - std::min(begin, rows.size()));
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = static_cast<Node>(order.place_of(rows[begin + i]));
      graph().prefetch_row(to[i]);
    }
    return count;
  };
  std::size_t count = send_for(0, nodes[0]);
  for (std::size_t begin = 0, now = 0; count > 0; begin += kBatch, now ^= 1) {
    const std::size_t next = send_for(begin + kBatch, nodes[now ^ 1]);
    graph().multiply(lent.graph.query, {nodes[now], count}, products);
    for (std::size_t i = 0; i < count; ++i) {
      const Node node = nodes[now][i];
      const Found found(static_cast<float>(products[i]) * graph().scale_of(node), node);
      if (lent.best.size() < width || found < lent.best.back())
        insert_sorted(lent.best, width, found);
    }
    count = next;
  }
}

std::vector<Neighbor> HnswIndex::State::score_again(std::span<const Found> best, std::size_t wanted,
                                                    const Lent& lent) const {
  TopK nearest(wanted);
  for (const Found& found : best.first(std::min(best.size(), scored_again(wanted))))
    nearest.add(order.row_at(found.node()), graph().score(lent.graph.query, found.node()));
  return nearest.take();
}

std::vector<Neighbor> HnswIndex::State::exact(const IndexQuery& query, std::size_t wanted,
                                              Lent& lent) const {
  if (query.allowed.empty()) {
    lent.rows.resize(graph().size());
    for (std::size_t r = 0; r < lent.rows.size(); ++r) lent.rows[r] = static_cast<Row>(r);
  } else {
    collect_few(query.allowed, query.allowed.size(), lent);
  }
  wanted = std::min(wanted, lent.rows.size());
  look_at(lent.rows, scored_again(wanted), lent);
  return score_again(lent.best, wanted, lent);
}

std::vector<Neighbor> HnswIndex::State::walk(std::size_t wanted, Lent& lent) const {
  layered.find_entries(lent.graph);
  graph().search(lent.graph.query, lent.graph.entries,
                 std::max(ef.load(std::memory_order_relaxed), wanted), lent.graph.walk);
  return score_again(lent.graph.walk.best, wanted, lent);
}

std::vector<Neighbor> HnswIndex::State::filtered(const IndexQuery& query, std::size_t wanted,
                                                 Lent& lent) const {
  const std::size_t rows = graph().size();
  // Rows at places that do not follow any order of them.
  constexpr std::size_t kSample = 512;
  std::size_t hits = 0;
  const std::size_t sample = std::min(kSample, rows);
  for (std::size_t i = 0; i < sample; ++i) hits += query.allowed[order.row_at(i)] != 0 ? 1U : 0U;
  const double share = (static_cast<double>(hits) + 1) / (static_cast<double>(sample) + 1);
  // A walk collects so many allowed ones, and meets 1 / share as many nodes: fewer of a rarer kind,
  // since it goes the farther for them.
  constexpr double kRarer = 0.35;
  const auto width = static_cast<double>(std::max(ef.load(std::memory_order_relaxed), wanted));
  const double needed =
      std::max(1.5 * static_cast<double>(wanted), width * std::pow(share, kRarer));
  // Measured: a step of a walk costs as much as looking at so many rows.
  constexpr double kRowsAStep = 100;
  const double steps = needed / share;
  const auto few = static_cast<std::size_t>(steps * kRowsAStep);
  if (share * static_cast<double>(rows) < 2 * static_cast<double>(few) &&
      collect_few(query.allowed, few, lent)) {
    wanted = std::min(wanted, lent.rows.size());
    look_at(lent.rows, scored_again(wanted), lent);
    return score_again(lent.best, wanted, lent);
  }
  layered.find_entries(lent.graph);
  graph().search_allowed(lent.graph.query, lent.graph.entries, static_cast<std::size_t>(needed),
                         static_cast<std::size_t>(4 * steps) + 1000, {query.allowed, order},
                         lent.graph.walk);
  if (lent.graph.walk.passed.size() < wanted) return exact(query, wanted, lent);
  return score_again(lent.graph.walk.passed, wanted, lent);
}

HnswIndex::HnswIndex(const Embeddings& vectors, const HnswOptions& options)
    : state_(std::make_unique<State>(vectors, options)) {
  State& s = *state_;
  ByteGraph& graph = s.layered.graph();
  float largest = 0;
  for (const float v : vectors.values()) largest = std::max(largest, std::abs(v));
  graph.set_range(largest);
  graph.resize(vectors.rows());
  parallel_for(
      vectors.rows(), 1024, options.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
        for (std::size_t r = begin; r < end; ++r)
          graph.set_row(static_cast<Node>(s.order.place_of(static_cast<Row>(r))), vectors.row(r));
      });
  s.layered.link();
}

HnswIndex::~HnswIndex() = default;
std::size_t HnswIndex::size() const { return state_->graph().size(); }
std::size_t HnswIndex::dim() const { return state_->graph().dim(); }
void HnswIndex::set_ef_search(std::size_t ef) { state_->ef = ef; }

void HnswIndex::insert(std::span<const float> vector) {
  ByteGraph& graph = state_->layered.graph();
  SPARROW_CHECK(vector.size() == graph.dim());
  const std::size_t row = graph.size();
  graph.resize(row + 1);
  graph.set_row(static_cast<Node>(row), vector);
  state_->layered.link();
}

std::vector<Neighbor> HnswIndex::search(const IndexQuery& query) const {
  const State& s = *state_;
  const std::size_t wanted = std::min(query.k, s.graph().size());
  if (wanted == 0) return {};
  SPARROW_CHECK(query.allowed.empty() || query.allowed.size() == s.graph().size());
  auto lent = s.lender.take();
  s.graph().set_query(query.vector, lent->graph.query);
  std::vector<Neighbor> found =
      query.allowed.empty() ? s.walk(wanted, *lent) : s.filtered(query, wanted, *lent);
  if (query.allowed.empty() && found.size() < wanted) found = s.exact(query, wanted, *lent);
  s.lender.give_back(std::move(lent));
  return found;
}

}  // namespace sparrow::index
