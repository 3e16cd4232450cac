#include "sparrow/rank/explore.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace sparrow::rank {
namespace {

std::vector<ScoredItem> ranked_rows(std::initializer_list<Row> rows) {
  std::vector<ScoredItem> items;
  for (const Row row : rows) items.push_back({.row = row});
  return items;
}

TEST(Explore, ProbabilitiesAreThoseOfTheDraws) {
  Random random(1);
  constexpr int kDraws = 400'000;
  std::map<std::pair<std::size_t, Row>, std::pair<int, float>> seen;
  for (int d = 0; d < kDraws; ++d) {
    auto list = ranked_rows({0, 1, 2, 3, 4, 5});
    const auto propensity = explore(list, 3, 0.6F, random);
    ASSERT_EQ(list.size(), 3U);
    ASSERT_EQ(propensity.size(), 3U);
    for (std::size_t k = 0; k < 3; ++k) {
      auto& [count, said] = seen[{k, list[k].row}];
      ++count;
      if (count > 1) {
        ASSERT_EQ(said, propensity[k]);
      }
      said = propensity[k];
    }
  }
  EXPECT_EQ(seen.size(), 18U);  // each of the six at each of the three places
  for (const auto& [where, found] : seen) {
    const double p = static_cast<double>(found.second);
    EXPECT_NEAR(found.first / double{kDraws}, p, 4 * std::sqrt(p * (1 - p) / kDraws))
        << "place " << where.first << ", item " << where.second;
  }
}

TEST(Explore, WithoutAShareTheListIsTheRanking) {
  Random random(1);
  auto list = ranked_rows({7, 8, 9});
  EXPECT_EQ(explore(list, 2, 0, random), (std::vector<float>{1, 1}));
  EXPECT_EQ(list[0].row, 7U);
  EXPECT_EQ(list.size(), 2U);
  std::vector<ScoredItem> none;
  EXPECT_TRUE(explore(none, 5, 1, random).empty());
}

TEST(Interleave, EachTeamHasHalfAndNoItemIsTwice) {
  Random random(2);
  const auto a = ranked_rows({1, 2, 3, 4, 5});
  const auto b = ranked_rows({3, 1, 9, 8, 7});
  std::map<std::string, int> firsts;
  for (int d = 0; d < 1000; ++d) {
    const auto list = interleave(a, b, 6, random);
    ASSERT_EQ(list.items.size(), 6U);
    ASSERT_EQ(list.teams.size(), 6U);
    EXPECT_EQ(std::count(list.teams.begin(), list.teams.end(), 'a'), 3);
    std::set<Row> rows;
    for (const auto& item : list.items) rows.insert(item.row);
    EXPECT_EQ(rows.size(), 6U);
    EXPECT_EQ(list.items[0].row, list.teams[0] == 'a' ? 1U : 3U);
    ++firsts[list.teams.substr(0, 1)];
  }
  EXPECT_NEAR(firsts["a"], 500, 64);
}

TEST(Interleave, OneTeamGoesOnAlone) {
  Random random(3);
  const auto list = interleave(ranked_rows({1}), ranked_rows({1, 2, 3}), 10, random);
  EXPECT_EQ(list.items.size(), 3U);
}

}  // namespace
}  // namespace sparrow::rank
