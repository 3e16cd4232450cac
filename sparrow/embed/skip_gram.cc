// train_skip_gram(): Team::push() is the hot loop. A team of threads shares the columns of every
// row: all see the same batches in the same order, so results do not depend on their number.
#include "sparrow/embed/skip_gram.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"
#include "sparrow/embed/skip_gram_tables.h"
#include "sparrow/embed/window_batcher.h"

namespace sparrow::embed {
namespace {

using Clock = std::chrono::steady_clock;
using simd::ColumnRange;
using simd::SkipGramBatch;

// Columns are split into so many parts, whatever the number of threads: a sum of floats depends on
// its order.
constexpr std::size_t kParts = 2;
constexpr std::size_t kSlots = 4;         // batches under way: made, multiplied, awaited
constexpr std::size_t kBlock = 256;       // sequences between two meetings of the team
constexpr std::size_t kFixedEpochs = 2;   // with given vectors left as they are
constexpr std::size_t kLossBatches = 64;  // the loss is measured on one batch in so many

// The others are nanoseconds away, unless they have lost their core: then ours is of use to them.
void relax(std::size_t& spins) {
  constexpr std::size_t kPatience = 4096;
  if (++spins > kPatience) std::this_thread::sleep_for(std::chrono::microseconds(50));
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// How many threads a stretch of blocks gets: all, unless one alone was faster lately, because other
// programs hold the cores and the team waits for whoever has none. Results do not depend on it.
class TeamChoice {
 public:
  explicit TeamChoice(std::size_t threads) : all_(threads) {}
  // Threads of the next block; `tokens` were trained since the last call.
  std::size_t next(std::uint64_t tokens);

 private:
  static constexpr std::size_t kStretch = 16;  // blocks, or fewer when they take long
  static constexpr double kLongSeconds = 0.04;
  static constexpr double kProbeEvery = 30;  // times what the last look at the other one took
  enum Mode : std::size_t { kTeam, kAlone };
  std::size_t threads() const { return mode_ == kTeam ? all_ : 1; }

  std::size_t all_;
  Mode mode_ = kTeam;
  std::array<double, 2> rate_{};  // tokens a second, by mode; 0: not known
  std::size_t blocks_ = 0;
  std::uint64_t tokens_ = 0;
  Clock::time_point began_ = Clock::now();
  double probe_seconds_ = 0;  // of the slower mode, last time
  double since_probe_ = 0;
};

std::size_t TeamChoice::next(std::uint64_t tokens) {
  if (all_ == 1) return 1;
  tokens_ += tokens;
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  if (++blocks_ < kStretch && seconds < kLongSeconds) return threads();
  rate_[mode_] = static_cast<double>(tokens_) / std::max(1e-9, seconds);
  since_probe_ += seconds;
  const Mode best = rate_[kAlone] > rate_[kTeam] ? kAlone : kTeam;
  const Mode other = best == kTeam ? kAlone : kTeam;
  if (mode_ != best) {
    probe_seconds_ = seconds;
    since_probe_ = 0;
  }
  const bool look = rate_[other] == 0 || since_probe_ > kProbeEvery * probe_seconds_;
  mode_ = look ? other : best;
  blocks_ = 0;
  tokens_ = 0;
  began_ = Clock::now();
  return threads();
}

// One part of the columns: its share of the inner products of the last batches, for the others.
struct alignas(128) Part {
  ColumnRange columns;
  std::array<AlignedFloats, kSlots> products;
  alignas(128) std::atomic<std::uint64_t> posted{0};  // batches whose products are there
};

class Trainer {
 public:
  Trainer(const SequenceSource& source, std::vector<std::uint32_t> counts,
          const SkipGramOptions& options, const RunControl& control)
      : source_(source), counts_(std::move(counts)), options_(options), control_(control) {}

  Result<SkipGramResult> run();

 private:
  // One thread's state; it outlives the epochs.
  struct alignas(128) Worker {  // no cache line is shared
    explicit Worker(const WindowBatcher& windows) : batcher(windows) {}
    std::size_t first_part = 0;  // of the columns: [first_part, last_part)
    std::size_t last_part = 0;
    WindowBatcher batcher;
    std::array<SkipGramBatch, kSlots> batches;
    std::array<std::uint64_t, kSlots> pairs{};
    AlignedFloats errors;
    std::uint32_t calls_heard = 0;
    std::uint64_t made = 0;        // batches
    std::uint64_t multiplied = 0;  // of them, with products
    std::uint64_t finished = 0;    // of them, with updates
    std::uint64_t done = 0;        // tokens
    double loss = 0;               // of the epoch, measured batches
    std::uint64_t loss_pairs = 0;
    std::uint64_t all_pairs = 0;
  };

  void initialize();
  void start_workers();
  void train_epoch(std::size_t epoch);
  void lead_epoch(std::size_t epoch);
  void follow_epoch(std::size_t thread, std::size_t epoch);
  void call_others();
  void work_together(std::size_t thread, std::size_t epoch);
  void plan_block(std::size_t first);
  void fill_block(std::size_t thread, std::size_t epoch);
  void train_block(std::size_t thread, std::size_t epoch);
  void push(Worker& worker);
  void multiply(Worker& worker);
  void finish(Worker& worker);
  void drain(Worker& worker);
  void report(const Worker& worker);
  float learning_rate(std::uint64_t done) const;
  ColumnRange columns_of(const Worker& worker) const {
    return {parts_[worker.first_part].columns.begin, parts_[worker.last_part - 1].columns.end};
  }
  std::size_t all_epochs() const { return options_.epochs + fixed_epochs_; }
  std::size_t parts() const { return stride_ > simd::kRowAlign ? kParts : 1; }

  const SequenceSource& source_;
  std::vector<std::uint32_t> counts_;
  const SkipGramOptions& options_;
  const RunControl& control_;
  SkipGramTables tables_;
  std::size_t stride_ = 0;  // floats in a row: dim, rounded up to whole vectors
  std::size_t fixed_epochs_ = 0;
  bool fixed_ = false;  // in this epoch
  Embeddings input_;
  Embeddings output_;
  std::array<Part, kParts> parts_;
  std::vector<Worker> workers_;
  std::vector<std::uint32_t> order_;
  struct BlockPlan {
    bool epoch_ends = false;  // there is no block
    std::size_t threads = 1;
    std::size_t first = 0;      // sequence
    std::uint64_t batches = 0;  // before the block
    std::uint64_t done = 0;     // tokens before it
  };
  BlockPlan plan_;  // by the first worker, while the others wait
  std::vector<std::vector<Row>> block_{kBlock};
  std::unique_ptr<TeamChoice> choice_;
  std::unique_ptr<std::barrier<>> meeting_;
  std::atomic<std::uint32_t> calls_{0};
  std::vector<double> epoch_loss_;
};

void Trainer::initialize() {
  stride_ = (options_.dim + simd::kRowAlign - 1) / simd::kRowAlign * simd::kRowAlign;
  input_ = Embeddings(tables_.vocabulary.size(), stride_);
  output_ = Embeddings(tables_.vocabulary.size(), stride_);
  Random random(options_.seed);
  for (std::size_t v = 0; v < tables_.vocabulary.size(); ++v) {
    for (std::size_t c = 0; c < options_.dim; ++c)
      input_.row(v)[c] =
          static_cast<float>((random.uniform() - 0.5) / static_cast<double>(options_.dim));
    if (options_.initial == nullptr) continue;
    const auto given = options_.initial->row(tables_.vocabulary[v]);
    if (std::any_of(given.begin(), given.end(), [](float x) { return x != 0; }))
      std::copy(given.begin(), given.end(), input_.row(v).begin());
  }
  fixed_epochs_ = options_.initial == nullptr ? 0 : kFixedEpochs;
}

void Trainer::start_workers() {
  const std::size_t half = stride_ / 2 / simd::kRowAlign * simd::kRowAlign;
  parts_[0].columns = {0, parts() == 1 ? stride_ : stride_ - half};
  parts_[1].columns = {parts_[0].columns.end, stride_};
  const std::size_t threads = std::min(thread_count(options_.threads), parts());
  for (std::size_t t = 0; t < threads; ++t)
    workers_.emplace_back(WindowBatcher(tables_, options_, input_, output_));
  choice_ = std::make_unique<TeamChoice>(threads);
  meeting_ = std::make_unique<std::barrier<>>(static_cast<std::ptrdiff_t>(threads));
}

// The worker's share of the inner products of its next batch.
void Trainer::multiply(Worker& worker) {
  const std::uint64_t k = worker.multiplied++;
  const SkipGramBatch& batch = worker.batches[k % kSlots];
  for (std::size_t p = worker.first_part; p < worker.last_part; ++p) {
    AlignedFloats& products = parts_[p].products[k % kSlots];
    if (products.size() < batch.places()) products.resize(batch.places());
    simd::skip_gram_products(batch, parts_[p].columns, products.data());
    parts_[p].posted.store(k + 1, std::memory_order_release);
  }
}

// Waits for the other parts, then updates the worker's columns.
void Trainer::finish(Worker& worker) {
  const std::uint64_t k = worker.finished++;
  const SkipGramBatch& batch = worker.batches[k % kSlots];
  for (std::size_t p = 0; p < parts(); ++p) {
    for (std::size_t spins = 0; parts_[p].posted.load(std::memory_order_acquire) <= k;)
      relax(spins);
  }
  const float* a = parts_[0].products[k % kSlots].data();
  const float* b = parts() > 1 ? parts_[1].products[k % kSlots].data() : nullptr;
  if (worker.errors.size() < batch.places()) worker.errors.resize(batch.places());
  if (worker.first_part == 0 && k % kLossBatches == 0) {
    worker.loss += simd::skip_gram_loss(batch, a, b);
    worker.loss_pairs += worker.pairs[k % kSlots];
  }
  simd::skip_gram_errors(batch, a, b, worker.errors.data());
  simd::skip_gram_update(batch, worker.errors.data(), columns_of(worker),
                         fixed_ ? simd::Learning::kOutputs : simd::Learning::kBoth);
  worker.all_pairs += worker.pairs[k % kSlots];
}

// A batch is made: its rows are on their way to the cache. The one before is multiplied, the one
// before that finished. No slot is overwritten that another thread may still read: it is at most
// two batches behind.
void Trainer::push(Worker& worker) {
  ++worker.made;
  if (worker.multiplied + 1 < worker.made) multiply(worker);
  if (worker.finished + 1 < worker.multiplied) finish(worker);
  worker.batches[worker.made % kSlots].clear();
  worker.pairs[worker.made % kSlots] = 0;
}

void Trainer::drain(Worker& worker) {
  if (!worker.batches[worker.made % kSlots].steps().empty()) push(worker);
  while (worker.multiplied < worker.made) multiply(worker);
  while (worker.finished < worker.made) finish(worker);
}

void Trainer::fill_block(std::size_t thread, std::size_t epoch) {
  const std::size_t count = std::min(kBlock, order_.size() - plan_.first);
  const std::size_t begin = count * thread / plan_.threads;
  const std::size_t mine = count * (thread + 1) / plan_.threads - begin;
  source_.fill({&order_[plan_.first + begin], mine}, epoch, {&block_[begin], mine});
}

void Trainer::plan_block(std::size_t first) {
  const Worker& worker = workers_[0];
  const std::size_t threads = choice_->next(worker.done - plan_.done);
  plan_ = {false, threads, first, worker.made, worker.done};
}

void Trainer::train_block(std::size_t thread, std::size_t epoch) {
  Worker& worker = workers_[thread];
  const std::uint64_t number = epoch * order_.size() + plan_.first + 1;
  worker.batcher.seed(options_.seed ^ (0x5851f42d4c957f2dULL * number));
  worker.first_part = thread * parts() / plan_.threads;
  worker.last_part = (thread + 1) * parts() / plan_.threads;
  worker.batcher.set_columns(columns_of(worker));
  worker.made = worker.multiplied = worker.finished = plan_.batches;
  worker.done = plan_.done;
  worker.batches[worker.made % kSlots].clear();
  worker.pairs[worker.made % kSlots] = 0;
  for (std::size_t i = 0; i < std::min(kBlock, order_.size() - plan_.first); ++i) {
    worker.batcher.begin_sequence(block_[i], learning_rate(worker.done));
    worker.done += block_[i].size();
    while (worker.batcher.fill(worker.batches[worker.made % kSlots],
                               worker.pairs[worker.made % kSlots]))
      push(worker);
  }
  drain(worker);
}

void Trainer::report(const Worker& worker) {
  const double loss =
      worker.loss_pairs > 0 ? worker.loss / static_cast<double>(worker.loss_pairs) : 0;
  control_.report({"skip-gram", worker.done, source_.tokens * all_epochs(), "items", loss});
}

// The first worker decides who trains a block. The others are called when they are wanted.
void Trainer::lead_epoch(std::size_t epoch) {
  const auto began = Clock::now();
  for (std::size_t first = 0; first < order_.size() && !control_.is_cancelled(); first += kBlock) {
    plan_block(first);
    if (plan_.threads == 1) {
      fill_block(0, epoch);
      train_block(0, epoch);
    } else {
      call_others();
      work_together(0, epoch);
    }
    if (std::chrono::duration<double>(Clock::now() - began).count() > 0.05) report(workers_[0]);
  }
  plan_.epoch_ends = true;
  call_others();
}

void Trainer::follow_epoch(std::size_t thread, std::size_t epoch) {
  while (true) {
    calls_.wait(workers_[thread].calls_heard, std::memory_order_acquire);
    ++workers_[thread].calls_heard;
    if (plan_.epoch_ends) return;
    work_together(thread, epoch);
  }
}

void Trainer::call_others() {
  calls_.fetch_add(1, std::memory_order_release);
  calls_.notify_all();
}

void Trainer::work_together(std::size_t thread, std::size_t epoch) {
  fill_block(thread, epoch);
  meeting_->arrive_and_wait();
  train_block(thread, epoch);
  meeting_->arrive_and_wait();
}

void Trainer::train_epoch(std::size_t epoch) {
  for (std::uint32_t s = 0; s < order_.size(); ++s) order_[s] = s;
  Random random(options_.seed + 7919 * (epoch + 1));
  shuffle(order_, random);
  workers_[0].loss = 0;
  workers_[0].loss_pairs = 0;
  parallel_for(workers_.size(), 1, workers_.size(), [&](std::size_t t, std::size_t, std::size_t) {
    if (t == 0)
      lead_epoch(epoch);
    else
      follow_epoch(t, epoch);
  });
  epoch_loss_.push_back(workers_[0].loss /
                        static_cast<double>(std::max<std::uint64_t>(1, workers_[0].loss_pairs)));
}

float Trainer::learning_rate(std::uint64_t done) const {
  const std::uint64_t all = source_.tokens * all_epochs();
  const double progress =
      static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(1, all));
  return std::max(
      options_.min_learning_rate,
      options_.learning_rate +
          static_cast<float>(progress) * (options_.min_learning_rate - options_.learning_rate));
}

Result<SkipGramResult> Trainer::run() {
  const auto start = Clock::now();
  tables_ = skip_gram_tables(counts_, options_, source_.tokens);
  if (tables_.vocabulary.size() < 2) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{} items occur {} times or more in the sequences; 2 are needed. "
                             "Lower --min-count, or use a content method",
                             tables_.vocabulary.size(), options_.min_count)};
  }
  initialize();
  start_workers();
  order_.resize(source_.count);
  for (std::size_t epoch = 0; epoch < all_epochs(); ++epoch) {
    fixed_ = epoch < fixed_epochs_;
    train_epoch(epoch);
    if (control_.is_cancelled())
      return Error{ErrorCode::kUnavailable, "cancelled; nothing was written"};
  }
  SkipGramResult result;
  result.vectors = Embeddings(counts_.size(), options_.dim);
  for (Row v = 0; v < tables_.vocabulary.size(); ++v) {
    std::copy_n(input_.row(v).begin(), options_.dim,
                result.vectors.row(tables_.vocabulary[v]).begin());
  }
  result.epoch_loss = std::move(epoch_loss_);
  result.pairs = workers_[0].all_pairs;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

// A weight is the probability that an event takes part in an epoch.
void take_sequence(const data::Sequences& sequences, std::uint64_t s, std::size_t epoch,
                   std::vector<Row>& out) {
  const auto items = sequences[s];
  out.assign(items.begin(), items.end());
  if (sequences.weights.empty()) return;
  Random random((s << 16) ^ epoch);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const float weight = sequences.weights[sequences.offsets[s] + i];
    if (random.uniform() < static_cast<double>(weight)) out[kept++] = items[i];
  }
  out.resize(kept);
}

}  // namespace

SequenceSource source_of(const data::Sequences& sequences) {
  SequenceSource source;
  source.count = sequences.count();
  source.tokens = sequences.items.size();
  source.fill = [&sequences](std::span<const std::uint32_t> numbers, std::size_t epoch,
                             std::span<std::vector<Row>> out) {
    for (std::size_t i = 0; i < numbers.size(); ++i)
      take_sequence(sequences, numbers[i], epoch, out[i]);
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
