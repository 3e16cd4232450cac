#include "sparrow/embed/window_batcher.h"

#include <algorithm>
#include <array>

namespace sparrow::embed {

using simd::kStepOutputs;
using simd::SkipGramStep;

namespace {

// The table is too large for the caches.
constexpr std::size_t kNegativesAhead = 64;
// Windows that reach equally far: each length is as probable as if every window drew its own, but
// loops of a length that changes at random make a processor guess wrong.
constexpr std::size_t kSameReach = 8;

void set_output(SkipGramStep& step, std::size_t j, float* row, float label, float rate) {
  step.outputs[j] = row;
  step.labels[j] = label;
  step.rates[j] = rate;
}

}  // namespace

WindowBatcher::WindowBatcher(const SkipGramTables& tables, const SkipGramOptions& options,
                             Embeddings& input, Embeddings& output)
    : tables_(tables), options_(options), input_(input), output_(output) {}

void WindowBatcher::seed(std::uint64_t seed) {
  random_ = Random(seed);
  if (!tables_.negatives.empty())
    next_negative_ = random_.below(static_cast<std::uint32_t>(tables_.negatives.size()));
}

void WindowBatcher::keep(std::span<const Row> items) {
  kept_.resize(items.size());
  inputs_.resize(items.size());
  std::size_t kept = 0;
  for (const Row item : items) {
    const Row v = tables_.dense[item];
    if (v == kNoRow) continue;
    if (!tables_.keep.empty() && tables_.keep[v] < 1 &&
        random_.uniform() >= static_cast<double>(tables_.keep[v])) {
      continue;
    }
    kept_[kept] = v;
    inputs_[kept++] = row_of(input_, v);
  }
  kept_.resize(kept);
}

std::uint64_t WindowBatcher::add_sequence(std::span<const Row> items, float rate, StepSink& sink) {
  keep(items);
  const std::size_t ahead = options_.window == 0 ? kept_.size() : options_.window;
  for (std::size_t c = 0; c < std::min(ahead, kept_.size()); ++c) prefetch(inputs_[c], columns_);
  std::uint64_t pairs = 0;
  for (std::size_t c = 0; c < kept_.size(); ++c) {
    if (c % kSameReach == 0) draw_reach();
    const float weight = tables_.weight.empty() ? 1 : tables_.weight[kept_[c]];
    pairs += add_window(c, rate * weight, sink);
  }
  return pairs;
}

void WindowBatcher::draw_reach() {
  const auto window = static_cast<std::uint32_t>(options_.window);
  reach_ = window == 0 ? kept_.size() : 1 + random_.below(window);
}

std::uint64_t WindowBatcher::add_window(std::size_t at, float rate, StepSink& sink) {
  const std::size_t n = kept_.size();
  if (options_.window > 0 && at + options_.window < n)
    prefetch(inputs_[at + options_.window], columns_);
  const std::size_t end = std::min(n, at + reach_ + 1);
  std::uint64_t pairs = 0;
  for (std::size_t o = at > reach_ ? at - reach_ : 0; o < end;) {
    SkipGramStep& step = sink.room();
    o = take_contexts(o, end, inputs_[at], step);
    if (step.count == 0) break;
    pairs += step.count;
    if (options_.loss == Loss::kHierarchicalSoftmax)
      add_path(kept_[at], step, rate, sink);
    else
      add_negatives(kept_[at], step, rate, sink);
  }
  return pairs;
}

// The inputs of a step: without a branch on the items, straight to where they are read.
std::size_t WindowBatcher::take_contexts(std::size_t begin, std::size_t end, const float* center,
                                         SkipGramStep& step) {
  float* const* const inputs = inputs_.data();
  const std::size_t most = tables_.shared_contexts;
  std::size_t used = 0;
  std::size_t o = begin;
  for (; o < end && used < most; ++o) {
    step.inputs[used] = inputs[o];
    used += static_cast<std::size_t>(inputs[o] != center);
  }
  step.count = used;
  return o;
}

// Ends the step, begins one more with the same inputs.
SkipGramStep& WindowBatcher::split_step(SkipGramStep& step, StepSink& sink) {
  sink.push();
  SkipGramStep& next = sink.room();
  next.count = step.count;
  std::copy_n(step.inputs, step.count, next.inputs);
  return next;
}

void WindowBatcher::end_step(SkipGramStep& step, std::size_t used, StepSink& sink) {
  for (std::size_t j = used; j < kStepOutputs; ++j)
    set_output(step, j, row_of(output_, output_.rows() - 1), 0, 0);
  sink.push();
}

// The center's path in the tree, six inner nodes at a time.
void WindowBatcher::add_path(Row center, SkipGramStep& first, float rate, StepSink& sink) {
  SkipGramStep* step = &first;
  std::size_t used = 0;
  for (std::uint32_t n = tables_.tree.offsets[center]; n < tables_.tree.offsets[center + 1]; ++n) {
    if (used == kStepOutputs) {
      step = &split_step(*step, sink);
      used = 0;
    }
    const float label = tables_.tree.turns[n] != 0 ? 0 : 1;
    set_output(*step, used++, row_of(output_, tables_.tree.nodes[n]), label, rate);
  }
  end_step(*step, used, sink);
}

// One positive and the negatives that come next, all at once, if there are as many as a step takes
// and all are different.
bool WindowBatcher::fill_outputs(Row center, SkipGramStep& step, float rate) {
  constexpr std::size_t kNegatives = kStepOutputs - 1;
  if (options_.negatives != kNegatives ||
      tables_.negatives.size() - next_negative_ < kNegativesAhead) {
    return false;
  }
  const Row* const next = &tables_.negatives[next_negative_];
  __builtin_prefetch(next + kNegativesAhead);
  const std::array<Row, kStepOutputs> rows = {center, next[0], next[1], next[2], next[3], next[4]};
  for (std::size_t i = 1; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (rows[i] == rows[j]) return false;
    }
  }
  next_negative_ += kNegatives;
  for (std::size_t j = 0; j < kStepOutputs; ++j) {
    step.outputs[j] = row_of(output_, rows[j]);
    step.labels[j] = j == 0 ? 1 : 0;
    step.rates[j] = rate;
  }
  return true;
}

// One positive and the window's shared negatives. One that is drawn twice counts twice.
void WindowBatcher::add_negatives(Row center, SkipGramStep& first, float rate, StepSink& sink) {
  if (fill_outputs(center, first, rate)) {
    sink.push();
    return;
  }
  SkipGramStep* step = &first;
  Row chosen[kStepOutputs] = {center};
  set_output(*step, 0, row_of(output_, center), 1, rate);
  std::size_t used = 1;
  const std::size_t last = tables_.negatives.size() - 1;
  std::size_t next = next_negative_;
  __builtin_prefetch(&tables_.negatives[std::min(next + kNegativesAhead, last)]);
  for (std::size_t drawn = 0; drawn < options_.negatives; ++drawn) {
    const Row negative = tables_.negatives[next];
    next = next == last ? 0 : next + 1;
    if (negative == center) continue;
    if (used == kStepOutputs) {
      step = &split_step(*step, sink);
      used = 0;
    }
    const auto same = static_cast<std::size_t>(std::find(chosen, chosen + used, negative) - chosen);
    if (same < used) {
      step->rates[same] += rate;
      continue;
    }
    set_output(*step, used, row_of(output_, negative), 0, rate);
    chosen[used++] = negative;
  }
  next_negative_ = next;
  end_step(*step, used, sink);
}

}  // namespace sparrow::embed
