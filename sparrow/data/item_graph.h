// ItemGraph: which item follows which, as a weighted graph (CSR).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/data/sequences.h"

namespace sparrow::data {

struct ItemGraph {
  std::vector<std::uint64_t> offsets{0};  // items + 1
  std::vector<Row> targets;               // ascending within a node
  std::vector<float> weights;

  std::size_t nodes() const { return offsets.size() - 1; }
  std::span<const Row> neighbors(Row row) const {
    return {targets.data() + offsets[row], targets.data() + offsets[row + 1]};
  }
};

enum class Direction { kDirected, kUndirected };

// An edge from each item to the next `window` of its sequence, of weight 1 / distance; weights add
// up (times the mean of both positions' sequence weights, so time decay carries over). Undirected
// counts each transition both ways. With window 1 only what was watched right after is an edge.
// O(tokens window log) time; memory: the graph and 8 bytes for each transition of a block of nodes,
// 256 MB or the heaviest node.
ItemGraph build_item_graph(const Sequences& sequences, std::size_t items, Direction direction,
                           std::size_t window = 1);

// Only the `count` heaviest edges of each node.
ItemGraph strongest_edges(const ItemGraph& graph, std::size_t count);

}  // namespace sparrow::data
