#include "sparrow/embed/random_walk.h"

#include <algorithm>
#include <array>
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
    : graph_(graph),
      options_(options),
      second_order_(options.p != 1 || options.q != 1),
      back_(1.0 / static_cast<double>(options.p)),
      away_(1.0 / static_cast<double>(options.q)),
      highest_(std::max({1.0, back_, away_})) {
  edges_.resize(graph.targets.size());
  std::vector<float> accept;
  std::vector<std::uint32_t> alias;
  for (Row node = 0; node < graph.nodes(); ++node) {
    const std::uint64_t begin = graph.offsets[node];
    const std::uint64_t degree = graph.offsets[node + 1] - begin;
    if (degree == 0) continue;
    starts_.push_back(node);
    accept.resize(degree);
    alias.resize(degree);
    build_alias({graph.weights.data() + begin, degree}, accept.data(), alias.data());
    for (std::uint64_t e = 0; e < degree; ++e) {
      const double share = std::min(1.0, static_cast<double>(accept[e])) * 4294967295.0;
      edges_[begin + e] = {graph.targets[begin + e], graph.targets[begin + alias[e]],
                           static_cast<std::uint32_t>(share)};
    }
  }
}

bool WalkSampler::connected(Row from, Row to) const {
  const auto edges = graph_.neighbors(from);
  constexpr std::size_t kFew = 48;
  if (edges.size() > kFew) return std::binary_search(edges.begin(), edges.end(), to);
  unsigned found = 0;  // all of them: no branch to guess
  for (const Row edge : edges) found |= edge == to ? 1U : 0U;
  return found != 0;
}

// Whether a second-order walk takes the step (rejection sampling).
bool WalkSampler::accepts(Walker& walker, Row next) const {
  const double r = walker.random.uniform() * highest_;
  if (r < std::min({1.0, back_, away_})) return true;  // whatever the case: no look-up
  const double bias = next == walker.previous            ? back_
                      : connected(walker.previous, next) ? 1.0
                                                         : away_;
  return r < bias;
}

void WalkSampler::begin(Walker& walker, const Start& start, std::size_t epoch,
                        std::vector<Row>& out) const {
  std::uint64_t state = options_.seed;
  const std::uint64_t mixed = splitmix64(state) ^ (static_cast<std::uint64_t>(start.node) << 32) ^
                              (std::uint64_t{start.number} << 8) ^ epoch;
  walker.random = Random(mixed);
  walker.out = &out;
  out.resize(options_.walk_length);
  out[0] = start.node;
  walker.size = 1;
  walker.previous = kNoRow;
  walker.node = start.node;
  __builtin_prefetch(&graph_.offsets[start.node]);
}

// Draws a slot of the node's alias table, which is on its way then; false: no edge leads on.
bool WalkSampler::choose(Walker& walker) const {
  const std::uint64_t begin = graph_.offsets[walker.node];
  const std::uint64_t degree = graph_.offsets[walker.node + 1] - begin;
  if (degree == 0) return false;
  const std::uint64_t random = walker.random.next();
  walker.draw = static_cast<std::uint32_t>(random);
  walker.slot = &edges_[begin + (((random >> 32) * degree) >> 32)];
  __builtin_prefetch(walker.slot);
  return true;
}

// Takes the step that was chosen, unless it is rejected.
void WalkSampler::step(Walker& walker) const {
  const Edge& edge = *walker.slot;
  const Row next = walker.draw <= edge.accept ? edge.target : edge.other;
  if (second_order_ && walker.size > 1 && !accepts(walker, next)) return;
  walker.previous = walker.node;
  walker.node = next;
  (*walker.out)[walker.size++] = next;
  __builtin_prefetch(&graph_.offsets[next]);
  __builtin_prefetch(&graph_.targets[graph_.offsets[walker.previous]]);
}

void WalkSampler::walk(std::span<const Start> starts, std::size_t epoch,
                       std::span<std::vector<Row>> out) const {
  constexpr std::size_t kTogether = 16;
  std::array<Walker, kTogether> walkers;
  std::size_t active = 0;
  std::size_t started = 0;
  for (; active < kTogether && started < starts.size(); ++active, ++started)
    begin(walkers[active], starts[started], epoch, out[started]);
  // The next one takes the place of one that is complete, else the last.
  const auto finish = [&](std::size_t k) {
    walkers[k].out->resize(walkers[k].size);
    if (started < starts.size()) {
      begin(walkers[k], starts[started], epoch, out[started]);
      ++started;
    } else {
      walkers[k] = walkers[--active];
    }
  };
  while (active > 0) {
    for (std::size_t k = 0; k < active; ++k) {
      if (walkers[k].size == options_.walk_length || !choose(walkers[k])) finish(k--);
    }
    for (std::size_t k = 0; k < active; ++k) step(walkers[k]);
  }
}

SequenceSource WalkSampler::source() const {
  SequenceSource source;
  source.count = starts_.size() * options_.walks_per_node;
  source.tokens = source.count * options_.walk_length;
  source.fill = [this](std::span<const std::uint32_t> numbers, std::size_t epoch,
                       std::span<std::vector<Row>> out) {
    std::vector<Start> starts;
    starts.reserve(numbers.size());
    const auto each = static_cast<std::uint32_t>(options_.walks_per_node);
    for (const std::uint32_t s : numbers) starts.push_back({starts_[s / each], s % each});
    walk(starts, epoch, out);
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
