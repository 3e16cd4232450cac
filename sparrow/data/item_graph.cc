#include "sparrow/data/item_graph.h"

#include <algorithm>

namespace sparrow::data {

namespace {

constexpr std::uint64_t kBlockTransitions = std::uint64_t{1} << 25;

// Calls body(from, to, weight) for every transition, in the order of the sequences.
template <typename Body>
void for_transitions(const Sequences& sequences, Direction direction, std::size_t window,
                     const Body& body) {
  const auto weight_of = [&](std::uint64_t p) {
    return sequences.weights.empty() ? 1.0F : sequences.weights[p];
  };
  for (std::size_t s = 0; s < sequences.count(); ++s) {
    const std::uint64_t end = sequences.offsets[s + 1];
    for (std::uint64_t p = sequences.offsets[s]; p < end; ++p) {
      for (std::uint64_t q = p + 1; q < end && q - p <= window; ++q) {
        const Row a = sequences.items[p];
        const Row b = sequences.items[q];
        if (a == b) continue;
        const float weight = 0.5F * (weight_of(p) + weight_of(q)) / static_cast<float>(q - p);
        body(a, b, weight);
        if (direction == Direction::kUndirected) body(b, a, weight);
      }
    }
  }
}

struct Transition {
  Row to;
  float weight;
};

// The edges of one node, which has no more after them.
void close_node(ItemGraph& graph, std::span<Transition> transitions) {
  std::stable_sort(transitions.begin(), transitions.end(),
                   [](const Transition& x, const Transition& y) { return x.to < y.to; });
  const std::size_t first = graph.targets.size();
  for (const Transition& t : transitions) {
    if (graph.targets.size() == first || graph.targets.back() != t.to) {
      graph.targets.push_back(t.to);
      graph.weights.push_back(0);
    }
    graph.weights.back() += t.weight;
  }
  graph.offsets.push_back(graph.targets.size());
}

}  // namespace

ItemGraph build_item_graph(const Sequences& sequences, std::size_t items, Direction direction,
                           std::size_t window) {
  std::vector<std::uint64_t> counts(items, 0);
  for_transitions(sequences, direction, window, [&](Row from, Row, float) { ++counts[from]; });
  ItemGraph graph;
  std::vector<Transition> block;
  std::vector<std::uint64_t> next;  // place of each node of the block
  for (std::size_t begin = 0; begin < items;) {
    std::uint64_t size = 0;
    std::size_t end = begin;
    next.clear();
    while (end < items && (end == begin || size + counts[end] <= kBlockTransitions)) {
      next.push_back(size);
      size += counts[end++];
    }
    block.resize(size);
    for_transitions(sequences, direction, window, [&](Row from, Row to, float weight) {
      if (from >= begin && from < end) block[next[from - begin]++] = {to, weight};
    });
    for (std::size_t node = begin; node < end; ++node)
      close_node(graph, {block.data() + (next[node - begin] - counts[node]), counts[node]});
    begin = end;
  }
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
