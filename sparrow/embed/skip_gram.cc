// train_skip_gram(): Trainer::train_sequence() is the hot loop; everything else prepares its
// tables.
#include "sparrow/embed/skip_gram.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <queue>
#include <thread>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::embed {
namespace {

using Clock = std::chrono::steady_clock;

// Huffman code of every item: the inner nodes from the root and the turn taken at each.
struct HuffmanTree {
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> nodes;
  std::vector<std::uint8_t> turns;
};

HuffmanTree build_tree(const std::vector<std::uint32_t>& counts) {
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

// 1 / (1 + e^-x), by table as word2vec does, but linear between entries.
class Sigmoid {
 public:
  Sigmoid() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const double x = (static_cast<double>(i) / kPerUnit) - kLimit;
      values_[i] = static_cast<float>(1.0 / (1.0 + std::exp(-x)));
    }
  }
  float operator()(float x) const {
    if (x >= kLimit) return 1;
    if (x <= -kLimit) return 0;
    const float at = (x + kLimit) * kPerUnit;
    const auto i = static_cast<std::size_t>(at);
    const float part = at - static_cast<float>(i);
    return values_[i] + part * (values_[i + 1] - values_[i]);
  }

 private:
  static constexpr int kLimit = 8;
  static constexpr int kPerUnit = 64;
  std::array<float, 2 * kLimit * kPerUnit + 2> values_{};
};

class Trainer {
 public:
  Trainer(const SequenceSource& source, std::vector<std::uint32_t> counts,
          const SkipGramOptions& options, const RunControl& control)
      : source_(source), counts_(std::move(counts)), options_(options), control_(control) {}

  Result<SkipGramResult> run();

 private:
  struct Worker {
    explicit Worker(std::uint64_t seed) : random(seed) {}
    Random random;
    std::vector<Row> tokens;
    std::vector<Row> kept;
    AlignedFloats gradient;
    double loss = 0;
    std::uint64_t pairs = 0;
  };

  void renumber();
  void build_negatives();
  void train_epoch(std::size_t epoch);
  void train_sequence(Worker& worker, float rate);
  void train_pair(Worker& worker, Row center, Row context, float rate);
  float step(float* input, float* output, float* gradient, float label, float rate);

  const SequenceSource& source_;
  std::vector<std::uint32_t> counts_;
  const SkipGramOptions& options_;
  const RunControl& control_;
  std::vector<Row> dense_;       // item -> vocabulary row, kNoRow below min_count
  std::vector<Row> vocabulary_;  // vocabulary row -> item
  std::vector<float> keep_;      // sub-sampling: probability to keep
  std::vector<Row> negatives_;   // drawn from at random
  HuffmanTree tree_;
  Embeddings input_;
  Embeddings output_;
  Sigmoid sigmoid_;
  std::atomic<std::uint64_t> done_{0};
  std::uint64_t pairs_ = 0;
  std::mutex report_mutex_;
  std::vector<double> epoch_loss_;
};

void Trainer::renumber() {
  dense_.assign(counts_.size(), kNoRow);
  std::uint64_t total = 0;
  for (Row item = 0; item < counts_.size(); ++item) {
    if (counts_[item] < options_.min_count || counts_[item] == 0) continue;
    dense_[item] = static_cast<Row>(vocabulary_.size());
    vocabulary_.push_back(item);
    total += counts_[item];
  }
  keep_.assign(vocabulary_.size(), 1.0F);
  if (options_.subsample <= 0) return;
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    const double share = static_cast<double>(counts_[vocabulary_[v]]) / static_cast<double>(total);
    const double ratio = static_cast<double>(options_.subsample) / share;
    keep_[v] = static_cast<float>(std::min(1.0, std::sqrt(ratio) + ratio));
  }
}

void Trainer::build_negatives() {
  double total = 0;
  std::vector<double> weight(vocabulary_.size());
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    weight[v] = std::pow(static_cast<double>(counts_[vocabulary_[v]]),
                         static_cast<double>(options_.negative_exponent));
    total += weight[v];
  }
  const std::size_t size = std::max<std::size_t>(1 << 16, 16 * vocabulary_.size());
  negatives_.reserve(size);
  double sum = 0;
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    sum += weight[v];
    const auto until = static_cast<std::size_t>(sum / total * static_cast<double>(size));
    while (negatives_.size() < until) negatives_.push_back(v);
  }
  if (negatives_.empty()) negatives_.push_back(0);
}

// One logistic step on input . output; adds the input's change to `gradient`; returns the loss.
float Trainer::step(float* input, float* output, float* gradient, float label, float rate) {
  const float p = sigmoid_(simd::dot(input, output, options_.dim));
  const float g = (label - p) * rate;
  simd::axpy(g, output, gradient, options_.dim);
  simd::axpy(g, input, output, options_.dim);
  return -std::log(std::max(1e-7F, label > 0.5F ? p : 1 - p));
}

// Hogwild: several threads change the same rows without locks, on purpose (Niu et al. 2011). The
// kernels that do it live in core/simd, which is built without the thread sanitizer.
__attribute__((no_sanitize("thread"))) void Trainer::train_pair(Worker& worker, Row center,
                                                                Row context, float rate) {
  float* input = input_.row(context).data();
  std::fill(worker.gradient.begin(), worker.gradient.end(), 0.0F);
  float loss = 0;
  if (options_.loss == Loss::kHierarchicalSoftmax) {
    for (std::uint32_t n = tree_.offsets[center]; n < tree_.offsets[center + 1]; ++n) {
      loss += step(input, output_.row(tree_.nodes[n]).data(), worker.gradient.data(),
                   tree_.turns[n] != 0 ? 0.0F : 1.0F, rate);
    }
  } else {
    loss += step(input, output_.row(center).data(), worker.gradient.data(), 1, rate);
    for (std::size_t n = 0; n < options_.negatives; ++n) {
      const Row negative =
          negatives_[worker.random.below(static_cast<std::uint32_t>(negatives_.size()))];
      if (negative == center) continue;
      loss += step(input, output_.row(negative).data(), worker.gradient.data(), 0, rate);
    }
  }
  simd::axpy(1, worker.gradient.data(), input, options_.dim);
  worker.loss += static_cast<double>(loss);
  ++worker.pairs;
}

void Trainer::train_sequence(Worker& worker, float rate) {
  worker.kept.clear();
  for (const Row item : worker.tokens) {
    const Row v = dense_[item];
    if (v == kNoRow) continue;
    if (keep_[v] < 1 && worker.random.uniform() >= static_cast<double>(keep_[v])) continue;
    worker.kept.push_back(v);
  }
  const std::size_t n = worker.kept.size();
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t reach = n;
    if (options_.window > 0)
      reach = 1 + worker.random.below(static_cast<std::uint32_t>(options_.window));
    const std::size_t begin = c > reach ? c - reach : 0;
    const std::size_t end = std::min(n, c + reach + 1);
    for (std::size_t o = begin; o < end; ++o) {
      if (o != c && worker.kept[o] != worker.kept[c])
        train_pair(worker, worker.kept[c], worker.kept[o], rate);
    }
  }
}

void Trainer::train_epoch(std::size_t epoch) {
  std::vector<std::uint32_t> order(source_.count);
  for (std::uint32_t s = 0; s < order.size(); ++s) order[s] = s;
  Random random(options_.seed + 7919 * (epoch + 1));
  shuffle(order, random);
  const std::uint64_t all = source_.tokens * options_.epochs;
  double loss = 0;
  std::uint64_t pairs = 0;
  const auto began = Clock::now();
  parallel_for(
      order.size(), 64, options_.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
        if (control_.is_cancelled()) return;
        Worker worker(options_.seed ^ (0x5851f42d4c957f2dULL * (epoch * order.size() + begin + 1)));
        worker.gradient.resize(options_.dim);
        for (std::size_t i = begin; i < end; ++i) {
          source_.fill(order[i], epoch, worker.tokens);
          const double progress = static_cast<double>(done_.load(std::memory_order_relaxed)) /
                                  static_cast<double>(std::max<std::uint64_t>(1, all));
          const float rate = std::max(
              options_.min_learning_rate,
              options_.learning_rate + static_cast<float>(progress) *
                                           (options_.min_learning_rate - options_.learning_rate));
          train_sequence(worker, rate);
          done_.fetch_add(worker.tokens.size(), std::memory_order_relaxed);
        }
        const std::lock_guard lock(report_mutex_);
        loss += worker.loss;
        pairs += worker.pairs;
        pairs_ += worker.pairs;
        if (std::chrono::duration<double>(Clock::now() - began).count() > 0.05) {
          control_.report({"skip-gram", done_.load(), all, "items",
                           pairs > 0 ? loss / static_cast<double>(pairs) : 0});
        }
      });
  epoch_loss_.push_back(pairs > 0 ? loss / static_cast<double>(pairs) : 0);
}

Result<SkipGramResult> Trainer::run() {
  const auto start = Clock::now();
  renumber();
  if (vocabulary_.size() < 2) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{} items occur {} times or more in the sequences; 2 are needed. "
                             "Lower --min-count, or use a content method",
                             vocabulary_.size(), options_.min_count)};
  }
  std::vector<std::uint32_t> counts;
  for (const Row item : vocabulary_) counts.push_back(counts_[item]);
  if (options_.loss == Loss::kHierarchicalSoftmax)
    tree_ = build_tree(counts);
  else
    build_negatives();
  input_ = Embeddings(vocabulary_.size(), options_.dim);
  output_ = Embeddings(vocabulary_.size(), options_.dim);
  Random random(options_.seed);
  for (std::size_t i = 0; i < vocabulary_.size() * options_.dim; ++i) {
    input_.data()[i] =
        static_cast<float>((random.uniform() - 0.5) / static_cast<double>(options_.dim));
  }
  for (std::size_t epoch = 0; epoch < options_.epochs; ++epoch) {
    train_epoch(epoch);
    if (control_.is_cancelled())
      return Error{ErrorCode::kUnavailable, "cancelled; nothing was written"};
  }
  SkipGramResult result;
  result.vectors = Embeddings(counts_.size(), options_.dim);
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    std::copy(input_.row(v).begin(), input_.row(v).end(),
              result.vectors.row(vocabulary_[v]).begin());
  }
  result.epoch_loss = std::move(epoch_loss_);
  result.pairs = pairs_;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace

SequenceSource source_of(const data::Sequences& sequences) {
  SequenceSource source;
  source.count = sequences.count();
  source.tokens = sequences.items.size();
  source.fill = [&sequences](std::uint64_t s, std::size_t epoch, std::vector<Row>& out) {
    const auto items = sequences[s];
    out.assign(items.begin(), items.end());
    if (sequences.weights.empty()) return;
    // A weight is the probability that an event takes part in an epoch.
    Random random((s << 16) ^ epoch);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float weight = sequences.weights[sequences.offsets[s] + i];
      if (random.uniform() < static_cast<double>(weight)) out[kept++] = items[i];
    }
    out.resize(kept);
  };
  return source;
}

Result<SkipGramResult> train_skip_gram(const SequenceSource& source,
                                       std::vector<std::uint32_t> counts,
                                       const SkipGramOptions& options, const RunControl& control) {
  return Trainer(source, std::move(counts), options, control).run();
}

std::uint64_t skip_gram_memory_bytes(std::size_t items, const SkipGramOptions& options) {
  return 3 * items * options.dim * sizeof(float) + 16 * items * sizeof(Row) * 2;
}

}  // namespace sparrow::embed
