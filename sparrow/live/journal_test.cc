// What people said, and what they took back.
#include "sparrow/live/journal.h"

#include <gtest/gtest.h>

namespace sparrow::live {
namespace {

using nlohmann::json;

// Issue: a million entries were a gigabyte of memory.
TEST(Journal, IsBoundedInBytesAndLeavesRoomToTakeBack) {
  Journal journal({}, {{"grader", "seed", "item"}, {}, true}, 10'000);
  const json entry = {{"grader", "ann"}, {"seed", "1"}, {"item", "2"}, {"grade", 3}};
  const std::size_t line = entry.dump().size() + 1;
  std::size_t taken = 0;
  while (taken < 10'000 && journal.append(entry)) ++taken;
  EXPECT_EQ(taken, (10'000 - 100) / line);
  EXPECT_EQ(journal.append(entry).error().code, ErrorCode::kExhausted);
  json back = entry;
  back["grade"] = nullptr;
  EXPECT_TRUE(journal.append(back).ok()) << "room is kept for what takes something back";
  const auto all = journal.entries();
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), taken + 1);
  EXPECT_EQ(all->front(), entry);
  EXPECT_EQ(all->back(), back);
}

TEST(UserMarks, TakesBackWhatWasSaidAndNothingElse) {
  UserMarks events;
  events.add("ann", 1, EventKind::kHidden);
  events.add("ann", 1, EventKind::kSeen);
  events.add("ann", 2, EventKind::kHidden);
  EXPECT_FALSE(events.take_back("ann", 3, {}));
  EXPECT_FALSE(events.take_back("bob", 1, {}));
  EXPECT_TRUE(events.take_back("ann", 1, EventKind::kHidden));
  EXPECT_FALSE(events.take_back("ann", 1, EventKind::kHidden));
  EXPECT_EQ(events.unwanted("ann", 0).size(), 2U) << "it is still seen";
  EXPECT_TRUE(events.take_back("ann", 1, {}));
  EXPECT_EQ(events.unwanted("ann", 0), std::vector<Row>{2});
}

TEST(UserMarks, UnlikeTiresLikeAnImpressionUntilItIsTakenBack) {
  UserMarks events;
  events.add("ann", 1, EventKind::kShown);
  events.add("ann", 1, EventKind::kUnlike);
  EXPECT_EQ(events.unwanted("ann", 2), std::vector<Row>{1});
  EXPECT_TRUE(events.take_back("ann", 1, EventKind::kUnlike));
  EXPECT_TRUE(events.unwanted("ann", 2).empty());
  EXPECT_EQ(events.unwanted("ann", 1), std::vector<Row>{1}) << "it was shown all the same";
}

TEST(StandingJudgements, ForgetsWhatItsGraderTookBack) {
  const auto said = [](const char* grader, const char* item, json grade) {
    return json{{"grader", grader}, {"seed", "1"}, {"item", item}, {"grade", std::move(grade)}};
  };
  const std::vector<json> all = {said("ann", "2", 3),       said("ann", "2", 1),
                                 said("bob", "2", 2),       said("ann", "3", 0),
                                 said("ann", "2", nullptr), said("ann", "3", 2)};
  EXPECT_EQ(standing_judgements(all), (std::vector<json>{all[2], all[3], all[5]}));
  auto again = all;
  again.push_back(said("ann", "2", 2));
  EXPECT_EQ(standing_judgements(again), (std::vector<json>{all[2], all[3], all[5], again[6]}));
  EXPECT_EQ(standing_judgements({all[0], all[1]}).size(), 2U);
}

}  // namespace
}  // namespace sparrow::live
