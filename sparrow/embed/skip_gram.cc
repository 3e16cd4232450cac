// train_skip_gram(): Trainer::train_sequence() is the hot loop; everything else prepares its
// tables.
#include "sparrow/embed/skip_gram.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <queue>
#include <thread>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"

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

// How many of the most popular rows each thread keeps a copy of, so that they do not travel between
// the cores' caches, and after how many windows the copies are merged. Fewer merges cost the tail.
constexpr std::size_t kHotRows = 512;
constexpr std::size_t kMergeWindows = 2048;
constexpr std::size_t kLossSample = 64;  // the loss is measured on one step in so many

class Trainer {
 public:
  Trainer(const SequenceSource& source, std::vector<std::uint32_t> counts,
          const SkipGramOptions& options, const RunControl& control)
      : source_(source), counts_(std::move(counts)), options_(options), control_(control) {}

  Result<SkipGramResult> run();

 private:
  // One thread's state; it outlives the epochs.
  struct alignas(128) Worker {  // no cache line is shared
    Random random{0};
    std::vector<Row> tokens;
    std::vector<Row> kept;
    std::vector<float*> inputs;
    AlignedFloats hot;   // copies of the hot rows: inputs, then outputs
    AlignedFloats base;  // what the copies were at the last merge
    std::size_t windows = 0;
    std::size_t next_negative = 0;
    double loss = 0;
    std::uint64_t loss_pairs = 0;
    std::uint64_t pairs = 0;
    std::size_t steps = 0;
  };

  void renumber();
  void build_negatives();
  void train_epoch(std::size_t epoch);
  void train_sequence(Worker& worker, float rate);
  void train_window(Worker& worker, std::size_t center, std::size_t begin, std::size_t end,
                    float rate);
  void train_step(Worker& worker, Row center, std::span<float*> inputs, float rate);
  void merge_hot_rows(Worker& worker);
  void prefetch(const Worker& worker, std::size_t center) const;
  float learning_rate(std::uint64_t all) const;
  double mean_loss() const;
  void start_workers();
  float* input_row(Worker& worker, Row v) {
    return v < hot_rows_ ? worker.hot.data() + v * stride_ : input_.data() + v * stride_;
  }
  float* output_row(Worker& worker, Row v) {
    return v < hot_rows_ ? worker.hot.data() + (hot_rows_ + v) * stride_
                         : output_.data() + v * stride_;
  }

  const SequenceSource& source_;
  std::vector<std::uint32_t> counts_;
  const SkipGramOptions& options_;
  const RunControl& control_;
  std::vector<Row> dense_;       // item -> vocabulary row, kNoRow below min_count
  std::vector<Row> vocabulary_;  // vocabulary row -> item, most frequent first
  std::vector<float> keep_;      // sub-sampling: probability to keep
  std::vector<Row> negatives_;   // shuffled; walked in order
  HuffmanTree tree_;
  std::size_t stride_ = 0;    // floats in a row: dim, rounded up to whole vectors
  std::size_t hot_rows_ = 0;  // rows that threads hold copies of; 0 with one thread
  Embeddings input_;
  Embeddings output_;
  std::vector<Worker> workers_;
  std::mutex hot_mutex_;
  std::atomic<std::uint64_t> done_{0};
  std::mutex report_mutex_;
  std::vector<double> epoch_loss_;
};

void Trainer::renumber() {
  dense_.assign(counts_.size(), kNoRow);
  std::uint64_t total = 0;
  for (Row item = 0; item < counts_.size(); ++item) {
    if (counts_[item] < options_.min_count || counts_[item] == 0) continue;
    vocabulary_.push_back(item);
    total += counts_[item];
  }
  std::stable_sort(vocabulary_.begin(), vocabulary_.end(),
                   [&](Row a, Row b) { return counts_[a] > counts_[b]; });
  for (Row v = 0; v < vocabulary_.size(); ++v) dense_[vocabulary_[v]] = v;
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
  const std::size_t size = std::max<std::size_t>(1 << 20, 32 * vocabulary_.size());
  negatives_.reserve(size);
  double sum = 0;
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    sum += weight[v];
    const auto until = static_cast<std::size_t>(sum / total * static_cast<double>(size));
    while (negatives_.size() < until) negatives_.push_back(v);
  }
  while (negatives_.size() < size) negatives_.push_back(0);
  Random random(options_.seed ^ 0x6e65676174697665ULL);
  shuffle(negatives_, random);
}

// One positive and the window's shared negatives, or the center's path in the tree, six outputs at
// a time, against all inputs of the window.
void Trainer::train_step(Worker& worker, Row center, std::span<float*> inputs, float rate) {
  simd::SkipGramStep step{.inputs = inputs.data(), .count = inputs.size(), .stride = stride_};
  double loss = 0;
  const bool measured = worker.steps++ % kLossSample == 0;
  const auto run = [&](std::size_t used) {
    for (std::size_t j = used; j < simd::kStepOutputs; ++j) {
      step.outputs[j] = step.outputs[0];
      step.labels[j] = 0;
      step.rates[j] = 0;
    }
    double part = 0;
    simd::skip_gram_step(step, measured ? &part : nullptr);
    loss += part;
  };
  if (options_.loss == Loss::kHierarchicalSoftmax) {
    for (std::uint32_t n = tree_.offsets[center]; n < tree_.offsets[center + 1];) {
      std::size_t used = 0;
      for (; used < simd::kStepOutputs && n < tree_.offsets[center + 1]; ++used, ++n) {
        step.outputs[used] = output_row(worker, tree_.nodes[n]);
        step.labels[used] = tree_.turns[n] != 0 ? 0.0F : 1.0F;
        step.rates[used] = rate;
      }
      run(used);
    }
  } else {
    std::size_t used = 1;
    step.outputs[0] = output_row(worker, center);
    step.labels[0] = 1;
    step.rates[0] = rate;
    for (std::size_t drawn = 0; drawn < options_.negatives; ++drawn) {
      if (used == simd::kStepOutputs) {
        run(used);
        used = 0;
      }
      const Row negative = negatives_[worker.next_negative];
      worker.next_negative =
          worker.next_negative + 1 == negatives_.size() ? 0 : worker.next_negative + 1;
      step.outputs[used] = output_row(worker, negative);
      step.labels[used] = 0;
      step.rates[used] = negative == center ? 0 : rate;
      ++used;
    }
    run(used);
  }
  worker.pairs += inputs.size();
  if (measured) {
    worker.loss += loss;
    worker.loss_pairs += inputs.size();
  }
}

// Rows of the windows to come: a random row takes longer to arrive than a window takes to train.
void Trainer::prefetch(const Worker& worker, std::size_t center) const {
  constexpr std::size_t kAhead = 2;
  constexpr std::size_t kLine = 64 / sizeof(float);
  const auto fetch = [&](const Embeddings& rows, Row v) {
    if (v < hot_rows_) return;
    for (std::size_t c = 0; c < stride_; c += kLine)
      __builtin_prefetch(rows.data() + v * stride_ + c, 1);
  };
  if (center + kAhead < worker.kept.size()) fetch(output_, worker.kept[center + kAhead]);
  const std::size_t context = center + kAhead + options_.window;
  if (context < worker.kept.size()) fetch(input_, worker.kept[context]);
  if (options_.loss == Loss::kHierarchicalSoftmax) return;
  std::size_t at = worker.next_negative + kAhead * options_.negatives;
  for (std::size_t n = 0; n < options_.negatives; ++n, ++at)
    fetch(output_, negatives_[at < negatives_.size() ? at : at - negatives_.size()]);
}

void Trainer::train_window(Worker& worker, std::size_t center, std::size_t begin, std::size_t end,
                           float rate) {
  worker.inputs.clear();
  for (std::size_t o = begin; o < end; ++o) {
    if (o == center || worker.kept[o] == worker.kept[center]) continue;
    worker.inputs.push_back(input_row(worker, worker.kept[o]));
    if (worker.inputs.size() < simd::kMaxStepInputs) continue;
    train_step(worker, worker.kept[center], worker.inputs, rate);
    worker.inputs.clear();
  }
  if (!worker.inputs.empty()) train_step(worker, worker.kept[center], worker.inputs, rate);
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
    if (options_.window > 0) {
      reach = 1 + worker.random.below(static_cast<std::uint32_t>(options_.window));
      prefetch(worker, c);
    }
    const std::size_t begin = c > reach ? c - reach : 0;
    train_window(worker, c, begin, std::min(n, c + reach + 1), rate);
    if (hot_rows_ > 0 && ++worker.windows % kMergeWindows == 0) merge_hot_rows(worker);
  }
}

// Adds what this thread learned to the shared rows and takes what the others did.
void Trainer::merge_hot_rows(Worker& worker) {
  const std::lock_guard lock(hot_mutex_);
  const std::size_t half = hot_rows_ * stride_;
  const auto merge = [&](float* shared, float* hot, float* base) {
    for (std::size_t i = 0; i < half; ++i) {
      const float sum = shared[i] + (hot[i] - base[i]);
      shared[i] = sum;
      hot[i] = sum;
      base[i] = sum;
    }
  };
  merge(input_.data(), worker.hot.data(), worker.base.data());
  merge(output_.data(), worker.hot.data() + half, worker.base.data() + half);
}

void Trainer::train_epoch(std::size_t epoch) {
  std::vector<std::uint32_t> order(source_.count);
  for (std::uint32_t s = 0; s < order.size(); ++s) order[s] = s;
  Random random(options_.seed + 7919 * (epoch + 1));
  shuffle(order, random);
  const std::uint64_t all = source_.tokens * options_.epochs;
  for (Worker& worker : workers_) {
    worker.loss = 0;
    worker.loss_pairs = 0;
  }
  const auto began = Clock::now();
  parallel_for(order.size(), 64, workers_.size(),
               [&](std::size_t begin, std::size_t end, std::size_t thread) {
                 if (control_.is_cancelled()) return;
                 Worker& worker = workers_[thread];
                 const std::uint64_t block = epoch * order.size() + begin + 1;
                 worker.random = Random(options_.seed ^ (0x5851f42d4c957f2dULL * block));
                 if (!negatives_.empty())
                   worker.next_negative =
                       worker.random.below(static_cast<std::uint32_t>(negatives_.size()));
                 for (std::size_t i = begin; i < end; ++i) {
                   source_.fill(order[i], epoch, worker.tokens);
                   train_sequence(worker, learning_rate(all));
                   done_.fetch_add(worker.tokens.size(), std::memory_order_relaxed);
                 }
                 const std::lock_guard lock(report_mutex_);
                 if (std::chrono::duration<double>(Clock::now() - began).count() > 0.05)
                   control_.report({"skip-gram", done_.load(), all, "items", mean_loss()});
               });
  if (hot_rows_ > 0) {
    for (Worker& worker : workers_) merge_hot_rows(worker);
    for (Worker& worker : workers_) merge_hot_rows(worker);  // all copies are equal again
  }
  epoch_loss_.push_back(mean_loss());
}

float Trainer::learning_rate(std::uint64_t all) const {
  const double progress = static_cast<double>(done_.load(std::memory_order_relaxed)) /
                          static_cast<double>(std::max<std::uint64_t>(1, all));
  return std::max(
      options_.min_learning_rate,
      options_.learning_rate +
          static_cast<float>(progress) * (options_.min_learning_rate - options_.learning_rate));
}

// Of this epoch, on the sampled steps; a progress figure: other threads may be adding to theirs.
__attribute__((no_sanitize("thread"))) double Trainer::mean_loss() const {
  double loss = 0;
  std::uint64_t pairs = 0;
  for (const Worker& worker : workers_) {
    loss += worker.loss;
    pairs += worker.loss_pairs;
  }
  return pairs > 0 ? loss / static_cast<double>(pairs) : 0;
}

void Trainer::start_workers() {
  workers_.resize(thread_count(options_.threads));
  hot_rows_ = workers_.size() == 1 ? 0 : std::min(kHotRows, vocabulary_.size());
  const std::size_t half = hot_rows_ * stride_;
  for (Worker& worker : workers_) {
    worker.hot.assign(input_.data(), input_.data() + half);
    worker.hot.insert(worker.hot.end(), output_.data(), output_.data() + half);
    worker.base = worker.hot;
  }
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
  stride_ = (options_.dim + simd::kRowAlign - 1) / simd::kRowAlign * simd::kRowAlign;
  input_ = Embeddings(vocabulary_.size(), stride_);
  output_ = Embeddings(vocabulary_.size(), stride_);
  Random random(options_.seed);
  for (std::size_t v = 0; v < vocabulary_.size(); ++v) {
    for (std::size_t c = 0; c < options_.dim; ++c)
      input_.row(v)[c] =
          static_cast<float>((random.uniform() - 0.5) / static_cast<double>(options_.dim));
  }
  start_workers();
  for (std::size_t epoch = 0; epoch < options_.epochs; ++epoch) {
    train_epoch(epoch);
    if (control_.is_cancelled())
      return Error{ErrorCode::kUnavailable, "cancelled; nothing was written"};
  }
  SkipGramResult result;
  result.vectors = Embeddings(counts_.size(), options_.dim);
  for (Row v = 0; v < vocabulary_.size(); ++v) {
    std::copy_n(input_.row(v).begin(), options_.dim, result.vectors.row(vocabulary_[v]).begin());
  }
  result.epoch_loss = std::move(epoch_loss_);
  for (const Worker& worker : workers_) result.pairs += worker.pairs;
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
