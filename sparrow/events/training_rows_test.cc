#include "sparrow/events/training_rows.h"

#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/events/join_rows.h"

namespace sparrow::events {
namespace {

constexpr std::int64_t kNoon = 1'790'000'000'000;  // of a day in 2026; all are kept (keep_days 0)

class TrainingRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    options_.folder = std::filesystem::temp_directory_path() /
                      fmt::format("sparrow-rows-{}-{}", info->name(), getpid());
    options_.keep_days = 0;
    std::filesystem::remove_all(options_.folder);
    log_ = std::move(*EventLog::open(options_));
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(options_.folder);
  }
  void add(const std::string& type, const std::string& user, const std::string& item,
           const std::string& request = "", std::int64_t after_s = 0, double value = kNoValue) {
    Event event;
    event.id = fmt::format("{}", ++number_);
    event.type = type;
    event.user = user;
    event.item = item;
    event.request = request;
    event.time_ms = kNoon + after_s * 1000;
    event.value = value;
    ASSERT_TRUE(log_->append({&event, 1}).ok());
  }
  TrainingRows rows() const {
    auto read = read_training_rows(*log_, {});
    EXPECT_TRUE(read.ok());
    return std::move(*read);
  }

  EventLogOptions options_;
  std::unique_ptr<EventLog> log_;
  int number_ = 0;
};

TEST_F(TrainingRowsTest, APersonAndAnItemAreOneRow) {
  add("impression", "ann", "a");
  add("click", "ann", "a", "", 10);
  add("watch_seconds", "ann", "a", "", 900, 1200);  // two units of ten minutes
  add("rating", "ann", "b", "", 20, 2);             // not liked
  add("rating", "ann", "c", "", 30, 4.5);
  add("click", "", "a", "", 40);  // nobody's
  add("search", "ann", "", "", 50);
  const TrainingRows found = rows();
  ASSERT_EQ(found.rows.size(), 2U);
  EXPECT_EQ(found.rows[0].item, "a");
  EXPECT_FLOAT_EQ(found.rows[0].weight, 3);
  EXPECT_EQ(found.rows[0].time_ms, kNoon + 10'000);
  EXPECT_FLOAT_EQ(found.rows[1].weight, 4);
  EXPECT_EQ(found.events, 7U);
  EXPECT_EQ(found.weightless, 3U);
  EXPECT_EQ(found.nobodys, 1U);
  EXPECT_EQ(training_csv(found), "user,item,value,time\nann,a,3,1790000010\nann,c,4,1790000030\n");
}

TEST_F(TrainingRowsTest, WhatWasTakenBackIsNoRow) {
  add("click", "ann", "a");
  add("hide", "ann", "a", "", 5);
  add("dislike", "ben", "a");
  add("like", "ben", "a", "", 5);  // they changed their mind
  const TrainingRows found = rows();
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_EQ(found.rows[0].user, "ben");
  EXPECT_EQ(found.taken_back, 1U);
}

TEST_F(TrainingRowsTest, TheFirstEventSaysWhatCausedARow) {
  add("click", "ann", "a", "r1", 0);
  add("purchase", "ann", "a", "", 60);  // a purchase of what the list had shown
  add("click", "ben", "a", "", 0);
  add("click", "ben", "a", "r2", 60);
  Impression list;
  list.request = "r3";
  list.time_ms = kNoon - 1000;
  list.items = {{"a", 0, 1}, {"b", 0, 0.05F}};
  log_->append_later(list);
  log_->flush();
  add("click", "eve", "a", "r3", 0);
  add("click", "eve", "b", "r3", 1);
  std::map<std::string, Cause> causes;
  for (const TrainingRow& row : rows().rows) causes[row.user + row.item] = row.cause;
  EXPECT_EQ(causes, (std::map<std::string, Cause>{{"anna", Cause::kList},
                                                  {"bena", Cause::kOwn},
                                                  {"evea", Cause::kList},
                                                  {"eveb", Cause::kExplored}}));
}

TrainingRows made(const std::vector<std::pair<std::string, Cause>>& items) {
  TrainingRows rows;
  for (std::size_t i = 0; i < items.size(); ++i)
    rows.rows.push_back({fmt::format("u{}", i), items[i].first, 1, kNoon, items[i].second});
  return rows;
}

TEST_F(TrainingRowsTest, AClickFarDownStandsForThoseWhoDidNotLook) {
  Impression list;
  list.request = "r";
  list.time_ms = kNoon;
  list.session = "s";
  list.items = {{"a"}, {"b"}, {"c"}, {"d"}};
  log_->append_later(list);
  log_->flush();
  add("click", "ann", "a", "r");
  add("click", "ann", "b", "r", 1);
  add("play", "ann", "c", "r", 2);   // at most kMostRowWeight
  add("click", "ann", "d", "r", 3);  // further down than was learned: as the last
  add("click", "bob", "d", "", 4);   // by himself
  ReadRowsOptions options;
  options.examination = {1, 0.5, 0.01};
  const auto read = read_training_rows(*log_, options);
  ASSERT_TRUE(read.ok());
  std::map<std::string, std::pair<float, float>> found;
  for (const auto& row : read->rows) found[row.user + row.item] = {row.weight, row.people};
  EXPECT_EQ(found["anna"], (std::pair{1.0F, 1.0F}));
  EXPECT_EQ(found["annb"], (std::pair{2.0F, 2.0F}));
  EXPECT_EQ(found["annc"], (std::pair{kMostRowWeight, kMostPeople}));
  EXPECT_EQ(found["annd"], (std::pair{kMostRowWeight, kMostPeople}));
  EXPECT_EQ(found["bobd"], (std::pair{1.0F, 1.0F}));
  EXPECT_EQ(read->corrected, 3U);
}

TEST(CausedLimitTest, RowsThatStandForMoreStayMoreOften) {
  int kept = 0;
  constexpr int kRuns = 300;
  for (int seed = 0; seed < kRuns; ++seed) {
    TrainingRows rows;
    rows.rows.push_back({"own", "a", 1, 0, Cause::kOwn});
    rows.rows.push_back({"first", "a", 1, 1, Cause::kList, 1});
    rows.rows.push_back({"tenth", "a", 1, 2, Cause::kList, 3});
    CausedLimit limit;  // half: one of the two
    limit.seed = static_cast<std::uint64_t>(seed);
    limit_caused(rows, limit);
    ASSERT_EQ(rows.rows.size(), 2U);
    kept += rows.rows[1].user == "tenth" ? 1 : 0;
  }
  EXPECT_NEAR(kept, kRuns * 0.75, 3 * std::sqrt(kRuns * 0.75 * 0.25));
}

TEST(CausedLimitTest, ListsCauseAtMostTheShareOfAnItem) {
  const auto rows_of = [] {
    auto rows = made({{"x", Cause::kOwn}, {"x", Cause::kOwn}, {"x", Cause::kExplored}});
    for (int i = 0; i < 9; ++i)
      rows.rows.push_back({fmt::format("l{}", i), "x", 1, 0, Cause::kList});
    rows.rows.push_back({"only", "y", 1, 0, Cause::kList});
    return rows;
  };
  TrainingRows half = rows_of();
  const Limited limited = limit_caused(half, {.most_caused = 0.5});
  EXPECT_EQ(limited.own, 2U);
  EXPECT_EQ(limited.explored, 1U);  // before those that were put there
  EXPECT_EQ(limited.by_lists, 1U);
  EXPECT_EQ(limited.dropped, 9U);
  EXPECT_EQ(limited.dropped_items, 2U);
  TrainingRows same = rows_of();
  (void)limit_caused(same, {.most_caused = 0.5});
  EXPECT_EQ(training_csv(half), training_csv(same));
  TrainingRows all = rows_of();
  EXPECT_EQ(limit_caused(all, {.most_caused = 1}).dropped, 0U);
  TrainingRows none = rows_of();
  EXPECT_EQ(limit_caused(none, {.most_caused = 0}).dropped, 11U);
  // What is learned beside the rows counts as what no list caused.
  TrainingRows beside = rows_of();
  const auto other = [](const std::string& id) -> std::uint64_t { return id == "x" ? 100 : 0; };
  EXPECT_EQ(limit_caused(beside, {.most_caused = 0.5, .other_rows = other}).dropped, 1U);
}

TEST(CausedLimitTest, UnknownItemsAreLeftOutAndSaid) {
  TrainingRows rows = made({{"x", Cause::kOwn}, {"gone", Cause::kOwn}, {"gone", Cause::kList}});
  CausedLimit limit;
  limit.known = [](const std::string& id) { return id == "x"; };
  const Limited limited = limit_caused(rows, limit);
  EXPECT_EQ(limited.unknown_rows, 2U);
  EXPECT_EQ(limited.unknown_items, 1U);
  EXPECT_EQ(limited.unknown_example, "gone");
  EXPECT_EQ(rows.rows.size(), 1U);
}

TEST(EventWeightsTest, GivenOnesComeFirst) {
  const auto weights = EventWeights::parse("click=0.5,Added_To_List=3");
  ASSERT_TRUE(weights.ok());
  Event event;
  event.type = "click";
  EXPECT_FLOAT_EQ(weights->of(event), 0.5F);
  event.type = "added_to_list";
  EXPECT_FLOAT_EQ(weights->of(event), 3);
  event.type = "purchase";
  EXPECT_FLOAT_EQ(weights->of(event), 5);
  event.type = "opened_menu";  // says nothing of the item
  EXPECT_FLOAT_EQ(weights->of(event), 0);
  event.type = "watch_seconds";
  event.value = 1e9;
  EXPECT_FLOAT_EQ(weights->of(event), 3);
  EXPECT_FALSE(EventWeights::parse("click=-1").ok());
  EXPECT_FALSE(EventWeights::parse("click").ok());
}

TEST(JoinRowsTest, RowsStandAtTheirTimeAndOnTheScale) {
  data::Dataset dataset;
  std::vector<data::Item> items(3);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].id = std::string(1, "abc"[i]);
  dataset.catalog = data::Catalog(std::move(items));
  dataset.users = {"ann"};
  dataset.interactions.offsets = std::vector<std::uint64_t>{0, 2};
  dataset.interactions.items = std::vector<Row>{0, 1};
  dataset.interactions.values = std::vector<float>{5, 2};
  dataset.interactions.times = std::vector<std::int64_t>{100, 300};
  TrainingRows rows;
  rows.rows = {{"ann", "c", 1, 200'000, Cause::kOwn},
               {"new", "a", 5, 250'000, Cause::kOwn},
               {"ann", "lost", 5, 260'000, Cause::kOwn}};
  const Joined joined = join_rows(dataset, rows);
  EXPECT_EQ(joined.rows, 2U);
  EXPECT_EQ(joined.new_users, 1U);
  EXPECT_EQ(dataset.users, (std::vector<std::string>{"ann", "new"}));
  EXPECT_EQ(dataset.interactions.offsets, (data::Column<std::uint64_t>{0, 3, 4}));
  EXPECT_EQ(dataset.interactions.items, (data::Column<Row>{0, 2, 1, 0}));
  EXPECT_EQ(dataset.interactions.values, (data::Column<float>{5, 3.5F, 2, 5}));
  EXPECT_EQ(dataset.interactions.times, (data::Column<std::int64_t>{100, 200, 300, 250}));
  EXPECT_EQ(dataset.info.users, 2U);
}

}  // namespace
}  // namespace sparrow::events
