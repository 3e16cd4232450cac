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

// What a walk depends on is random: a branch would be guessed wrong half of the time, and the
// compiler makes branches of comparisons. Both below 2^63.
std::uint64_t is_less(std::uint64_t a, std::uint64_t b) { return (a - b) >> 63; }
std::uint64_t choose_if(std::uint64_t one, std::uint64_t yes, std::uint64_t no) {
  return no ^ ((yes ^ no) & (0 - one));
}

}  // namespace

WalkSampler::WalkSampler(const data::ItemGraph& graph, const WalkOptions& options)
    : graph_(graph), options_(options) {
  std::uint64_t most = 0;
  for (Row node = 0; node < graph.nodes(); ++node)
    most = std::max<std::uint64_t>(most, graph.neighbors(node).size());
  if (options.p != 1 || options.q != 1)
    order_ = most <= kTableDegree ? Order::kSecondByTable : Order::kSecondByLookUp;
  build_alias_tables();
  if (order_ == Order::kSecondByTable) build_shared();
  const double back = 1.0 / static_cast<double>(options.p);
  const std::array<double, 4> bias = {1.0 / static_cast<double>(options.q), 1.0, back, back};
  const double highest = *std::max_element(bias.begin(), bias.end());
  for (std::size_t k = 0; k < bias.size(); ++k)
    accept_[k] = static_cast<std::uint64_t>(bias[k] / highest * 4294967296.0);
  least_ = *std::min_element(accept_.begin(), accept_.end());
}

void WalkSampler::build_alias_tables() {
  const bool by_table = order_ == Order::kSecondByTable;
  edges_.resize(graph_.targets.size());
  std::vector<float> accept;
  std::vector<std::uint32_t> alias;
  for (Row node = 0; node < graph_.nodes(); ++node) {
    const std::uint64_t begin = graph_.offsets[node];
    const std::uint64_t degree = graph_.offsets[node + 1] - begin;
    if (degree == 0) continue;
    starts_.push_back(node);
    accept.resize(degree);
    alias.resize(degree);
    build_alias({graph_.weights.data() + begin, degree}, accept.data(), alias.data());
    for (std::uint64_t e = 0; e < degree; ++e) {
      const double share = std::min(1.0, static_cast<double>(accept[e])) * 4294967295.0;
      const Row other = by_table ? alias[e] : graph_.targets[begin + alias[e]];
      edges_[begin + e] = {graph_.targets[begin + e], other, static_cast<std::uint32_t>(share)};
    }
  }
}

void WalkSampler::build_shared() {
  shared_.resize(edges_.size(), 0);
  for (const Row node : starts_) {
    const auto around = graph_.neighbors(node);
    for (std::uint64_t e = graph_.offsets[node]; e < graph_.offsets[node + 1]; ++e) {
      const auto next = graph_.neighbors(graph_.targets[e]);
      for (std::size_t k = 0, a = 0; k < next.size() && a < around.size();) {
        if (next[k] == around[a]) shared_[e] |= 1U << k;
        const bool behind = next[k] <= around[a];
        a += next[k] >= around[a] ? 1U : 0U;
        k += behind ? 1U : 0U;
      }
    }
  }
}

// 1 if a second-order walk takes the step (rejection sampling), else 0.
template <WalkSampler::Order kOrder>
std::uint64_t WalkSampler::accepts(const Walker& walker, std::uint64_t slot, Row next) const {
  if (kOrder == Order::kFirst || walker.size == 1) return 1;
  std::uint64_t connected = 0;
  if constexpr (kOrder == Order::kSecondByTable) {
    connected = shared_[walker.edge] >> slot & 1;
  } else {
    if (walker.rejector < least_) return 1;  // whatever the case: no look-up
    const auto around = graph_.neighbors(walker.previous);
    connected = std::binary_search(around.begin(), around.end(), next) ? 1 : 0;
  }
  const std::uint64_t back = next == walker.previous ? 2 : 0;
  return is_less(walker.rejector, accept_[back + connected]);
}

void WalkSampler::begin(Walker& walker, const Start& start, std::size_t epoch,
                        std::vector<Row>& out) const {
  std::uint64_t state = options_.seed;
  const std::uint64_t mixed = splitmix64(state) ^ (static_cast<std::uint64_t>(start.node) << 32) ^
                              (std::uint64_t{start.number} << 8) ^ epoch;
  walker.random = Random(mixed);
  walker.out = &out;
  out.resize(options_.walk_length);
  walker.rows = out.data();
  out[0] = start.node;
  walker.size = 1;
  walker.previous = kNoRow;
  walker.node = start.node;
  __builtin_prefetch(&graph_.offsets[start.node]);
}

// Draws a slot of the node's alias table, which is on its way then; false: no edge leads on.
bool WalkSampler::choose(Walker& walker) const {
  walker.first = graph_.offsets[walker.node];
  const std::uint64_t degree = graph_.offsets[walker.node + 1] - walker.first;
  if (degree == 0) return false;
  const std::uint64_t random = walker.random.next();
  const std::uint64_t place = (random >> 32) * degree;  // what follows the point is random too
  walker.slot = static_cast<std::uint32_t>(place >> 32);
  walker.draw = static_cast<std::uint32_t>(place);
  walker.rejector = static_cast<std::uint32_t>(random);
  __builtin_prefetch(&edges_[walker.first + walker.slot]);
  return true;
}

// Takes the step that was chosen; a rejected one is written too, but the walker stays.
template <WalkSampler::Order kOrder>
void WalkSampler::step(Walker& walker) const {
  const Edge& own = edges_[walker.first + walker.slot];
  const std::uint64_t is_own = is_less(walker.draw, own.accept);
  std::uint64_t slot = walker.slot;
  auto next = static_cast<Row>(choose_if(is_own, own.target, own.other));
  if constexpr (kOrder == Order::kSecondByTable) {
    slot = choose_if(is_own, slot, own.other);
    next = edges_[walker.first + slot].target;
  }
  const std::uint64_t taken = accepts<kOrder>(walker, slot, next);
  walker.rows[walker.size] = next;
  walker.size += taken;
  walker.previous = static_cast<Row>(choose_if(taken, walker.node, walker.previous));
  walker.node = static_cast<Row>(choose_if(taken, next, walker.node));
  __builtin_prefetch(&graph_.offsets[walker.node]);
  if constexpr (kOrder == Order::kSecondByTable) {
    walker.edge = choose_if(taken, walker.first + slot, walker.edge);
    __builtin_prefetch(&shared_[walker.edge]);
  }
  if constexpr (kOrder == Order::kSecondByLookUp)
    __builtin_prefetch(&graph_.targets[graph_.offsets[walker.previous]]);
}

template <WalkSampler::Order kOrder>
void WalkSampler::walk_by(std::span<const Start> starts, std::size_t epoch,
                          std::span<std::vector<Row>> out) const {
  constexpr std::size_t kTogether = 32;
  std::array<Walker, kTogether> walkers;
  std::size_t active = 0;
  std::size_t started = 0;
  for (; active < kTogether && started < starts.size(); ++active, ++started)
    begin(walkers[active], starts[started], epoch, out[started]);
  while (active > 0) {
    for (std::size_t k = 0; k < active;) {
      Walker& walker = walkers[k];
      if (walker.size < options_.walk_length && choose(walker)) {
        ++k;
        continue;
      }
      walker.out->resize(walker.size);
      if (started < starts.size()) {  // the next one takes its place, else the last
        begin(walker, starts[started], epoch, out[started]);
        ++started;
      } else {
        walker = walkers[--active];
      }
    }
    for (std::size_t k = 0; k < active; ++k) step<kOrder>(walkers[k]);
  }
}

void WalkSampler::walk(std::span<const Start> starts, std::size_t epoch,
                       std::span<std::vector<Row>> out) const {
  switch (order_) {
    case Order::kFirst:
      return walk_by<Order::kFirst>(starts, epoch, out);
    case Order::kSecondByTable:
      return walk_by<Order::kSecondByTable>(starts, epoch, out);
    case Order::kSecondByLookUp:
      return walk_by<Order::kSecondByLookUp>(starts, epoch, out);
  }
}

SequenceSource WalkSampler::source(std::size_t part, std::size_t parts) const {
  SequenceSource source;
  const std::size_t nodes = (starts_.size() + parts - 1 - part) / parts;
  source.count = nodes * options_.walks_per_node;
  source.tokens = source.count * options_.walk_length;
  source.fill = [this, part, parts](std::span<const std::uint32_t> numbers, std::size_t epoch,
                                    std::span<std::vector<Row>> out) {
    std::vector<Start> starts;
    starts.reserve(numbers.size());
    const auto each = static_cast<std::uint32_t>(options_.walks_per_node);
    for (const std::uint32_t s : numbers)
      starts.push_back({starts_[part + s / each * parts], s % each});
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
