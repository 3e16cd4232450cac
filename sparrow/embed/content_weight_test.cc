// Who takes part when the content weight is chosen.
#include "sparrow/embed/content_weight.h"

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::embed {
namespace {

TEST(TrialStride, TakesMoreUsersWhereFewOfTheItemsTakePart) {
  EXPECT_EQ(trial_stride(2'000, 600), 1U);
  EXPECT_EQ(trial_stride(2'000, 45'000), 2U);
  EXPECT_EQ(trial_stride(27'000, 138'000), 1U);
  EXPECT_EQ(trial_stride(27'000, 1'800'000), 10U);
  EXPECT_EQ(trial_stride(1'000'000, 5'000'000), 5U);
  EXPECT_EQ(trial_stride(0, 0), 1U);
}

// A cluster sends the driver only those who take part.
TEST(ChooseContentWeight, HistoriesOfThoseWhoTakePartGiveTheSameWeight) {
  constexpr std::size_t kUsers = 41'000;
  constexpr std::uint32_t kGroup = 12;
  Random random(4);
  WeightedHistories all;
  all.items = 60;
  for (std::size_t u = 0; u < kUsers; ++u) {
    const std::uint32_t group = random.below(5) * kGroup;
    const std::uint32_t first = random.below(kGroup);
    for (std::uint32_t i = 0; i < 3; ++i) {
      all.rows.push_back(random.below(4) == 0 ? random.below(60) : group + (first + i) % kGroup);
      all.weights.push_back(1);
    }
    all.offsets.push_back(all.rows.size());
  }
  const std::size_t stride = trial_stride(all.items, kUsers);
  ASSERT_EQ(stride, 2U);
  WeightedHistories some;
  some.items = all.items;
  for (std::size_t u = 0; u < kUsers; u += stride) {
    for (std::uint64_t p = all.offsets[u]; p < all.offsets[u + 1]; ++p) {
      some.rows.push_back(all.rows[p]);
      some.weights.push_back(all.weights[p]);
    }
    some.offsets.push_back(some.rows.size());
  }
  ContentVectors content;
  std::vector<Row> chosen;
  for (Row r = 0; r < all.items; ++r) {
    chosen.push_back(r);
    content.indices.push_back(r / 6);
    content.values.push_back(1);
    content.indptr.push_back(r + 1);
    content.weight.push_back(1);
  }
  content.features = 10;
  content.full_weight = 1;
  std::vector<ContentWeightTrial> of_all;
  std::vector<ContentWeightTrial> of_some;
  const auto weight = choose_content_weight(all, chosen, content, {}, of_all);
  ASSERT_TRUE(weight) << weight.error().message;
  ASSERT_FALSE(of_all.empty());
  EXPECT_EQ(*weight, *choose_content_weight(some, chosen, content, {}, of_some));
  ASSERT_EQ(of_all.size(), of_some.size());
  for (std::size_t i = 0; i < of_all.size(); ++i)
    EXPECT_EQ(of_all[i].hit_at_10, of_some[i].hit_at_10) << i;
}

}  // namespace
}  // namespace sparrow::embed
