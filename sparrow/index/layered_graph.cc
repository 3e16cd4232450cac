// link_round() is where a graph is made.
#include "sparrow/index/layered_graph.h"

#include <algorithm>

#include "sparrow/core/parallel.h"
#include "sparrow/core/top_k.h"

namespace sparrow::index {
namespace {

constexpr std::size_t kLayerRatio = 64;  // nodes of a layer for one of the layer above
constexpr std::size_t kLeastLayer = 32;  // nodes of the smallest layer
constexpr std::size_t kEntryWidth = 8;   // nodes kept on the way down
constexpr std::size_t kRoundShare = 50;  // a round adds so much less than there is
constexpr std::size_t kLongestRound = 20'000;

}  // namespace

LayeredGraph::LayeredGraph(std::size_t dim, std::size_t capacity, const LinkOptions& options)
    : options_(options), graph_(dim, 2 * options.max_links, capacity) {
  options_.threads = thread_count(options.threads);
}

LayeredGraph::LayeredGraph(ByteGraph graph, const LinkOptions& options)
    : options_(options), graph_(std::move(graph)) {}

void LayeredGraph::find_entries(GraphScratch& scratch) const {
  scratch.entries.assign(1, 0);
  for (const ByteGraph& layer : layers_) {
    layer.search(scratch.query, scratch.entries, kEntryWidth, scratch.walk);
    scratch.entries.clear();
    for (const Found& found : scratch.walk.best) scratch.entries.push_back(found.node());
  }
}

void LayeredGraph::link() {
  scratch_.resize(options_.threads);
  const std::size_t nodes = graph_.size();
  const bool many = nodes > linked_ + 1;
  if (linked_ == 0) {
    std::vector<std::size_t> sizes;
    for (std::size_t size = nodes / kLayerRatio; size >= kLeastLayer; size /= kLayerRatio)
      sizes.push_back(size);
    for (; !sizes.empty(); sizes.pop_back()) {
      link_until(sizes.back());
      layers_.push_back(graph_.first_nodes(sizes.back()));
    }
  }
  link_until(nodes);
  if (nodes / kLayerRatio >= std::max(kLeastLayer, 2 * largest_layer())) renew_layers();
  if (many) scratch_.clear();  // the next is perhaps never
}

std::size_t LayeredGraph::largest_layer() const {
  return layers_.empty() ? 0 : layers_.back().size();
}

// Of a graph that has grown by insertions: its first rows are linked anew among each other.
void LayeredGraph::renew_layers() {
  LayeredGraph upper(graph_.first_rows(graph_.size() / kLayerRatio), options_);
  upper.link();
  layers_ = std::move(upper.layers_);
  layers_.push_back(std::move(upper.graph_));
}

void LayeredGraph::link_until(std::size_t end) {
  if (linked_ == 0 && end > 0) linked_ = 1;  // the first has nobody to choose
  while (linked_ < end)
    link_round(
        std::min(end, linked_ + std::clamp<std::size_t>(linked_ / kRoundShare, 1, kLongestRound)));
}

void LayeredGraph::link_round(std::size_t end) {
  // Nodes that begin at the same place are done one after the other: they meet the same rows.
  const std::size_t nodes = end - linked_;
  std::vector<std::uint64_t> order(nodes);
  std::vector<Node> entries(nodes * kEntryWidth);
  constexpr std::size_t kBlock = 64;
  parallel_for(
      nodes, kBlock, options_.threads, [&](std::size_t from, std::size_t to, std::size_t thread) {
        GraphScratch& scratch = scratch_[thread];
        for (std::size_t i = from; i < to; ++i) {
          graph_.set_query(static_cast<Node>(linked_ + i), scratch.query);
          find_entries(scratch);
          // The last is named again where there are fewer.
          for (std::size_t e = 0; e < kEntryWidth; ++e)
            entries[i * kEntryWidth + e] = scratch.entries[std::min(e, scratch.entries.size() - 1)];
          order[i] = std::uint64_t{scratch.entries[0]} << 32 | i;
        }
      });
  std::sort(order.begin(), order.end());
  parallel_for(
      nodes, kBlock, options_.threads, [&](std::size_t from, std::size_t to, std::size_t thread) {
        for (std::size_t place = from; place < to; ++place) {
          const std::size_t i = order[place] & 0xffffffffU;
          choose_neighbors(static_cast<Node>(linked_ + i),
                           {entries.data() + i * kEntryWidth, kEntryWidth}, scratch_[thread]);
        }
      });
  const std::size_t parts = nodes < kBlock ? 1 : options_.threads;
  parallel_for(parts, 1, options_.threads, [&](std::size_t part, std::size_t, std::size_t thread) {
    take_up(end, part, parts, scratch_[thread]);
  });
  linked_ = end;
}

void LayeredGraph::choose_neighbors(Node node, std::span<const Node> entries,
                                    GraphScratch& scratch) {
  graph_.set_query(node, scratch.query);
  graph_.search(scratch.query, entries, options_.ef_construction, scratch.walk);
  scratch.candidates = scratch.walk.best;
  select(node, options_.max_links, scratch);
  graph_.set_links(node, scratch.nodes);
}

// The heuristic of neighbor selection (algorithm 4): a candidate that is nearer to one taken before
// than to the node is left out, so that links lead in all directions. The nearest of those left out
// fill the list up, but equal rows only half of it, and whichever: many of them would else know
// nobody but the same few of themselves. candidates -> nodes.
void LayeredGraph::select(Node node, std::size_t limit, GraphScratch& scratch) const {
  const float scale = graph_.scale_of(node);
  std::vector<Found>& left = scratch.candidates;
  std::vector<Node>& taken = scratch.nodes;
  taken.clear();
  std::vector<Node>& others = scratch.others;
  std::vector<Found>& left_out = scratch.left_out;
  left_out.clear();
  std::vector<std::uint64_t>& copies = scratch.copies;
  copies.clear();
  while (!left.empty() && taken.size() < limit) {
    const Node chosen = left[0].node();
    taken.push_back(chosen);
    others.clear();
    for (std::size_t i = 1; i < left.size(); ++i) others.push_back(left[i].node());
    scratch.products.resize(others.size());
    graph_.set_query(chosen, scratch.other);
    graph_.multiply(scratch.other, others, scratch.products.data());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < others.size(); ++i) {
      const float between = static_cast<float>(scratch.products[i]) * graph_.scale_of(others[i]);
      if (between * scratch.other.scale < left[i + 1].score() * scale) {
        left[kept++] = left[i + 1];
      } else if (graph_.equal_rows(chosen, others[i])) {
        copies.push_back(std::uint64_t{tie_rank(others[i] ^ tie_rank(node))} << 32 | others[i]);
      } else {
        left_out.push_back(left[i + 1]);
      }
    }
    left.resize(kept);
  }
  const std::size_t kept_copies = std::min({limit - taken.size(), limit / 2, copies.size()});
  std::partial_sort(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(kept_copies),
                    copies.end());
  for (std::size_t i = 0; i < kept_copies; ++i) taken.push_back(static_cast<Node>(copies[i]));
  const std::size_t missing = std::min(limit - taken.size(), left_out.size());
  std::partial_sort(left_out.begin(), left_out.begin() + static_cast<std::ptrdiff_t>(missing),
                    left_out.end());
  for (std::size_t i = 0; i < missing; ++i) taken.push_back(left_out[i].node());
}

// The nodes of one part of the graph take up those of the round that chose them.
void LayeredGraph::take_up(std::size_t end, std::size_t part, std::size_t parts,
                           GraphScratch& scratch) {
  const std::size_t first = linked_ * part / parts;
  const std::size_t last = linked_ * (part + 1) / parts;
  std::vector<std::uint64_t> pairs;
  Node links[ByteGraph::kMostLinks];
  for (std::size_t node = linked_; node < end; ++node) {
    const std::size_t count = graph_.links_of(static_cast<Node>(node), links);
    for (std::size_t i = 0; i < count; ++i) {
      if (links[i] >= first && links[i] < last)
        pairs.push_back(std::uint64_t{links[i]} << 32 | node);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  for (std::size_t i = 0; i < pairs.size();) {
    std::size_t next = i;
    while (next < pairs.size() && pairs[next] >> 32 == pairs[i] >> 32) ++next;
    add_links(static_cast<Node>(pairs[i] >> 32), {pairs.data() + i, next - i}, scratch);
    i = next;
  }
}

void LayeredGraph::add_links(Node node, std::span<const std::uint64_t> pairs,
                             GraphScratch& scratch) {
  std::vector<Node>& nodes = scratch.nodes;
  nodes.resize(ByteGraph::kMostLinks);
  nodes.resize(graph_.links_of(node, nodes.data()));
  for (const std::uint64_t pair : pairs) nodes.push_back(static_cast<Node>(pair));
  if (nodes.size() > graph_.max_links()) {
    for (const Node other : nodes) graph_.prefetch_row(other);
    graph_.set_query(node, scratch.query);
    scratch.products.resize(nodes.size());
    graph_.multiply(scratch.query, nodes, scratch.products.data());
    scratch.candidates.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i)
      scratch.candidates.emplace_back(
          static_cast<float>(scratch.products[i]) * graph_.scale_of(nodes[i]), nodes[i]);
    std::sort(scratch.candidates.begin(), scratch.candidates.end());
    select(node, graph_.max_links(), scratch);
  }
  graph_.set_links(node, nodes);
}

}  // namespace sparrow::index
