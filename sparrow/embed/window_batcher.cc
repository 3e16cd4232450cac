#include "sparrow/embed/window_batcher.h"

#include <algorithm>

namespace sparrow::embed {
namespace {

// Gradients of a batch are taken from the values two batches ago at most; fewer windows would leave
// threads waiting for each other, more would leave the first cache.
constexpr std::size_t kBatchWindows = 8;
constexpr std::size_t kBatchPlaces = 2048;

}  // namespace

WindowBatcher::WindowBatcher(const SkipGramTables& tables, const SkipGramOptions& options,
                             Embeddings& input, Embeddings& output)
    : tables_(tables), options_(options), input_(input), output_(output) {}

void WindowBatcher::seed(std::uint64_t seed) {
  random_ = Random(seed);
  if (!tables_.negatives.empty())
    next_negative_ = random_.below(static_cast<std::uint32_t>(tables_.negatives.size()));
}

void WindowBatcher::begin_sequence(std::span<const Row> items, float rate) {
  rate_ = rate;
  center_ = 0;
  kept_.clear();
  for (const Row item : items) {
    const Row v = tables_.dense[item];
    if (v == kNoRow) continue;
    if (tables_.keep[v] < 1 && random_.uniform() >= static_cast<double>(tables_.keep[v])) continue;
    kept_.push_back(v);
  }
  const std::size_t ahead = options_.window == 0 ? kept_.size() : options_.window;
  for (std::size_t c = 0; c < std::min(ahead, kept_.size()); ++c) fetch(input_, kept_[c]);
}

bool WindowBatcher::fill(simd::SkipGramBatch& batch, std::uint64_t& pairs) {
  if (batch.steps().empty()) windows_ = 0;
  while (center_ < kept_.size()) {
    if (windows_ >= kBatchWindows || batch.places() >= kBatchPlaces) return true;
    add_window(batch, pairs);
    ++windows_;
    ++center_;
  }
  return false;
}

// A row takes longer to arrive than a batch takes to train.
void WindowBatcher::fetch(const Embeddings& rows, Row v) const {
  constexpr std::size_t kLine = 64 / sizeof(float);
  const float* row = rows.data() + v * rows.dim();
  for (std::size_t c = columns_.begin; c < columns_.end; c += kLine) __builtin_prefetch(row + c, 1);
}

void WindowBatcher::add_window(simd::SkipGramBatch& batch, std::uint64_t& pairs) {
  const std::size_t n = kept_.size();
  std::size_t reach = n;
  if (options_.window > 0) {
    reach = 1 + random_.below(static_cast<std::uint32_t>(options_.window));
    if (center_ + options_.window < n) fetch(input_, kept_[center_ + options_.window]);
  }
  const Row center = kept_[center_];
  window_rate_ = rate_ * tables_.weight[center];
  const std::size_t begin = center_ > reach ? center_ - reach : 0;
  const std::size_t end = std::min(n, center_ + reach + 1);
  contexts_.clear();
  for (std::size_t o = begin; o < end; ++o) {
    if (kept_[o] == center) continue;
    contexts_.push_back(input_.data() + kept_[o] * input_.dim());
    ++pairs;
    if (contexts_.size() < tables_.shared_contexts) continue;
    add_steps(batch, center);
    contexts_.clear();
  }
  if (!contexts_.empty()) add_steps(batch, center);
}

void WindowBatcher::add_steps(simd::SkipGramBatch& batch, Row center) {
  if (options_.loss == Loss::kHierarchicalSoftmax)
    add_path(batch, center);
  else
    add_negatives(batch, center);
}

// The center's path in the tree, six inner nodes at a time.
void WindowBatcher::add_path(simd::SkipGramBatch& batch, Row center) {
  simd::SkipGramStep* step = nullptr;
  std::size_t used = 0;
  for (std::uint32_t n = tables_.tree.offsets[center]; n < tables_.tree.offsets[center + 1]; ++n) {
    if (used % simd::kStepOutputs == 0) {
      step = step == nullptr ? &batch.add(contexts_.data(), contexts_.size())
                             : &batch.add_again(*step);
      std::fill_n(step->outputs, simd::kStepOutputs,
                  output_.data() + tables_.tree.nodes[n] * output_.dim());
    }
    const std::size_t j = used++ % simd::kStepOutputs;
    step->outputs[j] = output_.data() + tables_.tree.nodes[n] * output_.dim();
    step->labels[simd::step_place(j)] = tables_.tree.turns[n] != 0 ? 0.0F : 1.0F;
    step->rates[simd::step_place(j)] = window_rate_;
  }
}

// One positive and the window's shared negatives.
void WindowBatcher::add_negatives(simd::SkipGramBatch& batch, Row center) {
  simd::SkipGramStep* step = &batch.add(contexts_.data(), contexts_.size());
  fetch(output_, center);
  std::fill_n(step->outputs, simd::kStepOutputs, output_.data() + center * output_.dim());
  step->labels[0] = 1;
  step->rates[0] = window_rate_;
  std::size_t used = 1;
  for (std::size_t drawn = 0; drawn < options_.negatives; ++drawn) {
    if (used == simd::kStepOutputs) {
      used = 0;
      step = &batch.add_again(*step);
      std::fill_n(step->outputs, simd::kStepOutputs, output_.data() + center * output_.dim());
    }
    const Row negative = tables_.negatives[next_negative_];
    next_negative_ = next_negative_ + 1 == tables_.negatives.size() ? 0 : next_negative_ + 1;
    fetch(output_, negative);
    step->outputs[used] = output_.data() + negative * output_.dim();
    step->rates[simd::step_place(used)] = negative == center ? 0.0F : window_rate_;
    ++used;
  }
}

}  // namespace sparrow::embed
