#include "sparrow/embed/skip_gram_tables.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"

namespace sparrow::embed {
namespace {

void number_items(const std::vector<std::uint32_t>& counts, const SkipGramOptions& options,
                  SkipGramTables& tables) {
  tables.dense.assign(counts.size(), kNoRow);
  tables.vocabulary = vocabulary_of(counts, options.min_count);
  for (Row v = 0; v < tables.vocabulary.size(); ++v) tables.dense[tables.vocabulary[v]] = v;
  if (options.subsample <= 0) return;
  std::uint64_t total = 0;
  for (const Row item : tables.vocabulary) total += counts[item];
  tables.keep.resize(tables.vocabulary.size());
  for (Row v = 0; v < tables.vocabulary.size(); ++v) {
    const double share =
        static_cast<double>(counts[tables.vocabulary[v]]) / static_cast<double>(total);
    const double ratio = static_cast<double>(options.subsample) / share;
    tables.keep[v] = static_cast<float>(std::min(1.0, std::sqrt(ratio) + ratio));
  }
}

// count^-exponent, so scaled that the mean over the corpus is 1.
std::vector<float> sample_weights(const std::vector<std::uint32_t>& counts, double exponent) {
  constexpr double kMost = 8;
  double sum = 0;
  double total = 0;
  for (const std::uint32_t count : counts) {
    sum += std::pow(static_cast<double>(count), 1 - exponent);
    total += count;
  }
  std::vector<float> weights;
  weights.reserve(counts.size());
  for (const std::uint32_t count : counts) {
    const double weight = std::pow(static_cast<double>(count), -exponent) * total / sum;
    weights.push_back(static_cast<float>(std::min(kMost, weight)));
  }
  return weights;
}

std::vector<double> negative_weights(const std::vector<std::uint32_t>& counts, float exponent) {
  std::vector<double> weights;
  weights.reserve(counts.size());
  for (const std::uint32_t count : counts)
    weights.push_back(std::pow(static_cast<double>(count), static_cast<double>(exponent)));
  return weights;
}

std::vector<Row> draw_negatives(const std::vector<std::uint32_t>& counts,
                                const SkipGramOptions& options) {
  const std::vector<double> weight = negative_weights(counts, options.negative_exponent);
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  std::vector<Row> negatives;
  const std::size_t size = std::max<std::size_t>(1 << 20, 32 * counts.size());
  negatives.reserve(size);
  double sum = 0;
  for (Row v = 0; v < counts.size(); ++v) {
    sum += weight[v];
    const auto until = static_cast<std::size_t>(sum / total * static_cast<double>(size));
    while (negatives.size() < until) negatives.push_back(v);
  }
  while (negatives.size() < size) negatives.push_back(0);
  Random random(options.seed ^ 0x6e65676174697665ULL);
  shuffle(negatives, random);
  return negatives;
}

// The fewer contexts share negatives, the more of them an item meets; it matters while there is
// little to learn from, and then time does not.
std::size_t shared_contexts(std::size_t items, std::uint64_t tokens,
                            const SkipGramOptions& options) {
  constexpr std::uint64_t kEnough = 200;  // occurrences of the mean item, all epochs
  if (options.shared_contexts > 0) return std::min(options.shared_contexts, simd::kMaxStepInputs);
  const bool plenty = tokens * options.epochs >= kEnough * items;
  // The nodes near the root are everybody's outputs: steps of a whole window are too large for
  // them.
  return plenty && options.loss == Loss::kNegativeSampling ? simd::kMaxStepInputs : 2;
}

std::vector<std::uint32_t> counts_in_order(const std::vector<std::uint32_t>& counts,
                                           const std::vector<Row>& vocabulary) {
  std::vector<std::uint32_t> in_order;
  in_order.reserve(vocabulary.size());
  for (const Row item : vocabulary) in_order.push_back(counts[item]);
  return in_order;
}

}  // namespace

std::vector<Row> vocabulary_of(const std::vector<std::uint32_t>& counts, std::uint32_t min_count) {
  std::vector<Row> vocabulary;
  for (Row item = 0; item < counts.size(); ++item) {
    if (counts[item] > 0 && counts[item] >= min_count) vocabulary.push_back(item);
  }
  std::stable_sort(vocabulary.begin(), vocabulary.end(),
                   [&](Row a, Row b) { return counts[a] > counts[b]; });
  return vocabulary;
}

PairsByRow pairs_by_row(const std::vector<std::uint32_t>& counts, const SkipGramOptions& options,
                        std::uint64_t sequences) {
  const auto in_order = counts_in_order(counts, vocabulary_of(counts, options.min_count));
  const double tokens = std::accumulate(in_order.begin(), in_order.end(), 0.0);
  // A window reaches r = 1..window to both sides: a sequence of n > window has 2 r n - r (r + 1)
  // pairs.
  const double length = tokens / static_cast<double>(std::max<std::uint64_t>(1, sequences));
  const auto window = static_cast<double>(options.window);
  const bool wide = options.window == 0 || length <= window;
  const double contexts =
      wide ? std::max(0.0, length - 1) : (window + 1) * (1 - (window + 2) / (3 * length));
  PairsByRow pairs;
  pairs.output.assign(in_order.size(), 0);
  double outputs = 0;  // of a context
  if (options.loss == Loss::kHierarchicalSoftmax) {
    const HuffmanTree tree = build_huffman_tree(in_order);
    for (Row v = 0; v < in_order.size(); ++v) {
      for (std::uint32_t n = tree.offsets[v]; n < tree.offsets[v + 1]; ++n)
        pairs.output[tree.nodes[n]] += contexts * in_order[v];
      outputs += (tree.offsets[v + 1] - tree.offsets[v]) * in_order[v] / tokens;
    }
  } else {
    const auto weights = negative_weights(in_order, options.negative_exponent);
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    const auto negatives = static_cast<double>(options.negatives);
    for (Row v = 0; v < in_order.size(); ++v)
      pairs.output[v] = contexts * (in_order[v] + negatives * tokens * weights[v] / all);
    outputs = 1 + negatives;
  }
  for (const std::uint32_t count : in_order) pairs.input.push_back(contexts * count * outputs);
  return pairs;
}

HuffmanTree build_huffman_tree(const std::vector<std::uint32_t>& counts) {
  const auto n = static_cast<std::uint32_t>(counts.size());
  using Entry =
      std::pair<std::uint64_t, std::uint32_t>;  // weight, node; leaves first, so ties are settled
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  for (std::uint32_t i = 0; i < n; ++i) queue.emplace(counts[i], i);
  std::vector<std::uint32_t> parent(2 * static_cast<std::size_t>(n), 0);
  std::vector<std::uint8_t> turn(parent.size(), 0);
  std::uint32_t next = n;
  while (queue.size() > 1) {
    const Entry a = queue.top();
    queue.pop();
    const Entry b = queue.top();
    queue.pop();
    parent[a.second] = next;
    parent[b.second] = next;
    turn[b.second] = 1;
    queue.emplace(a.first + b.first, next++);
  }
  HuffmanTree tree;
  std::vector<std::pair<std::uint32_t, std::uint8_t>> path;
  for (std::uint32_t leaf = 0; leaf < n; ++leaf) {
    path.clear();
    for (std::uint32_t node = leaf; node + 1 < next; node = parent[node])
      path.emplace_back(parent[node] - n, turn[node]);
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
      tree.nodes.push_back(step->first);
      tree.turns.push_back(step->second);
    }
    tree.offsets.push_back(static_cast<std::uint32_t>(tree.nodes.size()));
  }
  return tree;
}

SkipGramTables skip_gram_tables(const std::vector<std::uint32_t>& counts,
                                const SkipGramOptions& options, std::uint64_t tokens) {
  SkipGramTables tables;
  number_items(counts, options, tables);
  tables.shared_contexts = shared_contexts(tables.vocabulary.size(), tokens, options);
  if (tables.vocabulary.size() < 2) return tables;
  const auto in_order = counts_in_order(counts, tables.vocabulary);
  if (options.inverse_popularity > 0)
    tables.weight = sample_weights(in_order, static_cast<double>(options.inverse_popularity));
  if (options.loss == Loss::kHierarchicalSoftmax)
    tables.tree = build_huffman_tree(in_order);
  else
    tables.negatives = draw_negatives(in_order, options);
  return tables;
}

}  // namespace sparrow::embed
