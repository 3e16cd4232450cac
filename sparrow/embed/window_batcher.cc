#include "sparrow/embed/window_batcher.h"

#include <algorithm>

namespace sparrow::embed {

using simd::kStepOutputs;
using simd::SkipGramStep;
using simd::step_place;

WindowBatcher::WindowBatcher(const SkipGramTables& tables, const SkipGramOptions& options,
                             Embeddings& input, Embeddings& output)
    : tables_(tables), options_(options), input_(input), output_(output) {}

void WindowBatcher::seed(std::uint64_t seed) {
  random_ = Random(seed);
  if (!tables_.negatives.empty())
    next_negative_ = random_.below(static_cast<std::uint32_t>(tables_.negatives.size()));
}

void WindowBatcher::keep(std::span<const Row> items) {
  kept_.clear();
  for (const Row item : items) {
    const Row v = tables_.dense[item];
    if (v == kNoRow) continue;
    if (tables_.keep[v] < 1 && random_.uniform() >= static_cast<double>(tables_.keep[v])) continue;
    kept_.push_back(v);
  }
}

std::uint64_t WindowBatcher::add_sequence(std::span<const Row> items, float rate, StepSink& sink) {
  keep(items);
  const std::size_t ahead = options_.window == 0 ? kept_.size() : options_.window;
  for (std::size_t c = 0; c < std::min(ahead, kept_.size()); ++c) fetch(input_, kept_[c]);
  std::uint64_t pairs = 0;
  for (std::size_t c = 0; c < kept_.size(); ++c)
    pairs += add_window(c, rate * tables_.weight[kept_[c]], sink);
  return pairs;
}

// A row takes longer to arrive than a step takes to train.
float* WindowBatcher::fetch(Embeddings& rows, Row v) const {
  constexpr std::size_t kLine = 64 / sizeof(float);
  float* row = rows.data() + v * rows.dim();
  for (std::size_t c = columns_.begin; c < columns_.end; c += kLine) __builtin_prefetch(row + c, 1);
  return row;
}

std::uint64_t WindowBatcher::add_window(std::size_t at, float rate, StepSink& sink) {
  const std::size_t n = kept_.size();
  std::size_t reach = n;
  if (options_.window > 0) {
    reach = 1 + random_.below(static_cast<std::uint32_t>(options_.window));
    if (at + options_.window < n) fetch(input_, kept_[at + options_.window]);
  }
  const Row center = kept_[at];
  const std::size_t begin = at > reach ? at - reach : 0;
  const std::size_t end = std::min(n, at + reach + 1);
  std::uint64_t pairs = 0;
  contexts_used_ = 0;
  for (std::size_t o = begin; o < end; ++o) {
    if (kept_[o] == center) continue;
    contexts_[contexts_used_++] = input_.data() + kept_[o] * input_.dim();
    ++pairs;
    if (contexts_used_ == tables_.shared_contexts) add_steps(center, rate, sink);
  }
  if (contexts_used_ > 0) add_steps(center, rate, sink);
  return pairs;
}

void WindowBatcher::add_steps(Row center, float rate, StepSink& sink) {
  if (options_.loss == Loss::kHierarchicalSoftmax)
    add_path(center, rate, sink);
  else
    add_negatives(center, rate, sink);
  contexts_used_ = 0;
}

SkipGramStep& WindowBatcher::begin_step(StepSink& sink) {
  SkipGramStep& step = sink.room();
  step.set_inputs(contexts_.data(), contexts_used_);
  std::fill_n(step.labels, simd::kStepPlaces, 0.0F);
  std::fill_n(step.rates, simd::kStepPlaces, 0.0F);
  return step;
}

void WindowBatcher::end_step(SkipGramStep& step, std::size_t used, StepSink& sink) {
  float* spare = output_.data() + (output_.rows() - 1) * output_.dim();
  for (std::size_t j = used; j < kStepOutputs; ++j) step.outputs[j] = spare;
  sink.push();
}

// The center's path in the tree, six inner nodes at a time.
void WindowBatcher::add_path(Row center, float rate, StepSink& sink) {
  const std::uint32_t last = tables_.tree.offsets[center + 1];
  for (std::uint32_t n = tables_.tree.offsets[center]; n < last;) {
    SkipGramStep& step = begin_step(sink);
    std::size_t used = 0;
    for (; used < kStepOutputs && n < last; ++used, ++n) {
      step.outputs[used] = fetch(output_, tables_.tree.nodes[n]);
      step.labels[step_place(used)] = tables_.tree.turns[n] != 0 ? 0.0F : 1.0F;
      step.rates[step_place(used)] = rate;
    }
    end_step(step, used, sink);
  }
}

// One positive and the window's shared negatives. One that is drawn twice counts twice.
void WindowBatcher::add_negatives(Row center, float rate, StepSink& sink) {
  SkipGramStep* step = &begin_step(sink);
  step->outputs[0] = fetch(output_, center);
  step->labels[0] = 1;
  step->rates[0] = rate;
  std::size_t used = 1;
  for (std::size_t drawn = 0; drawn < options_.negatives; ++drawn) {
    const Row negative = tables_.negatives[next_negative_];
    next_negative_ = next_negative_ + 1 == tables_.negatives.size() ? 0 : next_negative_ + 1;
    if (negative == center) continue;
    if (used == kStepOutputs) {
      end_step(*step, used, sink);
      step = &begin_step(sink);
      used = 0;
    }
    float* row = fetch(output_, negative);
    const auto* const found = std::find(step->outputs, step->outputs + used, row);
    const auto j = static_cast<std::size_t>(found - step->outputs);
    step->rates[step_place(j)] += rate;
    if (j == used) step->outputs[used++] = row;
  }
  end_step(*step, used, sink);
}

}  // namespace sparrow::embed
