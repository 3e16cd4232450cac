// What pages ask of a log: the hour that came in, the newest events against their lists, and who
// was exposed to what.
#include "sparrow/events/quality.h"

#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/core/clock.h"
#include "sparrow/events/intake.h"
#include "sparrow/events/log_queries.h"

namespace sparrow::events {
namespace {

class QualityTest : public testing::Test {
 protected:
  QualityTest()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("sparrow-quality-{}", getpid())) {
    std::filesystem::remove_all(folder_);
    log_ = std::move(*EventLog::open({.folder = folder_}));
  }
  ~QualityTest() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A list of items "0", "1", ... "4".
  void give(const std::string& request) {
    Impression list;
    list.request = request;
    list.time_ms = now_ms();
    list.user = "u";
    list.model = "fusion@1";
    for (int i = 0; i < 5; ++i) list.items.push_back({std::to_string(i), 1, 1});
    log_->append_later(list);
    log_->flush();
  }
  void act(const char* type, const std::string& item, const std::string& request, int position) {
    Event event;
    event.id = std::to_string(++sent_);
    event.type = type;
    event.user = "u";
    event.item = item;
    event.request = request;
    event.position = position;
    event.time_ms = now_ms();
    ASSERT_TRUE(log_->append({&event, 1}).ok());
  }
  Quality quality(const QualityOptions& options = {}) {
    return *quality_of_latest(
        *log_, [](std::string_view item) { return item != "unknown"; }, options);
  }

  std::filesystem::path folder_;
  std::unique_ptr<EventLog> log_;
  int sent_ = 0;
};

TEST_F(QualityTest, AnEmptyLogHasNothingToComplainAbout) {
  const Quality found = quality();
  EXPECT_EQ(found.events, 0U);
  EXPECT_EQ(found.clicks, 0U);
  EXPECT_EQ(found.from_ms, 0);
}

TEST_F(QualityTest, EachClickIsJudgedByTheListItNames) {
  give("a");
  act("impression", "2", "a", 2);
  act("click", "2", "a", 2);        // all is right
  act("click", "3", "a", 3);        // was not seen
  act("click", "1", "a", 4);        // stood elsewhere, was not seen
  act("click", "unknown", "a", 0);  // was not in it, was not seen
  act("click", "2", "no-list", 0);
  act("click", "2", "", 0);
  const Quality found = quality();
  EXPECT_EQ(found.events, 7U);
  EXPECT_EQ(found.lists, 1U);
  EXPECT_EQ(found.seen, 1U);
  EXPECT_EQ(found.clicks, 6U);
  EXPECT_EQ(found.without_request, 1U);
  EXPECT_EQ(found.judged, 5U);
  EXPECT_EQ(found.list_unknown, 1U);
  EXPECT_EQ(found.not_in_list, 1U);
  EXPECT_EQ(found.wrong_position, 1U);
  EXPECT_EQ(found.not_seen, 3U);
  EXPECT_EQ(found.unknown_events, 1U);
  ASSERT_EQ(found.unknown_items.size(), 1U);
  EXPECT_EQ(found.unknown_items[0].first, "unknown");
}

// A list beyond those looked at is not said to be missing.
TEST_F(QualityTest, ClicksOfOlderListsAreNotJudged) {
  act("click", "2", "long-ago", 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  give("a");
  const Quality found = quality({.events = 10, .lists = 1});
  EXPECT_EQ(found.lists, 1U);
  EXPECT_EQ(found.clicks, 1U);
  EXPECT_EQ(found.judged, 0U);
}

TEST_F(QualityTest, ListsExposuresAndMarksAreFound) {
  const std::int64_t day = now_ms() / kDayMs;
  give("a");
  give("b");
  const auto lists = latest_lists(*log_, 1);
  ASSERT_TRUE(lists);
  ASSERT_EQ(lists->size(), 1U);
  EXPECT_EQ(lists->front().request, "b");
  EXPECT_EQ(lists->front().items.size(), 5U);
  const DayMark before = *day_mark(*log_, day);
  act("click", "2", "a", 2);
  EXPECT_FALSE(before == *day_mark(*log_, day));
  std::vector<ListHead> heads;
  ASSERT_TRUE(each_list_head(*log_, day, [&](const ListHead& head) {
                heads.push_back(head);
                return true;
              }).ok());
  ASSERT_EQ(heads.size(), 2U);
  EXPECT_EQ(heads[0].items, 5);
  EXPECT_EQ(heads[0].model, "fusion@1");
  EXPECT_TRUE(count_exposures(*log_, "dial", {})->empty());
  for (int unit = 0; unit < 5; ++unit)
    log_->append_later(Exposure{"dial", std::to_string(unit), unit < 3 ? "a" : "b", now_ms()});
  log_->flush();
  EXPECT_EQ(*count_exposures(*log_, "dial", {}),
            (std::map<std::string, std::uint64_t>{{"a", 3}, {"b", 2}}));
  EXPECT_TRUE(count_exposures(*log_, "dial", {0, 1})->empty());
  EXPECT_EQ((*find_exposure(*log_, "dial", "4"))->variant, "b");
  EXPECT_FALSE(find_exposure(*log_, "dial", "5")->has_value());
  EXPECT_FALSE(find_exposure(*log_, "other", "4")->has_value());
}

TEST(Intake, CountsByMinuteAndType) {
  constexpr std::int64_t kIntakeNow = 20'000 * kDayMs + 30'000;
  Intake intake;
  std::vector<Event> events(3);
  for (Event& event : events) {
    event.type = "click";
    event.item = "1";
    event.user = "u";
    event.request = "r";
    event.time_ms = kIntakeNow;
  }
  events[1].request.clear();
  events[1].time_ms = kIntakeNow + 9'000;  // the sender's clock is ahead
  events[2].type = "search";
  events[2].item.clear();
  events[2].user.clear();
  events[2].time_ms = kIntakeNow - 2 * Intake::kLateMs;
  intake.take(events, {.kept = 2, .known = 1, .expired = 0}, 1, kIntakeNow);
  intake.refuse(kIntakeNow + 60'000);
  const auto minutes = intake.minutes(kIntakeNow + 60'000);
  ASSERT_EQ(minutes.size(), Intake::kMinutes);
  const IntakeMinute& first = minutes[minutes.size() - 2];
  EXPECT_EQ(first.events, 3U);
  EXPECT_EQ(first.types, (std::map<std::string, std::uint64_t>{{"click", 2}, {"search", 1}}));
  EXPECT_EQ(first.known, 1U);
  EXPECT_EQ(first.unknown_items, 1U);
  EXPECT_EQ(first.without_request, 1U);
  EXPECT_EQ(first.without_user, 1U);
  EXPECT_EQ(first.ahead, 1U);
  EXPECT_EQ(first.most_ahead_ms, 9'000);
  EXPECT_EQ(first.late, 1U);
  EXPECT_EQ(minutes.back().refused, 1U);
  // An hour later nothing of it is left.
  for (const auto& minute : intake.minutes(kIntakeNow + 62 * 60'000)) EXPECT_EQ(minute.events, 0U);
}

TEST(Intake, NamesOfOnesOwnAreBounded) {
  Intake intake;
  for (int i = 0; i < 500; ++i) {
    Event event;
    event.type = fmt::format("own-{}", i);
    event.time_ms = 60'000;
    intake.take({&event, 1}, {.kept = 1, .known = 0, .expired = 0}, 0, 60'000);
  }
  const auto minutes = intake.minutes(60'000);
  EXPECT_EQ(minutes.back().types.size(), Intake::kMostTypes + 1);
  EXPECT_EQ(minutes.back().types.at("other"), 500U - Intake::kMostTypes);
}

}  // namespace
}  // namespace sparrow::events
