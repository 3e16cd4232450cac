// Random walks on the item graph: DeepWalk (Perozzi et al. 2014) and node2vec (Grover & Leskovec
// 2016).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/random.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/embed/skip_gram.h"

namespace sparrow::embed {

struct WalkOptions {
  std::size_t graph_window = 5;  // of data::build_item_graph()
  // In each epoch: short walks and many epochs are best (docs/quality.md).
  std::size_t walks_per_node = 1;
  std::size_t walk_length = 20;
  float p = 1;  // return parameter: small keeps near the previous item
  float q = 1;  // in-out parameter: above 1 stays local, below 1 explores
  std::uint64_t seed = 1;
};

// Draws walks one by one. First-order steps by alias tables (Walker 1977); second-order weights
// exactly, by rejection (KnightKing; Yang et al. 2019): memory stays O(edges), 12 or 16 bytes each.
// The graph must outlive this.
class WalkSampler {
 public:
  WalkSampler(const data::ItemGraph& graph, const WalkOptions& options);

  struct Start {
    Row node;
    std::uint32_t number;  // of the walk, among those of its node
  };
  // Walks, side by side so that one's steps hide the other's waits for memory. Each depends on
  // seed, epoch and its start only. Ends early where no edge leads on.
  void walk(std::span<const Start> starts, std::size_t epoch,
            std::span<std::vector<Row>> out) const;

  // Walks from the nodes with edges, a fresh set every epoch. With parts, from every parts-th node
  // alone: the sources of all parts together have the walks of the whole.
  SequenceSource source(std::size_t part = 0, std::size_t parts = 1) const;
  // Walks start from every node equally, so expected visits follow the edges: counts for the
  // trainer.
  std::vector<std::uint32_t> expected_counts() const;

 private:
  // One slot of an alias table, an edge each: itself with probability `accept` (of 2^32), else the
  // other one, given by its target or, for kSecondByTable, by its number among those of the node.
  struct Edge {
    Row target;
    std::uint32_t other;
    std::uint32_t accept;
  };
  struct Walker {
    Random random{0};
    std::vector<Row>* out = nullptr;
    Row* rows = nullptr;  // of out
    std::size_t size = 0;
    Row previous = kNoRow;
    Row node = kNoRow;
    std::uint64_t edge = 0;      // that led to the node
    std::uint64_t first = 0;     // edge of the node
    std::uint32_t slot = 0;      // chosen, of the node's
    std::uint32_t draw = 0;      // decides between the slot and its other edge
    std::uint32_t rejector = 0;  // decides whether a second-order walk takes it
  };
  // What a step depends on: the node; the previous one too, with tables of common neighbors where
  // no node has more than kTableDegree, or by looking them up.
  enum class Order { kFirst, kSecondByTable, kSecondByLookUp };

  void build_alias_tables();
  void build_shared();
  template <Order kOrder>
  void walk_by(std::span<const Start> starts, std::size_t epoch,
               std::span<std::vector<Row>> out) const;
  void begin(Walker& walker, const Start& start, std::size_t epoch, std::vector<Row>& out) const;
  bool choose(Walker& walker) const;
  template <Order kOrder>
  void step(Walker& walker) const;
  template <Order kOrder>
  std::uint64_t accepts(const Walker& walker, std::uint64_t slot, Row next) const;

  static constexpr std::size_t kTableDegree = 32;

  const data::ItemGraph& graph_;
  WalkOptions options_;
  Order order_ = Order::kFirst;
  // Probability (of 2^32) to take a step to a node that is no neighbor of the previous one, to its
  // neighbor, and (twice) back to itself.
  std::array<std::uint64_t, 4> accept_{};
  std::uint64_t least_ = 0;  // of them
  std::vector<Edge> edges_;
  // For kSecondByTable, by edge: which edges of its target (a bit each) lead to a neighbor of its
  // source.
  std::vector<std::uint32_t> shared_;
  std::vector<Row> starts_;
};

}  // namespace sparrow::embed
