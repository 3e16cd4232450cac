// ByteGraph: rows in bytes, each with the links to its neighbors in one block of memory, and the
// best-first walk over them (Malkov & Yashunin 2018, algorithm 2). HnswIndex is made of such
// graphs, and LayeredGraph makes the links.
//
// A row is kept as a scale in 8 bits, 8 bits a component, which steer walks, and 4 bits more, with
// which the best are scored again: a component is then wrong by at most 1/4000 of the row's
// largest.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/simd/byte_kernel.h"
#include "sparrow/index/spread_order.h"

namespace sparrow::index {

// The place of a row in a graph.
using Node = std::uint32_t;

// A query as the kernels take it. Scores are products times its scale.
struct ByteQuery {
  std::vector<std::int16_t> words;
  float scale = 0;
  std::int32_t sum = 0;  // of the words
};

// A node and its score; the best sorts first, and equal scores by node.
class Found {
 public:
  Found() = default;
  Found(float score, Node node) : key_((std::uint64_t{ordered(-score)} << 32) | (node << 1)) {}
  Node node() const { return static_cast<Node>(key_) >> 1; }
  float score() const {
    const auto bits = static_cast<std::uint32_t>(key_ >> 32);
    return -std::bit_cast<float>(bits >> 31 != 0 ? bits ^ kSign : ~bits);
  }
  bool expanded() const { return (key_ & 1) != 0; }
  void expand() { key_ |= 1; }
  bool operator<(const Found& other) const { return key_ < other.key_; }

 private:
  static constexpr std::uint32_t kSign = 0x80000000U;
  // Bits that compare as the number does.
  static std::uint32_t ordered(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return bits >> 31 != 0 ? ~bits : bits ^ kSign;
  }

  std::uint64_t key_ = ~std::uint64_t{0};
};

// Which nodes may be found: one byte a row.
struct NodeFilter {
  std::span<const std::uint8_t> allowed;
  const SpreadOrder& order;
  bool allows(Node node) const { return allowed[order.row_at(node)] != 0; }
};

class ByteGraph;

// What a walk needs beside the graph, kept from one to the next, and what it found. For one graph
// and its beginnings.
struct Walk {
  std::vector<Found> best;    // best first
  std::vector<Found> passed;  // best first, of a filtered walk: what the filter allows
  // Of each node, in the lower byte the last walk that met it, in the upper one its code: whoever
  // asks for the one needs the other.
  std::vector<std::uint16_t> marks;
  std::size_t known = 0;  // nodes whose codes are there
  std::uint8_t round = 0;
  std::vector<Node> fresh;
  std::vector<float> scales;  // of the fresh
  std::size_t fresh_count = 0;
  std::vector<std::int32_t> products;
  std::vector<Found> batch;
  std::vector<Found> passed_batch;
};

// Keeps the best `width` of both; returns the first place that changed.
std::size_t merge_sorted(std::vector<Found>& sorted, std::size_t width,
                         std::span<const Found> batch);
// Keeps the best `width`.
void insert_sorted(std::vector<Found>& sorted, std::size_t width, Found found);

class ByteGraph {
 public:
  static constexpr std::size_t kMostNodes = std::size_t{1} << 31;
  static constexpr std::size_t kMostLinks = 256;

  ByteGraph(std::size_t dim, std::size_t max_links, std::size_t capacity);

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::size_t dim() const { return dim_; }
  std::size_t max_links() const { return max_links_; }

  // The largest component that is expected. A row with one of 200 times as much is cut off.
  void set_range(float largest);
  // Makes room; at most capacity().
  void resize(std::size_t nodes);
  // Several threads may set different nodes. A row that is set has no links.
  void set_row(Node node, std::span<const float> row);
  void set_links(Node node, std::span<const Node> links);
  // At most max_links() into `out`; returns how many.
  std::size_t links_of(Node node, Node* out) const;
  // The first of the nodes, without links or with what links they have among each other.
  ByteGraph first_rows(std::size_t nodes) const;
  ByteGraph first_nodes(std::size_t nodes) const;

  void set_query(std::span<const float> vector, ByteQuery& query) const;
  // The 8 bits of a row.
  void set_query(Node node, ByteQuery& query) const;

  void multiply(const ByteQuery& query, std::span<const Node> nodes, std::int32_t* products) const {
    simd::dot_byte_blocks(query.words.data(), {blocks_.data(), stride_, padded_}, nodes, products);
  }
  // By their 8 bits, lengths aside.
  bool equal_rows(Node a, Node b) const;
  float scale_of(Node node) const { return scales_[codes_[node]]; }
  // Inner product with the row, of 12 bits.
  float score(const ByteQuery& query, Node node) const;
  void prefetch_row(Node node) const;

  // walk.best: about the `width` best nodes that are reached from the entries, scored by 8 bits and
  // without the query's scale.
  void search(const ByteQuery& query, std::span<const Node> entries, std::size_t width,
              Walk& walk) const;
  // walk.passed: about the `wanted` best that the filter allows; others are walked through. Gives
  // up after `most_steps` of them.
  void search_allowed(const ByteQuery& query, std::span<const Node> entries, std::size_t wanted,
                      std::size_t most_steps, const NodeFilter& filter, Walk& walk) const;

 private:
  const std::uint8_t* block(Node node) const { return blocks_.data() + node * stride_; }
  std::uint8_t* block(Node node) { return blocks_.data() + node * stride_; }
  void prefetch_links(Node node) const;
  void begin(std::size_t entries, Walk& walk) const;
  void add_fresh(std::span<const Node> nodes, Walk& walk) const;
  void expand(Node node, Walk& walk) const;
  void score_fresh(const ByteQuery& query, float bar, Walk& walk) const;

  std::size_t dim_;
  std::size_t max_links_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t padded_;        // bytes of a row
  std::size_t link_bytes_;    // 3, or 4 where 3 are too few
  std::uint32_t nobody_ = 0;  // the link that ends a list: all bits of a link
  std::size_t links_at_;      // in a block, behind the row
  std::size_t rest_at_;       // in a block, behind the links: the 4 bits more
  std::size_t stride_;
  std::vector<std::uint8_t, AlignedAllocator<std::uint8_t>> blocks_;
  std::vector<std::uint8_t> codes_;  // of the scale of each row: 0, or one of 32 octaves
  std::array<float, 256> scales_;    // of each code
};

}  // namespace sparrow::index
