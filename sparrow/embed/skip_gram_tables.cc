#include "sparrow/embed/skip_gram_tables.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"

namespace sparrow::embed {
namespace {

void number_items(const std::vector<std::uint32_t>& counts, const SkipGramOptions& options,
                  SkipGramTables& tables) {
  tables.dense.assign(counts.size(), kNoRow);
  std::uint64_t total = 0;
  for (Row item = 0; item < counts.size(); ++item) {
    if (counts[item] < options.min_count || counts[item] == 0) continue;
    tables.vocabulary.push_back(item);
    total += counts[item];
  }
  std::stable_sort(tables.vocabulary.begin(), tables.vocabulary.end(),
                   [&](Row a, Row b) { return counts[a] > counts[b]; });
  for (Row v = 0; v < tables.vocabulary.size(); ++v) tables.dense[tables.vocabulary[v]] = v;
  if (options.subsample <= 0) return;
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

std::vector<Row> draw_negatives(const std::vector<std::uint32_t>& counts,
                                const SkipGramOptions& options) {
  double total = 0;
  std::vector<double> weight(counts.size());
  for (Row v = 0; v < counts.size(); ++v) {
    weight[v] =
        std::pow(static_cast<double>(counts[v]), static_cast<double>(options.negative_exponent));
    total += weight[v];
  }
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

}  // namespace

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
  std::vector<std::uint32_t> in_order;
  in_order.reserve(tables.vocabulary.size());
  for (const Row item : tables.vocabulary) in_order.push_back(counts[item]);
  if (options.inverse_popularity > 0)
    tables.weight = sample_weights(in_order, static_cast<double>(options.inverse_popularity));
  if (options.loss == Loss::kHierarchicalSoftmax)
    tables.tree = build_huffman_tree(in_order);
  else
    tables.negatives = draw_negatives(in_order, options);
  return tables;
}

}  // namespace sparrow::embed
