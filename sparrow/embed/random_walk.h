// Random walks on the item graph: DeepWalk (Perozzi et al. 2014) and node2vec (Grover & Leskovec
// 2016).
#pragma once

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
// exactly, by rejection (KnightKing; Yang et al. 2019): memory stays O(edges). The graph must
// outlive this.
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

  // Nodes with edges, as a source for train_skip_gram(): a fresh set of walks every epoch.
  SequenceSource source() const;
  // Walks start from every node equally, so expected visits follow the edges: counts for the
  // trainer.
  std::vector<std::uint32_t> expected_counts() const;

 private:
  // One slot of an alias table, an edge each: its own target with probability `accept` (of 2^32),
  // else the other one.
  struct Edge {
    Row target;
    Row other;
    std::uint32_t accept;
  };
  struct Walker {
    Random random{0};
    std::vector<Row>* out = nullptr;
    std::size_t size = 0;
    Row previous = kNoRow;
    Row node = kNoRow;
    std::uint32_t draw = 0;  // decides between the targets of `slot`
    const Edge* slot = nullptr;
  };
  void begin(Walker& walker, const Start& start, std::size_t epoch, std::vector<Row>& out) const;
  bool choose(Walker& walker) const;
  void step(Walker& walker) const;
  bool accepts(Walker& walker, Row next) const;
  bool connected(Row from, Row to) const;

  const data::ItemGraph& graph_;
  WalkOptions options_;
  bool second_order_ = false;
  double back_ = 1;  // weight of a step to the previous node, of one to a node that is not its
  double away_ = 1;  // neighbor, and the largest of all three
  double highest_ = 1;
  std::vector<Edge> edges_;
  std::vector<Row> starts_;
};

}  // namespace sparrow::embed
