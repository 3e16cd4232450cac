#include "sparrow/events/event_log.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparrow::events {
namespace {

constexpr std::int64_t kDay = 86'400'000;

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("sparrow-events-{}-{}", info->name(), getpid());
    std::filesystem::remove_all(folder_);
    options_.folder = folder_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<EventLog> open() {
    auto log = EventLog::open(options_);
    EXPECT_TRUE(log.ok()) << (log ? "" : log.error().message);
    return log ? std::move(*log) : nullptr;
  }
  static Event click(std::string id, std::string user = "u", std::int64_t time = now()) {
    Event event;
    event.id = std::move(id);
    event.type = "click";
    event.user = std::move(user);
    event.item = "589";
    event.time_ms = time;
    return event;
  }
  static std::vector<std::string> ids(const EventLog& log, TimeSpan span = {}) {
    std::vector<std::string> found;
    EXPECT_TRUE(log.each_event(span,
                               [&](const Event& event) {
                                 found.push_back(event.id);
                                 return true;
                               })
                    .ok());
    return found;
  }

  std::filesystem::path folder_;
  EventLogOptions options_;
};

TEST_F(EventLogTest, WhatWasWrittenIsReadAgain) {
  Event full = click("e1", "u", now() - 2 * kDay);
  full.session = "s";
  full.request = "r";
  full.position = 4;
  full.value = 2.5;
  full.text = "Zürich 雨";
  {
    const auto log = open();
    const auto done = log->append(std::vector<Event>{full, click("e2")});
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->kept, 2U);
  }
  const auto log = EventLog::open_to_read(folder_);
  ASSERT_TRUE(log.ok());
  std::vector<Event> found;
  ASSERT_TRUE((*log)
                  ->each_event({},
                               [&](const Event& event) {
                                 found.push_back(event);
                                 return true;
                               })
                  .ok());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(to_json(found[0]), to_json(full));
  EXPECT_EQ(found[1].position, kNoPosition);
  EXPECT_TRUE(std::isnan(found[1].value));
  EXPECT_EQ(ids(**log, {now() - kDay, now() + kDay}), std::vector<std::string>{"e2"});
}

TEST_F(EventLogTest, AnEventSentTwiceIsKeptOnce) {
  const auto log = open();
  ASSERT_TRUE(log->append(std::vector<Event>{click("a"), click("b")}).ok());
  const auto again = log->append(std::vector<Event>{click("b"), click("c"), click("c")});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->kept, 1U);
  EXPECT_EQ(again->known, 2U);
  EXPECT_EQ(ids(*log), (std::vector<std::string>{"a", "b", "c"}));
}

// Ids are indexed many at a time: what is known must not depend on where a restart falls.
TEST_F(EventLogTest, AnEventIsKnownAgainAfterManyOthersAndAfterARestart) {
  const std::int64_t time = now();
  const auto batch = [&](int from, int to) {
    std::vector<Event> events;
    for (int i = from; i < to; ++i) events.push_back(click(fmt::format("e{}", i), "u", time));
    return events;
  };
  auto log = open();
  ASSERT_EQ(log->append(batch(0, 90'000))->kept, 90'000U);
  ASSERT_EQ(log->append(batch(80'000, 130'000))->kept, 40'000U);  // more than are held in memory
  ASSERT_EQ(log->append(batch(0, 1'000))->known, 1'000U);
  ASSERT_EQ(log->append(batch(129'000, 131'000))->kept, 1'000U);
  ASSERT_TRUE(log->erase_user("nobody").ok());
  log.reset();
  log = open();
  const auto again = log->append(batch(0, 131'500));
  EXPECT_EQ(again->known, 131'000U);
  EXPECT_EQ(again->kept, 500U);
  EXPECT_EQ(ids(*log).size(), 131'500U);
}

TEST_F(EventLogTest, ImpressionsAndExposuresAreThereAfterAFlush) {
  const auto log = open();
  Impression list;
  list.request = "r-1";
  list.time_ms = now();
  list.user = "u";
  list.model = "fusion@1";
  list.variants = "dial:b";
  list.seed = "589";
  list.items = {{"1", 5, 1}, {"say \"hi\"", 0, 0.25F}};
  list.took_us = 1234;
  list.state = Impression::State::kDegraded;
  log->append_later(list);
  log->append_later(Exposure{"dial", "u", "b", now()});
  log->append_later(Exposure{"dial", "u", "a", now()});  // the first counts
  log->flush();
  std::vector<Impression> lists;
  ASSERT_TRUE(log->each_impression({},
                                   [&](const Impression& found) {
                                     lists.push_back(found);
                                     return true;
                                   })
                  .ok());
  ASSERT_EQ(lists.size(), 1U);
  EXPECT_EQ(to_json(lists[0]), to_json(list));
  std::vector<std::string> units;
  ASSERT_TRUE(log->each_exposure("dial",
                                 [&](const Exposure& found) {
                                   units.push_back(found.unit + "=" + found.variant);
                                   return true;
                                 })
                  .ok());
  EXPECT_EQ(units, std::vector<std::string>{"u=b"});
  EXPECT_EQ(log->counts().impressions, 1U);
}

TEST_F(EventLogTest, ImpressionsThatFindNoRoomAreCounted) {
  options_.most_waiting = 0;
  const auto log = open();
  log->append_later(Impression{});
  log->flush();
  EXPECT_EQ(log->counts().dropped, 1U);
}

TEST_F(EventLogTest, AFileWithoutTablesIsAnEmptyOne) {
  // As a disk leaves it that was full while the file was made.
  std::filesystem::create_directories(folder_);
  const auto today =
      fmt::format("events-{:%Y-%m-%d}.db",
                  std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  std::ofstream(folder_ / today).close();
  std::ofstream(folder_ / "exposures.db").close();
  const auto log = open();
  EXPECT_EQ(ids(*log), std::vector<std::string>{});
  EXPECT_TRUE(log->each_exposure("x", [](const Exposure&) { return true; }).ok());
  ASSERT_TRUE(log->append(std::vector<Event>{click("e1")}).ok());
  EXPECT_EQ(ids(*log), std::vector<std::string>{"e1"});
}

TEST_F(EventLogTest, AListWithoutAModelTakesNoOtherWithIt) {
  const auto log = open();
  for (const char* model : {"", "fusion"}) {
    Impression list;
    list.model = model;
    list.time_ms = now();
    log->append_later(list);
  }
  log->flush();
  EXPECT_EQ(log->counts().dropped, 0U);
  EXPECT_EQ(log->counts().impressions, 2U);
}

TEST_F(EventLogTest, AUserIsErasedEverywhereAndFromTheBytes) {
  const auto log = open();
  std::vector<Event> events;
  for (int i = 0; i < 200; ++i) {
    events.push_back(click(fmt::format("e{}", i), i % 2 == 0 ? "forget-me-please" : "stay",
                           now() - i % 3 * kDay));
  }
  ASSERT_TRUE(log->append(events).ok());
  Impression list;
  list.request = "r";
  list.user = "forget-me-please";
  list.time_ms = now();
  list.model = "m";
  log->append_later(list);
  log->append_later(Exposure{"x", "forget-me-please", "a", now()});
  const auto erased = log->erase_user("forget-me-please");
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_EQ(erased->events, 100U);
  EXPECT_EQ(erased->impressions, 1U);
  EXPECT_EQ(erased->exposures, 1U);
  EXPECT_EQ(ids(*log).size(), 100U);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find("forget-me-please"), std::string::npos) << entry.path();
  }
}

TEST_F(EventLogTest, OldDaysGo) {
  {
    options_.keep_days = 0;
    const auto log = open();
    ASSERT_TRUE(
        log->append(std::vector<Event>{click("old", "u", now() - 40 * kDay), click("new")}).ok());
  }
  options_.keep_days = 30;
  const auto log = open();
  log->append_later(Impression{});  // wakes the writer, which looks at what is old
  log->flush();
  const auto late = log->append(std::vector<Event>{click("late", "u", now() - 31 * kDay)});
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->expired, 1U);
  EXPECT_EQ(ids(*log), std::vector<std::string>{"new"});
}

TEST_F(EventLogTest, TodayIsBoundedInBytesToo) {
  options_.keep_bytes = 4096;
  const auto log = open();
  ASSERT_TRUE(log->append(std::vector<Event>{click("a")}).ok());
  bool refused = false;
  for (int i = 0; i < 80 && !refused; ++i) {  // the next look at the files comes within seconds
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto done = log->append(std::vector<Event>{click(fmt::format("b{}", i))});
    refused = !done.ok() && done.error().code == ErrorCode::kExhausted;
  }
  EXPECT_TRUE(refused);
  EXPECT_NE(log->counts().trouble.find("as much as may be kept"), std::string::npos);
}

TEST_F(EventLogTest, AUsersSessionsAreErasedWithThem) {
  const auto log = open();
  Event event = click("a", "u");
  event.session = "visit-1";
  ASSERT_TRUE(log->append(std::vector<Event>{event}).ok());
  for (const char* session : {"visit-1", "visit-2"}) {
    Impression list;
    list.request = list.session = session;
    list.model = "m";
    list.time_ms = now();
    log->append_later(list);
    log->append_later(Exposure{"x", session, "a", now()});
  }
  const auto erased = log->erase_user("u");
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_EQ(erased->impressions, 1U);
  EXPECT_EQ(erased->exposures, 1U);
}

TEST_F(EventLogTest, ManyThreadsLoseAndDoubleNothing) {
  const auto log = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        // Every event is sent by two threads.
        const auto done = log->append(std::vector<Event>{click(fmt::format("{}-{}", t / 2, i)),
                                                         click(fmt::format("own-{}-{}", t, i))});
        ASSERT_TRUE(done.ok());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto found = ids(*log);
  EXPECT_EQ(found.size(), 300U);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 300U);
}

// A child writes, tells each acknowledged id through a pipe, and is killed in the middle.
TEST_F(EventLogTest, WhatWasAcknowledgedIsThereWhenTheProcessIsKilled) {
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove_all(folder_);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto log = EventLog::open(options_);
      for (int i = 0; log; ++i) {
        if (!(*log)->append(std::vector<Event>{click(std::to_string(i))})) break;
        if (write(ends[1], &i, sizeof(i)) != sizeof(i)) break;
      }
      _exit(1);
    }
    close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(40 + 30 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::set<std::string> acknowledged;
    for (int i = 0; read(ends[0], &i, sizeof(i)) == sizeof(i);)
      acknowledged.insert(std::to_string(i));
    close(ends[0]);
    const auto log = open();
    const auto found = ids(*log);
    const std::set<std::string> kept(found.begin(), found.end());
    EXPECT_EQ(kept.size(), found.size());
    for (const auto& id : acknowledged) EXPECT_TRUE(kept.contains(id)) << id;
    EXPECT_LE(kept.size(), acknowledged.size() + 1);
  }
}

TEST_F(EventLogTest, AFileOfANewerProgramIsRefused) {
  {
    const auto log = open();
    ASSERT_TRUE(log->append(std::vector<Event>{click("a")}).ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() != ".db") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);  // user_version in SQLite's header, big-endian
    const char version[4] = {0, 0, 0, 9};
    file.write(version, 4);
  }
  const auto log = open();
  const auto refused = log->append(std::vector<Event>{click("b")});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("newer"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(log->counts().trouble.empty());
}

TEST(EventLogOpen, AFolderThatCannotBeMadeIsNamed) {
  const auto log = EventLog::open({.folder = "/proc/nothing/events"});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find("/proc/nothing"), std::string::npos);
}

}  // namespace
}  // namespace sparrow::events
