// Sequences: threshold, sessions, decay, minimum length.
#include "sparrow/data/sequences.h"

#include <gtest/gtest.h>

namespace sparrow::data {
namespace {

constexpr std::int64_t kDay = 86400;

// User 0: items 0..4, one disliked; user 1: one positive; user 2: nothing; user 3: two positives.
Interactions log() {
  Interactions log;
  log.offsets = {0, 5, 6, 6, 8};
  log.items = {0, 1, 2, 3, 4, 0, 4, 1};
  log.values = {5, 4, 3, 3.5F, 4, 5, 4, 4};
  log.times = {0, 10, 20, 1000, 1010, 5, 0, 2 * kDay};
  return log;
}

std::vector<std::vector<Row>> lists(const Sequences& sequences) {
  std::vector<std::vector<Row>> all;
  for (std::size_t s = 0; s < sequences.count(); ++s)
    all.emplace_back(sequences[s].begin(), sequences[s].end());
  return all;
}

using Lists = std::vector<std::vector<Row>>;

TEST(Sequences, KeepsPositivesAndTheMinimumLength) {
  EXPECT_EQ(lists(build_sequences(log(), {})), (Lists{{0, 1, 3, 4}, {4, 1}}));
  EXPECT_EQ(lists(build_sequences(log(), {.min_length = 1})), (Lists{{0, 1, 3, 4}, {0}, {4, 1}}));
  EXPECT_EQ(lists(build_sequences(log(), {.min_value = 0})), (Lists{{0, 1, 2, 3, 4}, {4, 1}}));
  EXPECT_EQ(lists(build_sequences(log(), {.min_value = 6})), Lists{});
}

TEST(Sequences, LongPausesStartNewSequences) {
  EXPECT_EQ(lists(build_sequences(log(), {.session_gap_s = 100})), (Lists{{0, 1}, {3, 4}}));
  // A pause of exactly the gap does not.
  EXPECT_EQ(lists(build_sequences(log(), {.session_gap_s = 990})), (Lists{{0, 1, 3, 4}}));
  EXPECT_EQ(lists(build_sequences(log(), {.session_gap_s = 989})), (Lists{{0, 1}, {3, 4}}));
}

TEST(Sequences, WeightsHalveEveryHalfLife) {
  const Sequences s = build_sequences(log(), {.half_life_days = 2});
  ASSERT_EQ(s.weights.size(), s.items.size());
  EXPECT_NEAR(s.weights[0], 0.5, 1e-6);
  EXPECT_NEAR(s.weights[4], 0.5, 1e-6);
  EXPECT_NEAR(s.weights[5], 1.0, 1e-6);
  EXPECT_TRUE(build_sequences(log(), {}).weights.empty());
}

TEST(Sequences, Empty) {
  EXPECT_EQ(build_sequences(Interactions{}, {}).count(), 0U);
  EXPECT_EQ(build_sequences(Interactions{}, {.half_life_days = 1}).count(), 0U);
}

TEST(CountPositives, Counts) {
  EXPECT_EQ(count_positives(log(), 6, 3.5F), (std::vector<std::uint32_t>{2, 2, 0, 1, 2, 0}));
}

}  // namespace
}  // namespace sparrow::data
