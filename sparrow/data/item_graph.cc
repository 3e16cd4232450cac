#include "sparrow/data/item_graph.h"

#include <algorithm>

namespace sparrow::data {

ItemGraph build_item_graph(const Sequences& sequences, std::size_t items, Direction direction) {
  struct Edge {
    Row from;
    Row to;
    float weight;
  };
  std::vector<Edge> edges;
  for (std::size_t s = 0; s < sequences.count(); ++s) {
    for (std::uint64_t p = sequences.offsets[s]; p + 1 < sequences.offsets[s + 1]; ++p) {
      const Row a = sequences.items[p];
      const Row b = sequences.items[p + 1];
      if (a == b) continue;
      const float weight = sequences.weights.empty()
                               ? 1.0F
                               : 0.5F * (sequences.weights[p] + sequences.weights[p + 1]);
      edges.push_back({a, b, weight});
      if (direction == Direction::kUndirected) edges.push_back({b, a, weight});
    }
  }
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& x, const Edge& y) {
    return x.from != y.from ? x.from < y.from : x.to < y.to;
  });
  ItemGraph graph;
  graph.offsets.assign(items + 1, 0);
  for (std::size_t e = 0; e < edges.size();) {
    float weight = 0;
    std::size_t end = e;
    for (; end < edges.size() && edges[end].from == edges[e].from && edges[end].to == edges[e].to;
         ++end)
      weight += edges[end].weight;
    graph.targets.push_back(edges[e].to);
    graph.weights.push_back(weight);
    ++graph.offsets[edges[e].from + 1];
    e = end;
  }
  for (std::size_t i = 0; i < items; ++i) graph.offsets[i + 1] += graph.offsets[i];
  return graph;
}

ItemGraph strongest_edges(const ItemGraph& graph, std::size_t count) {
  ItemGraph strongest;
  std::vector<std::uint64_t> edges;
  for (Row node = 0; node < graph.nodes(); ++node) {
    edges.clear();
    for (std::uint64_t e = graph.offsets[node]; e < graph.offsets[node + 1]; ++e)
      edges.push_back(e);
    const std::size_t kept = std::min(count, edges.size());
    std::partial_sort(
        edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(kept), edges.end(),
        [&](std::uint64_t a, std::uint64_t b) {
          return graph.weights[a] != graph.weights[b] ? graph.weights[a] > graph.weights[b] : a < b;
        });
    edges.resize(kept);
    std::sort(edges.begin(), edges.end());
    for (const std::uint64_t e : edges) {
      strongest.targets.push_back(graph.targets[e]);
      strongest.weights.push_back(graph.weights[e]);
    }
    strongest.offsets.push_back(strongest.targets.size());
  }
  return strongest;
}

}  // namespace sparrow::data
