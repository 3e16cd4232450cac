#include "sparrow/embed/random_walk.h"

#include <algorithm>
#include <cmath>

namespace sparrow::embed {
namespace {

// Vose's method: accept[i] and alias[i] for one node's edges.
void build_alias(std::span<const float> weights, float* accept, std::uint32_t* alias) {
  const std::size_t n = weights.size();
  double sum = 0;
  for (const float w : weights) sum += static_cast<double>(w);
  std::vector<double> scaled(n);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < n; ++i) {
    scaled[i] = static_cast<double>(weights[i]) * static_cast<double>(n) / sum;
    (scaled[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t s = small.back();
    const std::uint32_t l = large.back();
    small.pop_back();
    accept[s] = static_cast<float>(scaled[s]);
    alias[s] = l;
    scaled[l] -= 1 - scaled[s];
    if (scaled[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  for (const auto& rest : {small, large}) {
    for (const std::uint32_t i : rest) {
      accept[i] = 1;
      alias[i] = i;
    }
  }
}

}  // namespace

WalkSampler::WalkSampler(const data::ItemGraph& graph, const WalkOptions& options)
    : graph_(graph), options_(options) {
  accept_.resize(graph.targets.size());
  alias_.resize(graph.targets.size());
  for (Row node = 0; node < graph.nodes(); ++node) {
    const std::uint64_t begin = graph.offsets[node];
    const std::uint64_t degree = graph.offsets[node + 1] - begin;
    if (degree == 0) continue;
    starts_.push_back(node);
    build_alias({graph.weights.data() + begin, degree}, accept_.data() + begin,
                alias_.data() + begin);
  }
}

Row WalkSampler::first_order(Row node, Random& random) const {
  const std::uint64_t begin = graph_.offsets[node];
  const auto degree = static_cast<std::uint32_t>(graph_.offsets[node + 1] - begin);
  if (degree == 0) return kNoRow;
  const std::uint32_t slot = random.below(degree);
  const bool taken = random.uniform() < static_cast<double>(accept_[begin + slot]);
  return graph_.targets[begin + (taken ? slot : alias_[begin + slot])];
}

bool WalkSampler::connected(Row from, Row to) const {
  const auto edges = graph_.neighbors(from);
  return std::binary_search(edges.begin(), edges.end(), to);
}

Row WalkSampler::second_order(Row previous, Row node, Random& random) const {
  const double back = 1.0 / static_cast<double>(options_.p);
  const double away = 1.0 / static_cast<double>(options_.q);
  const double highest = std::max({1.0, back, away});
  while (true) {
    const Row next = first_order(node, random);
    if (next == kNoRow) return kNoRow;
    const double r = random.uniform() * highest;
    if (r < std::min({1.0, back, away})) return next;  // accepted whatever the case: no look-up
    const double bias = next == previous ? back : connected(previous, next) ? 1.0 : away;
    if (r < bias) return next;
  }
}

void WalkSampler::walk(Row node, std::uint64_t w, std::size_t epoch, std::vector<Row>& out) const {
  std::uint64_t state = options_.seed;
  const std::uint64_t mixed =
      splitmix64(state) ^ (static_cast<std::uint64_t>(node) << 32) ^ (w << 8) ^ epoch;
  Random random(mixed);
  out.clear();
  out.push_back(node);
  const bool biased = options_.p != 1 || options_.q != 1;
  while (out.size() < options_.walk_length) {
    const Row next = biased && out.size() > 1
                         ? second_order(out[out.size() - 2], out.back(), random)
                         : first_order(out.back(), random);
    if (next == kNoRow) break;
    out.push_back(next);
  }
}

SequenceSource WalkSampler::source() const {
  SequenceSource source;
  source.count = starts_.size() * options_.walks_per_node;
  source.tokens = source.count * options_.walk_length;
  source.fill = [this](std::uint64_t s, std::size_t epoch, std::vector<Row>& out) {
    walk(starts_[s / options_.walks_per_node], s % options_.walks_per_node, epoch, out);
  };
  return source;
}

std::vector<std::uint32_t> WalkSampler::expected_counts() const {
  std::vector<double> visits(graph_.nodes(), 0);
  double sum = 0;
  for (Row node = 0; node < graph_.nodes(); ++node) {
    for (std::uint64_t e = graph_.offsets[node]; e < graph_.offsets[node + 1]; ++e) {
      visits[graph_.targets[e]] += static_cast<double>(graph_.weights[e]);
      sum += static_cast<double>(graph_.weights[e]);
    }
  }
  const double tokens =
      static_cast<double>(starts_.size() * options_.walks_per_node * options_.walk_length);
  std::vector<std::uint32_t> counts(graph_.nodes(), 0);
  for (const Row node : starts_) {
    counts[node] = static_cast<std::uint32_t>(
        std::min(4e9, std::ceil(visits[node] / std::max(1.0, sum) * tokens) +
                          static_cast<double>(options_.walks_per_node)));
  }
  return counts;
}

}  // namespace sparrow::embed
