// Use of lists by day, scenario and model, against sums made by hand; and plans of sizes.
#include "sparrow/experiment/usage.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/memory_records.h"
#include "sparrow/experiment/size_plan.h"

namespace sparrow::experiment {
namespace {

constexpr std::int64_t kUsageDay = 20'000;

class UsageTest : public testing::Test {
 protected:
  UsageTest()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("sparrow-usage-{}", getpid())) {
    std::filesystem::remove_all(folder_);
    log_ = std::move(*events::EventLog::open({.folder = folder_, .keep_days = 0}));
  }
  ~UsageTest() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A list of four items.
  void give(const std::string& request, const std::string& user, const std::string& scenario,
            const std::string& model) {
    events::Impression list;
    list.request = request;
    list.time_ms = kUsageDay * kDayMs + 1000;
    list.user = user;
    list.scenario = scenario;
    list.model = model;
    for (int i = 0; i < 4; ++i) list.items.push_back({std::to_string(i), 1, 1});
    log_->append_later(list);
    log_->flush();
  }
  void act(const char* type, const std::string& request, double value = events::kNoValue) {
    events::Event event;
    event.id = std::to_string(++sent_);
    event.type = type;
    event.item = "1";
    event.request = request;
    event.time_ms = kUsageDay * kDayMs + 2000;
    event.value = value;
    ASSERT_TRUE(log_->append({&event, 1}).ok());
  }
  static const UsageCell& cell(const UsageDay& day, std::optional<std::string> scenario,
                               std::optional<std::string> model) {
    const auto found = std::find_if(day.cells.begin(), day.cells.end(), [&](const UsageCell& one) {
      return one.scenario == scenario && one.model == model;
    });
    EXPECT_NE(found, day.cells.end());
    return *found;
  }
  Usage::Answer days(std::chrono::milliseconds budget = std::chrono::seconds(5)) {
    auto answer = usage_.days(*log_, kUsageDay - 3, kUsageDay + 3, budget, {});
    EXPECT_TRUE(answer);
    return *answer;
  }

  std::filesystem::path folder_;
  std::unique_ptr<events::EventLog> log_;
  Usage usage_;
  int sent_ = 0;
};

TEST_F(UsageTest, SumsByScenarioAndModel) {
  give("a", "u", "page", "fusion@1");
  give("b", "v", "page", "fusion@2");
  give("c", "u", "", "content@1");
  for (const char* request : {"a", "a", "b", "b", "c", "c"}) act("impression", request);
  for (const char* request : {"a", "b", "c", "nowhere", ""}) act("click", request);
  act("play", "a");
  act("watch_seconds", "a", 120);
  act("complete", "a");
  const auto answer = days();
  ASSERT_TRUE(answer.complete);
  ASSERT_EQ(answer.days.size(), 1U);
  const UsageDay& day = *answer.days.front();
  EXPECT_EQ(day.events, 14U);
  EXPECT_EQ(day.joined, 12U);
  const UsageCell& all = cell(day, std::nullopt, std::nullopt);
  EXPECT_EQ(all.lists, 3U);
  EXPECT_EQ(all.items, 12U);
  EXPECT_EQ(all.units, 2U);  // u has two of the lists
  EXPECT_DOUBLE_EQ(all.numbers[0]->value, 0.5);
  EXPECT_DOUBLE_EQ(all.numbers[1]->value, 0.25);
  EXPECT_DOUBLE_EQ(all.numbers[2]->y, 1);
  const UsageCell& page = cell(day, "page", "fusion");
  EXPECT_EQ(page.lists, 2U);
  EXPECT_EQ(page.versions, (std::set<std::string>{"1", "2"}));
  EXPECT_DOUBLE_EQ(page.numbers[0]->y, 2);
  EXPECT_DOUBLE_EQ(page.numbers[0]->x, 4);
  EXPECT_LE(page.numbers[0]->interval.low, page.numbers[0]->value);
  // Minutes are cut at the 99th percentile of two units: 0 and 2.
  EXPECT_NEAR(page.numbers[3]->value, 0.99, 1e-9);
  const UsageCell& content = cell(day, "", "content");
  EXPECT_EQ(content.units, 1U);
  EXPECT_FALSE(content.numbers[0]);  // nothing is said of one unit
}

TEST_F(UsageTest, ADayIsReadAgainOnlyWhenItGrowsAndNotTooOften) {
  give("a", "u", "", "fusion@1");
  const auto first = days().days.front();
  EXPECT_EQ(days().days.front(), first);
  act("click", "a");
  EXPECT_EQ(days().days.front(), first);  // less than a minute ago
}

TEST_F(UsageTest, WithoutTimeTheAnswerSaysThatThereIsMore) {
  give("a", "u", "", "fusion@1");
  const auto answer = days(std::chrono::milliseconds(0));
  EXPECT_FALSE(answer.complete);
  EXPECT_TRUE(answer.days.empty());
  EXPECT_TRUE(days().complete);
}

TEST(SizePlan, SaysWhatCannotBeAsked) {
  SizeQuestion question;
  question.lift = 0;
  EXPECT_FALSE(plan_by_share(0.04, question));
  EXPECT_FALSE(plan_by_mean(10, 5, question));
  question.lift = 30;
  EXPECT_FALSE(plan_by_share(0.04, question));
}

// A mean with the deviation that the log has gives the size that the log gives.
TEST(SizePlan, ByLogIsByMeanAndDeviation) {
  Observations everyone;
  everyone.days = 2;
  MetricRows rows;
  rows.metric = *find_metric("click_through");
  for (int unit = 0; unit < 50; ++unit) {
    rows.y.push_back(unit % 7);
    rows.x.push_back(10 + unit % 5);
  }
  everyone.metrics = {rows};
  const SizeQuestion question;
  const auto by_log = plan_by_log(everyone, Unit::kUser, question);
  ASSERT_TRUE(by_log);
  EXPECT_DOUBLE_EQ(by_log->units_a_day, 25);
  const auto by_mean = plan_by_mean(by_log->value, by_log->deviation, question);
  ASSERT_TRUE(by_mean);
  EXPECT_NEAR(by_mean->size.control, by_log->size.control, 1e-6 * by_log->size.control);
}

}  // namespace
}  // namespace sparrow::experiment
