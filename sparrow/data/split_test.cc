// Splits: what is held out is gone from the training data, and nothing else is.
#include "sparrow/data/split.h"

#include <gtest/gtest.h>

namespace sparrow::data {
namespace {

bool operator==(const NextPositive& a, const NextPositive& b) {
  return a.user == b.user && a.from == b.from && a.to == b.to;
}

Interactions split_log() {
  Interactions log;
  log.offsets = {0, 4, 5, 8};
  log.items = {0, 1, 2, 3, 0, 5, 6, 7};
  log.values = {5, 2, 4, 1, 5, 4, 4, 4};
  log.times = {1, 2, 3, 4, 1, 9, 9, 9};
  return log;
}

TEST(LeaveLastOut, TakesTheLastPositive) {
  const Split split = leave_last_out(split_log(), 3.5F);
  ASSERT_EQ(split.held_out.size(), 2U);
  EXPECT_TRUE(split.held_out[0] == (NextPositive{0, 0, 2}));
  EXPECT_TRUE(split.held_out[1] == (NextPositive{2, 6, 7}));  // equal times: input order
  EXPECT_EQ(split.training.offsets, (std::vector<std::uint64_t>{0, 3, 4, 6}));
  EXPECT_EQ(split.training.items, (std::vector<Row>{0, 1, 3, 0, 5, 6}));
  EXPECT_EQ(split.training.values.size(), 6U);
  EXPECT_EQ(split.training.times.size(), 6U);
}

Interactions many_users(std::size_t users) {
  Interactions log;
  for (std::size_t u = 0; u < users; ++u) {
    for (Row i = 0; i < 3; ++i) {
      log.items.push_back(i);
      log.values.push_back(5);
      log.times.push_back(i);
    }
    log.offsets.push_back(log.items.size());
  }
  return log;
}

TEST(HoldOutUsers, TakesUsersWhole) {
  const Interactions log = many_users(1000);
  const Split split = hold_out_users(log, 0.2, 3.5F, 7);
  std::size_t held = 0;
  for (std::size_t u = 0; u < log.users(); ++u) {
    const auto left = split.training.offsets[u + 1] - split.training.offsets[u];
    EXPECT_TRUE(left == 0 || left == 3);
    held += left == 0 ? 1 : 0;
  }
  EXPECT_GT(held, 150U);
  EXPECT_LT(held, 250U);
  EXPECT_EQ(split.held_out.size(), held * 2);
  EXPECT_TRUE(hold_out_users(log, 0.2, 3.5F, 7).training == split.training);
  EXPECT_FALSE(hold_out_users(log, 0.2, 3.5F, 8).training == split.training);
}

TEST(HoldOutUsers, AllOrNobody) {
  EXPECT_EQ(hold_out_users(many_users(9), 0, 3.5F, 1).held_out.size(), 0U);
  EXPECT_EQ(hold_out_users(many_users(9), 1, 3.5F, 1).training.size(), 0U);
}

}  // namespace
}  // namespace sparrow::data
