// train_skip_gram(): Worker::push() is the hot loop. A team of threads shares the columns of every
// row: all see the same steps in the same order, so results do not depend on their number.
#include "sparrow/embed/skip_gram.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <deque>
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
using simd::kRowAlign;
using simd::SkipGramStep;

constexpr std::size_t kBlock = 256;      // sequences between two meetings of the team
constexpr std::size_t kFixedEpochs = 2;  // with given vectors left as they are
constexpr std::size_t kLossSteps = 509;  // the loss is measured on one step in so many

// A step is made, so that its rows are on their way to the cache; multiplied kAhead steps later;
// finished kDelay steps after that, when the other part is sure to be there: threads need not wait
// for each other at every step, nor tell each other more often than every kGroup steps. Between its
// products and its updates a step misses the updates of kDelay others.
constexpr std::size_t kAhead = 4;
constexpr std::size_t kDelay = 16;
constexpr std::size_t kGroup = 8;
constexpr std::size_t kSlots = 64;
// A thread is at most kDelay + kGroup steps behind the other, and reads products kDelay behind its
// own place.
static_assert(kSlots > 2 * (kDelay + kGroup) + kAhead && kDelay >= 2 * kGroup);

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

// One part of the columns: its share of the inner products of the last steps, for the others.
struct alignas(128) Part {
  explicit Part(ColumnRange range) : columns(range), products(kSlots * kSlotFloats) {}
  float* slot(std::uint64_t step) { return &products[step % kSlots * kSlotFloats]; }

  // One line of the cache more than needed: slots would meet in it otherwise.
  static constexpr std::size_t kSlotFloats = simd::kStepProducts + kRowAlign;
  ColumnRange columns;
  AlignedFloats products;
  alignas(128) std::atomic<std::uint64_t> posted{0};  // steps whose products are there
};

// One thread's state; it outlives the epochs.
class alignas(128) Worker final : public StepSink {  // no cache line is shared
 public:
  Worker(const WindowBatcher& windows, std::deque<Part>& parts)
      : batcher_(windows), parts_(parts) {}

  // For the parts [first, last) of the columns, in the block that begins with step `steps`.
  void begin_block(std::size_t first, std::size_t last, std::uint64_t steps, std::uint64_t seed,
                   simd::Learning learning);
  void train(std::span<const Row> sequence, float rate) {
    pairs_ += batcher_.add_sequence(sequence, rate, *this);
  }
  void end_block();
  void begin_epoch() { loss_ = Loss(); }

  SkipGramStep& room() override { return steps_[made_ % kSlots]; }
  void push() override;

  std::uint64_t steps() const { return made_; }
  std::uint64_t pairs() const { return pairs_; }
  double loss() const { return loss_.sum / std::max(1.0, loss_.pairs); }

 private:
  struct Loss {
    double sum = 0;
    double pairs = 0;
  };
  void multiply();
  void post();
  void await_others(std::uint64_t step);
  void find_errors();
  void update();

  const simd::SkipGramKernel kernel_ = simd::skip_gram_kernel();
  WindowBatcher batcher_;
  std::deque<Part>& parts_;
  Part* first_part_ = nullptr;
  Part* second_part_ = nullptr;  // null: there is none
  Part* mine_ = nullptr;         // the first of its parts
  bool alone_ = true;            // all parts are its
  ColumnRange columns_;          // of its parts
  simd::Learning learning_ = simd::Learning::kBoth;
  std::array<SkipGramStep, kSlots> steps_;
  AlignedFloats errors_ = AlignedFloats(simd::kStepProducts);
  std::uint64_t made_ = 0;
  std::uint64_t multiplied_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t seen_ = 0;  // the others have multiplied so many
  std::uint64_t pairs_ = 0;
  Loss loss_;  // of the epoch, measured steps
};

void Worker::begin_block(std::size_t first, std::size_t last, std::uint64_t steps,
                         std::uint64_t seed, simd::Learning learning) {
  first_part_ = &parts_.front();
  second_part_ = parts_.size() > 1 ? &parts_.back() : nullptr;
  mine_ = &parts_[first];
  alone_ = last - first == parts_.size();
  learning_ = learning;
  made_ = multiplied_ = finished_ = seen_ = steps;
  batcher_.seed(seed);
  columns_ = {parts_[first].columns.begin, parts_[last - 1].columns.end};
  batcher_.set_columns(columns_);
}

// Outputs are prefetched a few at a time: a core waits when it has asked for too many lines.
void Worker::push() {
  float* const* const outputs = steps_[made_++ % kSlots].outputs;
  const auto fetch = [&](std::size_t first) {
    prefetch(outputs[first], columns_);
    prefetch(outputs[first + 1], columns_);
  };
  static_assert(simd::kStepOutputs == 6);
  fetch(0);
  const bool full = multiplied_ + kAhead < made_;
  const bool due = full && finished_ + kDelay <= multiplied_;
  if (due) find_errors();
  if (full) multiply();
  fetch(2);
  if (due) update();
  fetch(4);
}

void Worker::end_block() {
  while (multiplied_ < made_) multiply();
  post();
  while (finished_ < made_) {
    find_errors();
    update();
  }
}

// The worker's share of the inner products of its next step.
void Worker::multiply() {
  const SkipGramStep& step = steps_[multiplied_ % kSlots];
  float* products = mine_->slot(multiplied_);
  const ColumnRange rest =
      alone_ && second_part_ != nullptr ? second_part_->columns : ColumnRange{};
  kernel_.products(step, mine_->columns, rest, products);
  if (++multiplied_ % kGroup == 0) post();
}

// Alone, it need not tell: nobody waits for the other part.
void Worker::post() { mine_->posted.store(multiplied_, std::memory_order_release); }

void Worker::await_others(std::uint64_t step) {
  const Part& other = mine_ == first_part_ ? *second_part_ : *first_part_;
  for (std::size_t spins = 0; seen_ <= step; seen_ = other.posted.load(std::memory_order_acquire))
    relax(spins);
}

// Of the step to be finished next, when the other part of its products is there.
void Worker::find_errors() {
  const SkipGramStep& step = steps_[finished_ % kSlots];
  const float* b = nullptr;
  if (!alone_) {
    if (seen_ <= finished_) await_others(finished_);
    b = second_part_->slot(finished_);
  }
  const float* a = first_part_->slot(finished_);
  if (mine_ == first_part_ && finished_ % kLossSteps == 0) {
    loss_.sum += simd::skip_gram_loss(step, a, b);
    loss_.pairs += static_cast<double>(step.count);
  }
  kernel_.errors(step, a, b, errors_.data());
}

void Worker::update() {
  kernel_.update(steps_[finished_++ % kSlots], errors_.data(), columns_, learning_);
}

Error too_few_items(std::size_t found, const SkipGramOptions& options) {
  return {ErrorCode::kInvalidInput,
          fmt::format("{} items occur {} times or more in the sequences; 2 are needed. "
                      "Lower --min-count, or use a content method",
                      found, options.min_count)};
}

// Rows of the vocabulary as rows of all items.
Embeddings spread(const Embeddings& rows, const std::vector<Row>& vocabulary, std::size_t items,
                  std::size_t dim) {
  Embeddings all(items, dim);
  for (std::size_t v = 0; v < vocabulary.size(); ++v)
    std::copy_n(rows.row(v).begin(), dim, all.row(vocabulary[v]).begin());
  return all;
}

class Trainer {
 public:
  Trainer(const SequenceSource& source, std::vector<std::uint32_t> counts,
          const SkipGramOptions& options, const RunControl& control)
      : source_(source), counts_(std::move(counts)), options_(options), control_(control) {}

  Result<SkipGramResult> run();
  // state: where it begins, then where it ends.
  Result<SkipGramResult> run_turn(const SkipGramTurn& turn, SkipGramState& state);

 private:
  Result<void> make_tables(std::uint64_t tokens);
  void initialize();
  Result<SkipGramResult> train_epochs(std::size_t first, std::size_t last);
  void start_workers();
  void train_epoch(std::size_t epoch);
  void lead_epoch(std::size_t epoch);
  void follow_epoch(std::size_t thread, std::size_t epoch);
  void call_others();
  void work_together(std::size_t thread, std::size_t epoch);
  void plan_block(std::size_t first);
  void fill_block(std::size_t thread, std::size_t epoch);
  void train_block(std::size_t thread, std::size_t epoch);
  void report() const;
  float learning_rate(std::uint64_t done) const;
  std::size_t all_epochs() const { return options_.epochs + fixed_epochs_; }

  const SequenceSource& source_;
  std::vector<std::uint32_t> counts_;
  SkipGramOptions options_;
  const RunControl& control_;
  SkipGramTables tables_;
  std::size_t stride_ = 0;  // floats in a row: dim, rounded up to whole vectors
  std::uint64_t seed_ = 0;  // of order, windows and negatives
  std::size_t fixed_epochs_ = 0;
  bool fixed_ = false;  // in this epoch
  Embeddings input_;
  Embeddings output_;
  std::deque<Part> parts_;
  std::deque<Worker> workers_;
  std::vector<std::uint32_t> calls_heard_;  // by worker
  std::vector<std::uint32_t> order_;
  struct BlockPlan {
    bool epoch_ends = false;  // there is no block
    std::size_t threads = 1;
    std::size_t first = 0;    // sequence
    std::uint64_t steps = 0;  // before the block
    std::uint64_t done = 0;   // tokens before it
  };
  std::uint64_t done_ = 0;  // tokens, by the first worker
  BlockPlan plan_;          // by the first worker, while the others wait
  std::vector<std::vector<Row>> block_{kBlock};
  std::unique_ptr<TeamChoice> choice_;
  std::unique_ptr<std::barrier<>> meeting_;
  std::atomic<std::uint32_t> calls_{0};
  std::vector<double> epoch_loss_;
};

void Trainer::initialize() {
  stride_ = (options_.dim + kRowAlign - 1) / kRowAlign * kRowAlign;
  input_ = Embeddings(tables_.vocabulary.size(), stride_);
  output_ = Embeddings(tables_.vocabulary.size() + 1, stride_);  // the last one is nobody's
}

// Within 1 / dim, as gensim and fastText; from word2vec's half of it, rare items get less far.
void draw_input(std::size_t dim, std::uint64_t seed, Embeddings& input) {
  Random random(seed);
  for (std::size_t v = 0; v < input.rows(); ++v) {
    for (std::size_t c = 0; c < dim; ++c)
      input.row(v)[c] = static_cast<float>((2 * random.uniform() - 1) / static_cast<double>(dim));
  }
}

// The first `dim` columns of the rows that both have.
void copy_columns(const Embeddings& from, std::size_t dim, Embeddings& to) {
  for (std::size_t r = 0; r < std::min(from.rows(), to.rows()); ++r)
    std::copy_n(from.row(r).begin(), dim, to.row(r).begin());
}

// Columns are split in two, whatever the number of threads: a sum of floats depends on its order.
void Trainer::start_workers() {
  const std::size_t half = stride_ / 2 / kRowAlign * kRowAlign;
  parts_.emplace_back(ColumnRange{0, stride_ - half});
  if (half > 0) parts_.emplace_back(ColumnRange{stride_ - half, stride_});
  const std::size_t threads = std::min(thread_count(options_.threads), parts_.size());
  for (std::size_t t = 0; t < threads; ++t)
    workers_.emplace_back(WindowBatcher(tables_, options_, input_, output_), parts_);
  calls_heard_.assign(threads, 0);
  choice_ = std::make_unique<TeamChoice>(threads);
  meeting_ = std::make_unique<std::barrier<>>(static_cast<std::ptrdiff_t>(threads));
}

void Trainer::fill_block(std::size_t thread, std::size_t epoch) {
  const std::size_t count = std::min(kBlock, order_.size() - plan_.first);
  const std::size_t begin = count * thread / plan_.threads;
  const std::size_t mine = count * (thread + 1) / plan_.threads - begin;
  source_.fill({&order_[plan_.first + begin], mine}, epoch, {&block_[begin], mine});
}

void Trainer::plan_block(std::size_t first) {
  const std::size_t threads = choice_->next(done_ - plan_.done);
  plan_ = {false, threads, first, workers_[0].steps(), done_};
}

void Trainer::train_block(std::size_t thread, std::size_t epoch) {
  Worker& worker = workers_[thread];
  const std::uint64_t number = epoch * order_.size() + plan_.first + 1;
  worker.begin_block(thread * parts_.size() / plan_.threads,
                     (thread + 1) * parts_.size() / plan_.threads, plan_.steps,
                     seed_ ^ (0x5851f42d4c957f2dULL * number),
                     fixed_ ? simd::Learning::kOutputs : simd::Learning::kBoth);
  std::uint64_t done = plan_.done;
  for (std::size_t i = 0; i < std::min(kBlock, order_.size() - plan_.first); ++i) {
    worker.train(block_[i], learning_rate(done));
    done += block_[i].size();
  }
  worker.end_block();
  if (thread == 0) done_ = done;
}

void Trainer::report() const {
  control_.report({"skip-gram", done_, source_.tokens * all_epochs(), "items", workers_[0].loss()});
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
    if (std::chrono::duration<double>(Clock::now() - began).count() > 0.05) report();
  }
  plan_.epoch_ends = true;
  call_others();
}

void Trainer::follow_epoch(std::size_t thread, std::size_t epoch) {
  while (true) {
    calls_.wait(calls_heard_[thread], std::memory_order_acquire);
    ++calls_heard_[thread];
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
  Random random(seed_ + 7919 * (epoch + 1));
  shuffle(order_, random);
  workers_[0].begin_epoch();
  parallel_for(workers_.size(), 1, workers_.size(), [&](std::size_t t, std::size_t, std::size_t) {
    if (t == 0)
      lead_epoch(epoch);
    else
      follow_epoch(t, epoch);
  });
  epoch_loss_.push_back(workers_[0].loss());
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

Result<void> Trainer::make_tables(std::uint64_t tokens) {
  tables_ = skip_gram_tables(counts_, options_, tokens);
  if (tables_.vocabulary.size() < 2) return too_few_items(tables_.vocabulary.size(), options_);
  return {};
}

Result<SkipGramResult> Trainer::train_epochs(std::size_t first, std::size_t last) {
  start_workers();
  order_.resize(source_.count);
  done_ = plan_.done = first * source_.tokens;
  const auto start = Clock::now();
  for (std::size_t epoch = first; epoch < last; ++epoch) {
    fixed_ = epoch < fixed_epochs_;
    train_epoch(epoch);
    if (control_.is_cancelled())
      return Error{ErrorCode::kUnavailable, "cancelled; nothing was written"};
  }
  SkipGramResult result;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  result.epoch_loss = std::move(epoch_loss_);
  result.pairs = workers_[0].pairs();
  return result;
}

Result<SkipGramResult> Trainer::run() {
  if (auto made = make_tables(source_.tokens); !made) return made.error();
  initialize();
  seed_ = options_.seed;
  draw_input(options_.dim, options_.seed, input_);
  if (options_.initial != nullptr) {
    fixed_epochs_ = kFixedEpochs;
    for (std::size_t v = 0; v < tables_.vocabulary.size(); ++v) {
      const auto given = options_.initial->row(tables_.vocabulary[v]);
      if (std::any_of(given.begin(), given.end(), [](float x) { return x != 0; }))
        std::copy(given.begin(), given.end(), input_.row(v).begin());
    }
  }
  auto result = train_epochs(0, all_epochs());
  if (result) result->vectors = spread(input_, tables_.vocabulary, counts_.size(), options_.dim);
  return result;
}

Result<SkipGramResult> Trainer::run_turn(const SkipGramTurn& turn, SkipGramState& state) {
  if (auto made = make_tables(turn.tokens); !made) return made.error();
  initialize();
  seed_ = options_.seed ^ (0x9e3779b97f4a7c15ULL * turn.part);
  copy_columns(state.input, options_.dim, input_);
  copy_columns(state.output, options_.dim, output_);
  auto result = train_epochs(turn.first_epoch, turn.first_epoch + turn.epochs);
  if (!result) return result;
  copy_columns(input_, options_.dim, state.input);
  copy_columns(output_, options_.dim, state.output);
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
    constexpr std::size_t kSequencesAhead = 4;  // they lie anywhere
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i + kSequencesAhead < numbers.size())
        __builtin_prefetch(sequences[numbers[i + kSequencesAhead]].data());
      take_sequence(sequences, numbers[i], epoch, out[i]);
    }
  };
  return source;
}

Result<SkipGramResult> train_skip_gram(const SequenceSource& source,
                                       std::vector<std::uint32_t> counts,
                                       const SkipGramOptions& options, const RunControl& control) {
  return Trainer(source, std::move(counts), options, control).run();
}

Result<SkipGramState> initial_state(const std::vector<std::uint32_t>& counts,
                                    const SkipGramOptions& options) {
  const std::size_t rows = vocabulary_of(counts, options.min_count).size();
  if (rows < 2) return too_few_items(rows, options);
  SkipGramState state{Embeddings(rows, options.dim), Embeddings(rows, options.dim)};
  draw_input(options.dim, options.seed, state.input);
  return state;
}

Result<SkipGramResult> take_turn(const SequenceSource& source, std::vector<std::uint32_t> counts,
                                 const SkipGramOptions& options, const SkipGramTurn& turn,
                                 SkipGramState& state, const RunControl& control) {
  return Trainer(source, std::move(counts), options, control).run_turn(turn, state);
}

Embeddings vectors_of(const SkipGramState& state, const std::vector<std::uint32_t>& counts,
                      const SkipGramOptions& options) {
  return spread(state.input, vocabulary_of(counts, options.min_count), counts.size(), options.dim);
}

std::uint64_t skip_gram_memory_bytes(std::size_t items, const SkipGramOptions& options) {
  return 3 * items * options.dim * sizeof(float) + 16 * items * sizeof(Row) * 2;
}

}  // namespace sparrow::embed
