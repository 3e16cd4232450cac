// Observations: which events count, for whom and when.
#include "sparrow/experiment/observations.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "sparrow/experiment/increments.h"
#include "sparrow/experiment/memory_records.h"

namespace sparrow::experiment {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kNow = kTestStart + 10 * kDayMs;

Observations observed(const MemoryRecords& written, const Experiment& experiment) {
  auto made = observe(written.records(), experiment, experiment.metrics, {.now_ms = kNow});
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

TEST(Observations, CountOnlyWhatFollowsTheExposure) {
  MemoryRecords written;
  written.expose("u", "treatment", kTestStart + kHour);
  written.act("u", "purchase", kTestStart, 5);                  // the hour before: covariate
  written.act("u", "purchase", kTestStart - 30 * kDayMs, 100);  // too early for anything
  written.act("u", "purchase", kTestStart + 2 * kHour, 7);
  written.act("u", "purchase", kTestStart + 2 * kDayMs, 9);
  written.act("stranger", "purchase", kTestStart + 2 * kHour, 1000);
  const auto made = observed(written, test_experiment({"revenue", "conversion", "return_rate"}));
  ASSERT_EQ(made.units.size(), 1U);
  EXPECT_EQ(made.variant[0], 1U);
  EXPECT_DOUBLE_EQ(made.metrics[0].y[0], 16);
  EXPECT_DOUBLE_EQ(made.metrics[0].before_y[0], 5);
  EXPECT_DOUBLE_EQ(made.metrics[1].y[0], 1);
  EXPECT_DOUBLE_EQ(made.metrics[2].y[0], 1);
  EXPECT_EQ(made.events, 2U);
  EXPECT_EQ(made.events_before, 1U);
  EXPECT_TRUE(made.known_before[0]);
}

TEST(Observations, TheFirstExposureDecides) {
  MemoryRecords written;
  written.expose("u", "treatment", kTestStart + 5 * kHour);
  written.expose("u", "control", kTestStart + kHour);
  written.expose("v", "treatment", kTestStart - kHour);  // before the start
  written.expose("w", "gone", kTestStart + kHour);
  const auto made = observed(written, test_experiment({"conversion"}));
  ASSERT_EQ(made.units.size(), 1U);
  EXPECT_EQ(made.variant[0], 0U);
  EXPECT_EQ(made.switched, 1U);
  EXPECT_EQ(made.unknown_variants, 1U);
}

TEST(Observations, RatiosAndSessions) {
  MemoryRecords written;
  written.expose("u", "control", kTestStart);
  for (int day = 0; day < 3; ++day) {
    for (int k = 0; k < 4; ++k) written.act("u", "impression", kTestStart + day * kDayMs + kHour);
    written.act("u", "click", kTestStart + day * kDayMs + kHour);
  }
  written.events.back().request.clear();  // this click is of no list
  const auto made = observed(written, test_experiment({"click_through", "items_per_session"}));
  EXPECT_DOUBLE_EQ(made.metrics[0].y[0], 2);
  EXPECT_DOUBLE_EQ(made.metrics[0].x[0], 12);
  EXPECT_DOUBLE_EQ(made.metrics[1].y[0], 3);
  EXPECT_DOUBLE_EQ(made.metrics[1].x[0], 3);
}

TEST(Observations, StepsAddUpAndAreCut) {
  MemoryRecords written;
  for (int i = 0; i < 200; ++i) {
    const std::string user = "u" + std::to_string(i);
    written.expose(user, i % 2 == 0 ? "control" : "treatment", kTestStart + i * kHour / 10);
    for (int day = 1; day < 4; ++day)
      written.act(user, "watch_seconds", kTestStart + day * kDayMs, i == 7 ? 1e6 : 60.0 * i);
  }
  const auto made = observed(written, test_experiment({"watch_minutes"}));
  const MetricRows& rows = made.metrics[0];
  ASSERT_TRUE(rows.cut);
  EXPECT_EQ(rows.cut_units, 2U);
  EXPECT_DOUBLE_EQ(rows.y[7], *rows.cut);
  std::vector<double> y(200), x(200);
  std::int32_t day = 0;
  for (const Step& step : rows.steps) {
    EXPECT_GE(step.day, day);
    day = step.day;
    y[step.unit] += step.y;
    x[step.unit] += step.x;
  }
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_NEAR(y[i], rows.y[i], 1e-9);
    EXPECT_DOUBLE_EQ(x[i], 1);
  }
}

events::Impression list_of(const std::string& user, std::int64_t ms,
                           const std::vector<std::string>& items) {
  events::Impression list;
  list.request = "r" + user;
  list.user = user;
  list.time_ms = ms;
  list.model = "fusion@1";
  list.seed = "seed";
  for (const std::string& item : items) list.items.push_back({item});
  return list;
}

TEST(Observations, ListsAndWhatTheyShow) {
  MemoryRecords written;
  written.expose("u", "control", kTestStart);
  written.expose("v", "treatment", kTestStart);
  written.act("z", "click", kTestStart - kHour);  // of item 1, before the start
  written.impressions.push_back(list_of("u", kTestStart + 1, {"1", "2"}));
  written.impressions.push_back(list_of("u", kTestStart + 2, {"1", "2", "3", "4", "5", "6"}));
  written.impressions.push_back(list_of("v", kTestStart + 1, {"7"}));
  const auto made = observed(written, test_experiment({"short_lists", "novelty", "popularity"}));
  EXPECT_DOUBLE_EQ(made.metrics[0].y[0], 1);
  EXPECT_DOUBLE_EQ(made.metrics[0].x[0], 2);
  EXPECT_DOUBLE_EQ(made.metrics[1].x[0], 8);
  EXPECT_DOUBLE_EQ(made.metrics[2].y[0], 2 * std::log(2.0));
  EXPECT_EQ(made.shown[0].different, 6U);
  EXPECT_EQ(made.shown[1].items, 1U);
  EXPECT_EQ(made.different_items, 7U);
}

TEST(Observations, FailedSlowAndDegradedListsAreToldApart) {
  using State = events::Impression::State;
  MemoryRecords written;
  written.expose("u", "control", kTestStart);
  written.expose("v", "treatment", kTestStart);
  const auto add = [&](const char* user, std::int32_t took_us, State state) {
    auto list = list_of(user, kTestStart + 1, {"1", "2", "3", "4", "5"});
    if (state == State::kFailed) list.items.clear();
    list.took_us = took_us;
    list.state = state;
    written.impressions.push_back(list);
  };
  add("u", 2'000, State::kWhole);
  add("u", 50'000, State::kDegraded);
  add("u", events::kNoDuration, State::kWhole);  // of a log from before they were timed
  add("v", 700, State::kFailed);
  add("v", 1'000, State::kWhole);
  const auto made = observed(written, test_experiment({"failed_lists", "degraded_lists",
                                                       "slow_lists", "latency", "short_lists"}));
  const auto expect = [&](std::size_t metric, std::size_t unit, double y, double x) {
    EXPECT_DOUBLE_EQ(made.metrics[metric].y[unit], y) << made.metrics[metric].metric.name;
    EXPECT_DOUBLE_EQ(made.metrics[metric].x[unit], x) << made.metrics[metric].metric.name;
  };
  expect(0, 0, 0, 3);
  expect(0, 1, 1, 2);
  expect(1, 0, 1, 3);
  expect(2, 0, 1, 2);
  expect(2, 1, 0, 1);
  expect(3, 0, 52, 2);
  expect(3, 1, 1, 1);
  expect(4, 1, 0, 1);  // one that failed is not short
}

TEST(Observations, ItemDaysAreFoundByTheirLists) {
  MemoryRecords written;
  Experiment experiment = test_experiment({"click_through_served"});
  experiment.unit = Unit::kItemDay;
  written.expose("seed|" + iso_day(kTestStart), "treatment", kTestStart);
  written.impressions.push_back(list_of("u", kTestStart + kHour, {"1", "2"}));
  written.act("u", "click", kTestStart + 2 * kHour);
  written.events.back().request = "ru";
  written.act("u", "click", kTestStart + 2 * kHour);
  written.events.back().request = "another";
  const auto made = observed(written, experiment);
  EXPECT_DOUBLE_EQ(made.metrics[0].y[0], 1);
  EXPECT_DOUBLE_EQ(made.metrics[0].x[0], 2);
  EXPECT_TRUE(made.metrics[0].before_y.empty());
}

TEST(Observations, EveryoneJoinsWithTheirFirstEvent) {
  MemoryRecords written;
  written.act("b", "click", kTestStart + 3 * kDayMs);
  written.act("a", "click", kTestStart + kDayMs);
  written.act("b", "click", kTestStart + 2 * kDayMs);
  const std::vector<Metric> metrics = {*find_metric("items_per_session")};
  const auto made = observe_everyone(written.records(), Unit::kUser, metrics, {kTestStart, kNow});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->units.size(), 2U);
  EXPECT_EQ(made->days, 3);
  EXPECT_DOUBLE_EQ(made->metrics[0].y[0], 2);
  EXPECT_EQ(made->joined[0], 1);
}

TEST(Observations, AFileOfLinesIsALog) {
  const std::string path = testing::TempDir() + "sparrow-records.jsonl";
  std::ofstream(path) << R"({"experiment":"test","unit":"u","variant":"control","time":")"
                      << iso_time(kTestStart) << "\"}\n\n"
                      << R"({"id":"1","type":"purchase","user":"u","item":"9","value":3,"time":)"
                      << kTestStart + kHour << "}\n"
                      << R"({"request_id":"r","user":"u","time":)" << kTestStart + kHour
                      << R"(,"items":[{"id":"1"},{"id":"2"}]})"
                      << "\n";
  const Experiment experiment = test_experiment({"revenue", "short_lists"});
  const auto made =
      observe(records_of_file(path), experiment, experiment.metrics, {.now_ms = kNow});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_DOUBLE_EQ(made->metrics[0].y[0], 3);
  EXPECT_DOUBLE_EQ(made->metrics[1].y[0], 1);
  std::ofstream(path) << "{\"type\": \"click\"\n";
  const auto torn = observe(records_of_file(path), experiment, experiment.metrics, {});
  ASSERT_FALSE(torn);
  EXPECT_NE(torn.error().message.find("line 1"), std::string::npos);
  EXPECT_FALSE(observe(records_of_file(path + ".none"), experiment, experiment.metrics, {}));
}

TEST(Observations, TheServersLogIsALog) {
  const std::filesystem::path folder = testing::TempDir() + "sparrow-observed-log";
  std::filesystem::remove_all(folder);
  {
    auto log = events::EventLog::open({.folder = folder, .keep_days = 0});
    ASSERT_TRUE(log) << log.error().message;
    MemoryRecords written;
    written.act("u", "purchase", kTestStart + kHour, 3);
    written.act("u", "purchase", kTestStart + kDayMs, 4);
    written.events[0].id = "1";
    written.events[1].id = "2";
    ASSERT_TRUE((*log)->append(written.events));
    (*log)->append_later(events::Exposure{"test", "u", "control", kTestStart});
    (*log)->append_later(list_of("u", kTestStart + 1, {"1"}));
    (*log)->flush();
  }
  const auto log = events::EventLog::open_to_read(folder);
  ASSERT_TRUE(log) << log.error().message;
  const Experiment experiment = test_experiment({"revenue", "short_lists"});
  const auto made = observe(records_of(**log), experiment, experiment.metrics, {.now_ms = kNow});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->units.size(), 1U);
  EXPECT_DOUBLE_EQ(made->metrics[0].y[0], 7);
  EXPECT_DOUBLE_EQ(made->metrics[1].x[0], 1);
}

TEST(Increments, AddUp) {
  Increments increments;
  for (int round = 0; round < 3'000'000; ++round)
    increments.add(
        {static_cast<std::uint32_t>(round % 7), static_cast<std::int16_t>(round % 2), 3, 1});
  increments.add({1, kBefore, 2, 5});
  EXPECT_EQ(increments.of(3).size(), 14U);
  EXPECT_EQ(increments.of(2).size(), 1U);
  EXPECT_TRUE(increments.of(1).empty());
  double sum = 0;
  for (const Increment& one : increments.of(3)) sum += one.amount;
  EXPECT_DOUBLE_EQ(sum, 3'000'000);
}

}  // namespace
}  // namespace sparrow::experiment
