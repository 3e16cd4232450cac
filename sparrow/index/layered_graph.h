// LayeredGraph: a ByteGraph of all nodes and a few of its beginning, each as it was when it had so
// many, through which a walk comes near the query. This is the hierarchy of HNSW (Malkov & Yashunin
// 2018): who comes first is as good as drawn by lot.
//
// Nodes are linked in rounds. Each node of a round looks for neighbors among those linked before,
// all at once, and then each of these takes up or turns down who chose it. So nothing is locked,
// and equal seeds give equal graphs whatever the number of threads.
#pragma once

#include <span>
#include <vector>

#include "sparrow/index/byte_graph.h"

namespace sparrow::index {

struct LinkOptions {
  std::size_t max_links = 16;  // that a node chooses; it is chosen until it has twice as many
  std::size_t ef_construction = 100;  // nodes among which it chooses
  std::size_t threads = 0;
};

// What a thread needs to look for neighbors; kept from one query to the next.
struct GraphScratch {
  ByteQuery query;
  ByteQuery other;
  Walk walk;
  std::vector<Node> entries;
  std::vector<Found> candidates;
  std::vector<Found> left_out;
  std::vector<std::uint64_t> copies;
  std::vector<Node> nodes;
  std::vector<Node> others;
  std::vector<std::int32_t> products;
};

class LayeredGraph {
 public:
  LayeredGraph(std::size_t dim, std::size_t capacity, const LinkOptions& options);

  ByteGraph& graph() { return graph_; }
  const ByteGraph& graph() const { return graph_; }

  // Links the nodes from `linked()` to the end of graph().
  void link();
  std::size_t linked() const { return linked_; }
  // scratch.entries: where to begin on graph() for scratch.query.
  void find_entries(GraphScratch& scratch) const;

 private:
  LayeredGraph(ByteGraph graph, const LinkOptions& options);
  std::size_t largest_layer() const;
  void renew_layers();
  void link_until(std::size_t end);
  void link_round(std::size_t end);
  void choose_neighbors(Node node, std::span<const Node> entries, GraphScratch& scratch);
  void take_up(std::size_t end, std::size_t part, std::size_t parts, GraphScratch& scratch);
  void add_links(Node node, std::span<const std::uint64_t> pairs, GraphScratch& scratch);
  void select(Node node, std::size_t limit, GraphScratch& scratch) const;

  LinkOptions options_;
  ByteGraph graph_;
  std::vector<ByteGraph> layers_;  // smallest first
  std::size_t linked_ = 0;
  std::vector<GraphScratch> scratch_;  // of each thread
};

}  // namespace sparrow::index
