// search() and search_allowed() are the hot paths; the layout of a block stands in the constructor.
#include "sparrow/index/byte_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "sparrow/core/result.h"

namespace sparrow::index {
namespace {

constexpr std::size_t kLine = 64;  // bytes of a cache line
constexpr float kMostByte = 127;   // the largest component of a row in 8 bits

// So many nodes are expanded at once, and the rows of their neighbors are under way together.
constexpr std::size_t kBeam = 2;

constexpr std::size_t up_to(std::size_t n, std::size_t step) {
  return (n + step - 1) / step * step;
}

float largest_magnitude(std::span<const float> values) {
  float largest = 0;
  for (const float v : values) largest = std::max(largest, std::abs(v));
  return largest;
}

}  // namespace

std::size_t merge_sorted(std::vector<Found>& sorted, std::size_t width,
                         std::span<const Found> batch) {
  std::size_t i = sorted.size();
  std::size_t j = batch.size();
  std::size_t place = std::min(width, i + j);
  while (i + j > place) {
    if (j > 0 && (i == 0 || sorted[i - 1] < batch[j - 1])) {
      --j;
    } else {
      --i;
    }
  }
  if (sorted.size() < place) sorted.resize(place);
  while (j > 0) {
    if (i > 0 && batch[j - 1] < sorted[i - 1]) {
      sorted[--place] = sorted[--i];
    } else {
      sorted[--place] = batch[--j];
    }
  }
  return place;
}

void insert_sorted(std::vector<Found>& sorted, std::size_t width, Found found) {
  merge_sorted(sorted, width, {&found, 1});
}

ByteGraph::ByteGraph(std::size_t dim, std::size_t max_links, std::size_t capacity)
    : dim_(dim),
      max_links_(max_links),
      capacity_(capacity),
      padded_(up_to(std::max<std::size_t>(dim, 1), simd::kByteStep)),
      link_bytes_(capacity < (std::size_t{1} << 24) - 1 ? 3 : 4),
      nobody_(link_bytes_ == 3 ? 0xffffffU : 0xffffffffU),
      links_at_(padded_),
      rest_at_(links_at_ + max_links * link_bytes_),
      stride_(up_to(rest_at_ + padded_ / 2, kLine)) {
  SPARROW_CHECK(capacity < kMostNodes);
  SPARROW_CHECK(max_links <= kMostLinks);
  blocks_.reserve(capacity * stride_);
  codes_.reserve(capacity);
  set_range(1);
}

void ByteGraph::set_range(float largest) {
  SPARROW_CHECK(size_ == 0);
  constexpr int kLargestCode = 191;  // eight octaves stay above
  const float top = (largest > 0 ? largest : 1.0F) / kMostByte;
  scales_[0] = 0;
  for (int code = 1; code < 256; ++code)
    scales_[static_cast<std::size_t>(code)] =
        top * std::exp2(static_cast<float>(code - kLargestCode) / 8);
}

void ByteGraph::resize(std::size_t nodes) {
  SPARROW_CHECK(nodes <= capacity_);
  blocks_.resize(nodes * stride_);
  codes_.resize(nodes);
  size_ = nodes;
}

void ByteGraph::set_row(Node node, std::span<const float> row) {
  const float needed = largest_magnitude(row) / kMostByte;
  // The next scale that is not smaller.
  codes_[node] = static_cast<std::uint8_t>(
      std::min<std::ptrdiff_t>(255, std::ranges::lower_bound(scales_, needed) - scales_.begin()));
  const float scale = scale_of(node);
  const float fine = scale > 0 ? 16 / scale : 0;
  constexpr std::int32_t kMost = 16 * static_cast<std::int32_t>(kMostByte);
  std::uint8_t* bytes = block(node);
  std::uint8_t* rest = bytes + rest_at_;
  std::memset(bytes, 0, padded_);
  std::memset(rest, 0x88, padded_ / 2);  // nothing: 8 stands for 0
  for (std::size_t c = 0; c < dim_; ++c) {
    const auto value = static_cast<std::int32_t>(std::lrint(
        std::clamp(row[c] * fine, -static_cast<float>(kMost), static_cast<float>(kMost))));
    const std::int32_t coarse = (value + 8) >> 4;
    bytes[c] = static_cast<std::uint8_t>(coarse);
    const auto left = static_cast<std::uint32_t>(value - coarse * 16 + 8);
    std::uint8_t& pair = rest[c < padded_ / 2 ? c : c - padded_ / 2];
    pair = static_cast<std::uint8_t>(c < padded_ / 2 ? (pair & 0xf0U) | left
                                                     : (pair & 0x0fU) | (left << 4));
  }
  set_links(node, {});
}

void ByteGraph::set_links(Node node, std::span<const Node> links) {
  std::uint8_t* at = block(node) + links_at_;
  for (std::size_t i = 0; i < max_links_; ++i, at += link_bytes_) {
    const std::uint32_t link = i < links.size() ? links[i] : nobody_;
    std::memcpy(at, &link, link_bytes_);
  }
}

std::size_t ByteGraph::links_of(Node node, Node* out) const {
  const std::uint8_t* at = block(node) + links_at_;
  std::size_t count = 0;
  for (; count < max_links_; ++count, at += link_bytes_) {
    std::uint32_t link = 0;
    std::memcpy(&link, at, sizeof(link));  // of 3 bytes, one more is read: the block goes on
    link &= nobody_;
    if (link == nobody_) break;
    out[count] = link;
  }
  return count;
}

ByteGraph ByteGraph::first_rows(std::size_t nodes) const {
  ByteGraph first(dim_, max_links_, nodes);
  first.scales_ = scales_;
  first.resize(nodes);
  for (Node node = 0; node < nodes; ++node) {
    std::memcpy(first.block(node), block(node), padded_);
    std::memcpy(first.block(node) + first.rest_at_, block(node) + rest_at_, padded_ / 2);
    first.codes_[node] = codes_[node];
    first.set_links(node, {});
  }
  return first;
}

ByteGraph ByteGraph::first_nodes(std::size_t nodes) const {
  ByteGraph first = first_rows(nodes);
  Node links[kMostLinks];
  for (Node node = 0; node < nodes; ++node) {
    Node* const end = std::remove_if(links, links + links_of(node, links),
                                     [&](Node link) { return link >= nodes; });
    first.set_links(node, {links, static_cast<std::size_t>(end - links)});
  }
  return first;
}

void ByteGraph::set_query(std::span<const float> vector, ByteQuery& query) const {
  SPARROW_CHECK(vector.size() == dim_);
  query.words.assign(padded_, 0);
  const float largest = largest_magnitude(vector);
  const auto most = static_cast<float>(simd::largest_query_word(padded_));
  query.scale = largest / most;
  const float fine = largest > 0 ? most / largest : 0;
  for (std::size_t c = 0; c < dim_; ++c)
    query.words[c] = static_cast<std::int16_t>(std::lrint(vector[c] * fine));
  query.sum = std::accumulate(query.words.begin(), query.words.end(), 0);
}

void ByteGraph::set_query(Node node, ByteQuery& query) const {
  query.words.resize(padded_);
  simd::widen_bytes(block(node), padded_, query.words.data());
  query.scale = scale_of(node);
}

float ByteGraph::score(const ByteQuery& query, Node node) const {
  std::int32_t coarse = 0;
  multiply(query, {&node, 1}, &coarse);
  const std::int32_t rest =
      simd::dot_nibbles(query.words.data(), block(node) + rest_at_, padded_) - 8 * query.sum;
  return query.scale * scale_of(node) *
         (static_cast<float>(coarse) + static_cast<float>(rest) * (1.0F / 16));
}

bool ByteGraph::equal_rows(Node a, Node b) const {
  return std::memcmp(block(a), block(b), padded_) == 0;
}

void ByteGraph::prefetch_row(Node node) const {
  const std::uint8_t* at = block(node);
  for (std::size_t c = 0; c < padded_; c += kLine) __builtin_prefetch(at + c);
}

void ByteGraph::prefetch_links(Node node) const {
  const std::uint8_t* at = block(node) + links_at_;
  for (std::size_t c = 0; c < max_links_ * link_bytes_; c += kLine) __builtin_prefetch(at + c);
}

// The buffers of a walk have room for what one step can add.
void ByteGraph::begin(std::size_t entries, Walk& walk) const {
  walk.best.clear();
  walk.passed.clear();
  if (walk.known < size_) {
    walk.marks.resize(size_);
    for (; walk.known < size_; ++walk.known)
      walk.marks[walk.known] = static_cast<std::uint16_t>(codes_[walk.known] << 8);
  }
  if (++walk.round == 0) {
    for (std::uint16_t& mark : walk.marks) mark &= 0xff00U;
    walk.round = 1;
  }
  walk.fresh_count = 0;
  const std::size_t most = kBeam * max_links_ + entries;
  if (walk.fresh.size() >= most) return;
  walk.fresh.resize(most);
  walk.scales.resize(most);
  walk.products.resize(most);
  walk.batch.resize(most);
}

// Those that were not met before: half of them, so there is no jump to guess.
void ByteGraph::add_fresh(std::span<const Node> nodes, Walk& walk) const {
  std::size_t count = walk.fresh_count;
  for (const Node node : nodes) {
    prefetch_row(node);
    std::uint16_t& mark = walk.marks[node];
    const auto last = static_cast<std::uint8_t>(mark);
    walk.fresh[count] = node;
    walk.scales[count] = scales_[mark >> 8];
    mark = static_cast<std::uint16_t>((mark & 0xff00U) | walk.round);
    count += last != walk.round ? 1U : 0U;
  }
  walk.fresh_count = count;
}

void ByteGraph::expand(Node node, Walk& walk) const {
  Node links[kMostLinks];
  add_fresh({links, links_of(node, links)}, walk);
}

// walk.batch: the fresh ones above the bar, best first.
void ByteGraph::score_fresh(const ByteQuery& query, float bar, Walk& walk) const {
  const std::size_t fresh = walk.fresh_count;
  multiply(query, {walk.fresh.data(), fresh}, walk.products.data());
  walk.batch.resize(walk.fresh.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < fresh; ++i) {
    const float score = static_cast<float>(walk.products[i]) * walk.scales[i];
    walk.batch[count] = Found(score, walk.fresh[i]);
    count += score > bar ? 1U : 0U;
  }
  walk.batch.resize(count);
  // By insertion: they are few.
  for (std::size_t i = 1; i < count; ++i) {
    const Found found = walk.batch[i];
    std::size_t place = i;
    for (; place > 0 && found < walk.batch[place - 1]; --place)
      walk.batch[place] = walk.batch[place - 1];
    walk.batch[place] = found;
  }
}

void ByteGraph::search(const ByteQuery& query, std::span<const Node> entries, std::size_t width,
                       Walk& walk) const {
  begin(entries.size(), walk);
  add_fresh(entries, walk);
  std::vector<Found>& best = walk.best;
  for (std::size_t next = 0;;) {
    score_fresh(query, best.size() == width ? best.back().score() : -__builtin_inff(), walk);
    if (!walk.batch.empty()) next = std::min(next, merge_sorted(best, width, walk.batch));
    while (next < best.size() && best[next].expanded()) ++next;
    if (next == best.size()) return;
    walk.fresh_count = 0;
    std::size_t taken = 0;
    std::size_t i = next;
    for (; i < best.size() && taken < kBeam; ++i) {
      if (best[i].expanded()) continue;
      best[i].expand();
      expand(best[i].node(), walk);
      ++taken;
    }
    // What will most likely be expanded next.
    for (taken = 0; i < best.size() && taken < kBeam; ++i) {
      if (best[i].expanded()) continue;
      prefetch_links(best[i].node());
      ++taken;
    }
  }
}

void ByteGraph::search_allowed(const ByteQuery& query, std::span<const Node> entries,
                               std::size_t wanted, std::size_t most_steps, const NodeFilter& filter,
                               Walk& walk) const {
  begin(entries.size(), walk);
  add_fresh(entries, walk);
  std::vector<Found>& best = walk.best;
  std::vector<Found>& passed = walk.passed;
  std::size_t steps = 0;
  for (std::size_t next = 0;;) {
    score_fresh(query, passed.size() == wanted ? passed.back().score() : -__builtin_inff(), walk);
    if (!walk.batch.empty()) {
      next = std::min(next, merge_sorted(best, best.size() + walk.batch.size(), walk.batch));
      walk.passed_batch.clear();
      for (const Found& found : walk.batch) {
        if (filter.allows(found.node())) walk.passed_batch.push_back(found);
      }
      merge_sorted(passed, wanted, walk.passed_batch);
      // What is worse than all that are wanted leads nowhere.
      if (passed.size() == wanted) {
        while (passed.back() < best.back()) best.pop_back();
      }
    }
    while (next < best.size() && best[next].expanded()) ++next;
    if (next >= best.size() || ++steps > most_steps) return;
    walk.fresh_count = 0;
    best[next].expand();
    expand(best[next].node(), walk);
    if (next + 1 < best.size()) prefetch_links(best[next + 1].node());
  }
}

}  // namespace sparrow::index
