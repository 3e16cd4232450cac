// What the kernel relies on: a step's outputs are different rows, whatever was drawn.
#include "sparrow/embed/window_batcher.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace sparrow::embed {
namespace {

struct Steps final : StepSink {
  simd::SkipGramStep next;
  std::vector<simd::SkipGramStep> all;
  simd::SkipGramStep& room() override { return next; }
  void push() override { all.push_back(next); }
};

struct Batches {
  std::vector<std::uint32_t> counts;
  SkipGramOptions options;
  SkipGramTables tables;
  Embeddings input;
  Embeddings output;
  Steps steps;
  std::uint64_t pairs = 0;

  Batches(std::vector<std::uint32_t> item_counts, const SkipGramOptions& o,
          const std::vector<Row>& sequence)
      : counts(std::move(item_counts)),
        options(o),
        tables(skip_gram_tables(counts, options, 1000)),
        input(counts.size(), 16),
        output(counts.size() + 1, 16) {
    WindowBatcher batcher(tables, options, input, output);
    batcher.set_columns({0, 16});
    batcher.seed(1);
    pairs = batcher.add_sequence(sequence, 0.5F, steps);
  }
};

float rate_of(const simd::SkipGramStep& step, bool positive) {
  float sum = 0;
  for (std::size_t j = 0; j < simd::kStepOutputs; ++j) {
    if ((step.labels[j] == 1) == positive) sum += step.rates[j];
  }
  return sum;
}

void expect_different_outputs(const Batches& batches) {
  const float* spare = batches.output.data() + (batches.output.rows() - 1) * 16;
  ASSERT_FALSE(batches.steps.all.empty());
  for (const auto& step : batches.steps.all) {
    std::set<const float*> seen;
    for (std::size_t j = 0; j < simd::kStepOutputs; ++j) {
      if (step.outputs[j] == spare)
        EXPECT_EQ(step.rates[j], 0);
      else
        EXPECT_TRUE(seen.insert(step.outputs[j]).second);
    }
  }
}

// Three items: five negatives cannot all be different, and some are the center.
TEST(WindowBatcher, ANegativeDrawnTwiceCountsTwice) {
  SkipGramOptions options;
  options.loss = Loss::kNegativeSampling;
  options.min_count = 1;
  const Batches batches({40, 30, 20}, options, {0, 1, 2, 0, 1, 2, 2, 1, 0});
  expect_different_outputs(batches);
  std::set<float> sums;
  for (const auto& step : batches.steps.all) {
    EXPECT_EQ(rate_of(step, true), 0.5F);
    const float drawn = rate_of(step, false) / 0.5F;
    EXPECT_EQ(drawn, std::round(drawn));
    EXPECT_LE(drawn, 5);
    sums.insert(drawn);
  }
  EXPECT_GT(*sums.rbegin(), 2);  // more than there are other items
}

TEST(WindowBatcher, ManyNegativesTakeMoreSteps) {
  SkipGramOptions options;
  options.loss = Loss::kNegativeSampling;
  options.min_count = 1;
  options.negatives = 12;
  options.shared_contexts = simd::kMaxStepInputs;
  const Batches batches(std::vector<std::uint32_t>(500, 10), options, {1, 2});
  expect_different_outputs(batches);
  EXPECT_EQ(batches.pairs, 2U);
  EXPECT_EQ(batches.steps.all.size(), 6U);  // 13 outputs for either center
}

// The whole history as the window: more contexts than a step takes.
TEST(WindowBatcher, NoStepHasMoreInputsThanItTakes) {
  SkipGramOptions options;
  options.min_count = 1;
  options.window = 0;
  options.shared_contexts = 1000;
  std::vector<Row> sequence(50);
  for (Row i = 0; i < 50; ++i) sequence[i] = i;
  for (const Loss loss : {Loss::kNegativeSampling, Loss::kHierarchicalSoftmax}) {
    options.loss = loss;
    const Batches batches(std::vector<std::uint32_t>(50, 10), options, sequence);
    expect_different_outputs(batches);
    EXPECT_EQ(batches.pairs, 50U * 49U);
    for (const auto& step : batches.steps.all) {
      EXPECT_GE(step.count, 1U);
      EXPECT_LE(step.count, simd::kMaxStepInputs);
    }
  }
}

// word2vec draws how far a window reaches: a context at distance d is in (5 - d + 1) of 5 of them.
TEST(WindowBatcher, EveryReachIsAsProbable) {
  constexpr std::size_t kCount = 40'000;
  SkipGramOptions options;
  options.loss = Loss::kNegativeSampling;
  options.min_count = 1;
  options.window = 5;
  std::vector<Row> sequence(kCount);
  for (Row i = 0; i < kCount; ++i) sequence[i] = i;
  const Batches batches(std::vector<std::uint32_t>(kCount, 10), options, sequence);
  std::map<std::ptrdiff_t, double> contexts;  // by distance
  for (const auto& step : batches.steps.all) {
    const std::ptrdiff_t center = (step.outputs[0] - batches.output.data()) / 16;
    for (std::size_t i = 0; i < step.count; ++i)
      contexts[(step.inputs[i] - batches.input.data()) / 16 - center] += 1;
  }
  EXPECT_EQ(contexts.size(), 10U);
  for (const auto& [distance, count] : contexts) {
    const double share = static_cast<double>(6 - std::abs(distance)) / 5;
    EXPECT_NEAR(count / kCount, share, 0.03) << distance;
  }
}

}  // namespace
}  // namespace sparrow::embed
