// Random walks on the item graph: DeepWalk (Perozzi et al. 2014) and node2vec (Grover & Leskovec
// 2016).
#pragma once

#include <cstdint>
#include <vector>

#include "sparrow/core/random.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/embed/skip_gram.h"

namespace sparrow::embed {

struct WalkOptions {
  std::size_t walks_per_node = 10;
  std::size_t walk_length = 40;
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

  // Walk number `w` of `node`; depends on seed, epoch, node and w only. Ends early where no edge
  // leads on.
  void walk(Row node, std::uint64_t w, std::size_t epoch, std::vector<Row>& out) const;

  // Nodes with edges, as a source for train_skip_gram(): a fresh set of walks every epoch.
  SequenceSource source() const;
  // Walks start from every node equally, so expected visits follow the edges: counts for the
  // trainer.
  std::vector<std::uint32_t> expected_counts() const;

 private:
  Row first_order(Row node, Random& random) const;
  Row second_order(Row previous, Row node, Random& random) const;
  bool connected(Row from, Row to) const;

  const data::ItemGraph& graph_;
  WalkOptions options_;
  std::vector<float> accept_;  // alias tables, one entry an edge
  std::vector<std::uint32_t> alias_;
  std::vector<Row> starts_;
};

}  // namespace sparrow::embed
