// ItemGraph against a map of transitions.
#include "sparrow/data/item_graph.h"

#include <map>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::data {
namespace {

using Edges = std::map<std::pair<Row, Row>, float>;

Edges edges_of(const ItemGraph& graph) {
  Edges edges;
  for (Row a = 0; a < graph.nodes(); ++a) {
    EXPECT_TRUE(std::is_sorted(graph.neighbors(a).begin(), graph.neighbors(a).end()));
    for (auto e = graph.offsets[a]; e < graph.offsets[a + 1]; ++e)
      EXPECT_TRUE(edges.emplace(std::pair{a, graph.targets[e]}, graph.weights[e]).second);
  }
  return edges;
}

TEST(ItemGraph, AddsTransitionsUp) {
  Sequences s;
  s.offsets = {0, 4, 6};
  s.items = {0, 1, 1, 2, 0, 1};  // 1 -> 1 is no edge; 2 -> 0 lies between sequences
  EXPECT_EQ(edges_of(build_item_graph(s, 4, Direction::kDirected)),
            (Edges{{{0, 1}, 2.0F}, {{1, 2}, 1.0F}}));
  EXPECT_EQ(edges_of(build_item_graph(s, 4, Direction::kUndirected)),
            (Edges{{{0, 1}, 2.0F}, {{1, 0}, 2.0F}, {{1, 2}, 1.0F}, {{2, 1}, 1.0F}}));
}

TEST(ItemGraph, WeightsAreTheMeanOfBothEnds) {
  Sequences s;
  s.offsets = {0, 3};
  s.items = {0, 1, 2};
  s.weights = {0.5F, 1.0F, 0.0F};
  EXPECT_EQ(edges_of(build_item_graph(s, 3, Direction::kDirected)),
            (Edges{{{0, 1}, 0.75F}, {{1, 2}, 0.5F}}));
}

TEST(ItemGraph, AWindowLinksItemsFurtherApartMoreWeakly) {
  Sequences s;
  s.offsets = {0, 4};
  s.items = {0, 1, 2, 0};
  EXPECT_EQ(
      edges_of(build_item_graph(s, 3, Direction::kDirected, 2)),
      (Edges{{{0, 1}, 1.0F}, {{0, 2}, 0.5F}, {{1, 2}, 1.0F}, {{1, 0}, 0.5F}, {{2, 0}, 1.0F}}));
}

TEST(ItemGraph, RandomSequences) {
  Random random(3);
  Sequences s;
  Edges expected;
  for (int n = 0; n < 50; ++n) {
    for (int i = 0; i < 20; ++i) s.items.push_back(random.below(15));
    for (auto p = s.offsets.back(); p + 1 < s.items.size(); ++p) {
      if (s.items[p] != s.items[p + 1]) expected[{s.items[p], s.items[p + 1]}] += 1;
    }
    s.offsets.push_back(s.items.size());
  }
  EXPECT_EQ(edges_of(build_item_graph(s, 15, Direction::kDirected)), expected);
}

TEST(ItemGraph, Empty) { EXPECT_EQ(build_item_graph({}, 3, Direction::kDirected).nodes(), 3U); }

}  // namespace
}  // namespace sparrow::data
