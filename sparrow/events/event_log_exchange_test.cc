// The seams of EventLog for the exchange with other replicas; kafka_test.py has the broker.
#include <chrono>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include "sparrow/core/clock.h"
#include "sparrow/events/event_log.h"

namespace sparrow::events {
namespace {

class ExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::temp_directory_path() /
            fmt::format("sparrow-exchange-{}-{}", info->name(), getpid());
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<EventLog> open(const char* name = "a") {
    auto log = EventLog::open({.folder = root_ / name, .exchanges = true});
    EXPECT_TRUE(log.ok()) << (log ? "" : log.error().message);
    return log ? std::move(*log) : nullptr;
  }
  static Event seen(std::string id, std::string user = "u", std::int64_t time = now_ms()) {
    Event event;
    event.id = std::move(id);
    event.type = "click";
    event.user = std::move(user);
    event.session = "s-" + event.user;
    event.item = "589";
    event.time_ms = time;
    return event;
  }
  static Impression list_for(std::string request, std::string user, std::int64_t time = now_ms()) {
    Impression list;
    list.request = std::move(request);
    list.user = std::move(user);
    list.session = "s-" + list.user;
    list.model = "m@1";
    list.time_ms = time;
    list.items = {{"1", 1, 1}};
    return list;
  }
  static std::size_t count(const EventLog& log) {
    std::size_t all = 0;
    EXPECT_TRUE(log.each_event({}, [&](const Event&) { return ++all > 0; }).ok());
    EXPECT_TRUE(log.each_impression({}, [&](const Impression&) { return ++all > 0; }).ok());
    EXPECT_TRUE(log.each_exposure("", [&](const Exposure&) { return ++all > 0; }).ok());
    return all;
  }
  // All that `log` has not sent, as another replica receives it.
  static Received sent_by(EventLog& log, std::int64_t next) {
    const auto unsent = log.unsent(1'000'000);
    EXPECT_TRUE(unsent.ok());
    EXPECT_TRUE(log.mark_sent(*unsent).ok());
    Received received{
        unsent->events, unsent->lists, unsent->exposures, unsent->erasures, {{"topic", 0, next}}};
    for (auto& event : received.events) event.origin = "other";
    for (auto& list : received.lists) list.origin = "other";
    for (auto& exposure : received.exposures) exposure.origin = "other";
    return received;
  }

  std::filesystem::path root_;
};

TEST_F(ExchangeTest, WhatIsTakenInIsSentOnceAndInPieces) {
  const std::int64_t yesterday = now_ms() - kDayMs;
  {
    const auto log = open();
    std::vector<Event> events;
    for (int i = 0; i < 25; ++i)
      events.push_back(seen(fmt::format("e{}", i), "u", i % 2 == 0 ? yesterday : now_ms()));
    ASSERT_TRUE(log->append(events).ok());
    log->append_later(list_for("r", "u"));
    log->append_later(Exposure{"x", "u", "a", now_ms(), ""});
    log->flush();
    EXPECT_EQ(*log->count_unsent(), 27U);
    const auto lost = log->unsent(10);  // and the process ends before it is acknowledged
    ASSERT_TRUE(lost.ok());
    EXPECT_EQ(lost->size(), 10U);
  }
  auto log = open();
  std::set<std::string> ids;
  std::size_t others = 0;
  for (int round = 0; round < 10; ++round) {
    const auto piece = log->unsent(10);
    ASSERT_TRUE(piece.ok());
    for (const Event& event : piece->events) EXPECT_TRUE(ids.insert(event.id).second) << event.id;
    others += piece->lists.size() + piece->exposures.size();
    ASSERT_TRUE(log->mark_sent(*piece).ok());
    if (round == 1) {
      log.reset();
      log = open();
    }
  }
  EXPECT_EQ(ids.size(), 25U);
  EXPECT_EQ(others, 2U);
  EXPECT_EQ(*log->count_unsent(), 0U);
  ASSERT_TRUE(log->append(std::vector<Event>{seen("new")}).ok());
  EXPECT_EQ(log->unsent(10)->events.size(), 1U);
}

TEST_F(ExchangeTest, WhatIsReceivedIsKeptOnceAndNotSentAgain) {
  const auto a = open("a");
  const auto b = open("b");
  ASSERT_TRUE(a->append(std::vector<Event>{seen("1"), seen("2", "v", now_ms() - kDayMs)}).ok());
  a->append_later(list_for("r", "u"));
  a->append_later(list_for("r", "u"));  // the same list of the same request
  a->append_later(Exposure{"x", "u", "a", now_ms(), ""});
  a->flush();
  const Received received = sent_by(*a, 4);
  for (const std::size_t kept : {4U, 0U}) {
    const auto taken = b->take(received);
    ASSERT_TRUE(taken.ok()) << taken.error().message;
    EXPECT_EQ(taken->kept, kept);
    EXPECT_EQ(taken->known, 4 - kept);
  }
  EXPECT_EQ(b->unsent(10)->size(), 0U);
  // What comes back is known; nobody sent it from here.
  const auto own = a->take(received);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->known, 4U);
  EXPECT_EQ(count(*a), 4U);
  EXPECT_EQ(count(*b), 4U);
}

TEST_F(ExchangeTest, OffsetsAreThoseOfTheLastThatWasTaken) {
  {
    const auto log = open();
    Received received;
    received.offsets = {{"topic", 0, 7}, {"topic", 3, 1}, {"else", 0, 99}};
    received.events = {seen("a")};
    ASSERT_TRUE(log->take(received).ok());
    received.offsets = {{"topic", 0, 9}};
    received.events = {seen("b", "u", now_ms() - 3 * kDayMs)};  // into another file
    ASSERT_TRUE(log->take(received).ok());
  }
  const auto log = open();
  const auto check = [&](std::int64_t first) {
    const auto offsets = log->offsets("topic");
    ASSERT_TRUE(offsets.ok());
    ASSERT_EQ(offsets->size(), 2U);
    EXPECT_EQ((*offsets)[0].next, first);
    EXPECT_EQ((*offsets)[1].partition, 3);
    EXPECT_EQ((*offsets)[1].next, 1);
  };
  check(9);
  Received nothing;  // messages that could not be read
  nothing.offsets = {{"topic", 0, 12}};
  ASSERT_TRUE(log->take(nothing).ok());
  check(12);
  nothing.offsets = {{"topic", 0, 2}};  // the topic was made anew
  ASSERT_TRUE(log->take(nothing).ok());
  check(2);
}

TEST_F(ExchangeTest, NeitherRowsNorOffsetsAreThereWhenTheFileFails) {
  const auto log = open();
  Received received;
  received.events = {seen("a")};
  received.offsets = {{"topic", 0, 1}};
  ASSERT_TRUE(log->take(received).ok());
  const auto file = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "a")) {
      if (entry.path().filename().string().starts_with("events-") &&
          entry.path().extension() == ".db")
        return entry.path();
    }
    return std::filesystem::path();
  }();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  const auto run = [&](const char* text) {
    EXPECT_EQ(sqlite3_exec(other, text, nullptr, nullptr, nullptr), SQLITE_OK);
  };
  run("CREATE TRIGGER fails BEFORE INSERT ON offsets BEGIN SELECT raise(ABORT,'no'); END");
  received.events = {seen("b")};
  received.offsets = {{"topic", 0, 2}};
  EXPECT_FALSE(log->take(received).ok());
  EXPECT_EQ(count(*log), 1U);
  EXPECT_EQ(log->offsets("topic")->front().next, 1);
  run("DROP TRIGGER fails");
  sqlite3_close(other);
  const auto again = log->take(received);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->kept, 1U);
  EXPECT_EQ(log->offsets("topic")->front().next, 2);
}

TEST_F(ExchangeTest, AnErasedUserGoesEverywhereAndDoesNotComeBack) {
  const auto a = open("a");
  auto b = open("b");
  const std::int64_t before = now_ms() - 1000;
  ASSERT_TRUE(a->append(std::vector<Event>{seen("1", "gone", before), seen("2", "stays")}).ok());
  ASSERT_TRUE(b->append(std::vector<Event>{seen("3", "gone", before)}).ok());
  a->append_later(list_for("r", "gone", before));
  a->flush();
  const Received early = sent_by(*a, 3);
  ASSERT_TRUE(b->take(early).ok());
  EXPECT_EQ(count(*b), 4U);
  const auto erased = a->erase_user("gone");
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_EQ(erased->events + erased->impressions, 2U);
  const auto late = b->unsent(10);  // sent before the erasure was heard of
  ASSERT_TRUE(late.ok());
  const Received erasure = sent_by(*a, 4);
  ASSERT_EQ(erasure.erasures.size(), 1U);
  EXPECT_EQ(erasure.erasures[0].sessions, std::vector<std::string>{"s-gone"});
  ASSERT_TRUE(b->take(erasure).ok());
  EXPECT_EQ(count(*b), 1U);
  ASSERT_TRUE(b->mark_sent(*late).ok());

  Received old;  // an event of the user that only b had, a list of the session, and what is known
  old.events = late->events;
  old.lists = {list_for("late", "nobody", before)};
  old.lists[0].session = "s-gone";
  for (const auto& log : {a.get(), b.get()}) {
    const auto taken = log->take(old);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->expired, 2U);
    EXPECT_EQ(log->append(std::vector<Event>{seen("4", "gone", before)})->expired, 1U);
    EXPECT_EQ(count(*log), 1U);
  }
  b.reset();
  b = open("b");
  EXPECT_EQ(b->take(old)->expired, 2U);
  // Who comes back of their own will is kept, and what comes again of the erasure harms nothing.
  ASSERT_TRUE(b->append(std::vector<Event>{seen("5", "gone", now_ms() + 1000)}).ok());
  ASSERT_TRUE(b->take(erasure).ok());
  EXPECT_EQ(count(*b), 2U);
}

TEST_F(ExchangeTest, RowsThatTakeTheNumbersOfErasedOnesAreSent) {
  const auto log = open();
  ASSERT_TRUE(log->append(std::vector<Event>{seen("1", "gone"), seen("2", "gone")}).ok());
  const auto stale = log->unsent(10);
  ASSERT_TRUE(stale.ok());
  ASSERT_TRUE(log->erase_user("gone").ok());
  ASSERT_TRUE(log->append(std::vector<Event>{seen("3")}).ok());
  ASSERT_TRUE(log->mark_sent(*stale).ok());
  const auto unsent = log->unsent(10);
  ASSERT_EQ(unsent->events.size(), 1U);
  EXPECT_EQ(unsent->events[0].id, "3");
  ASSERT_EQ(unsent->erasures.size(), 1U);
  ASSERT_TRUE(log->mark_sent(*unsent).ok());
  EXPECT_EQ(log->unsent(10)->size(), 0U);
}

TEST_F(ExchangeTest, FilesOfOlderFormatsAreReadAndSent) {
  for (const int format : {1, 2}) {
    // As the programs before wrote them.
    std::filesystem::remove_all(root_ / "a");
    std::filesystem::create_directories(root_ / "a");
    sqlite3* file = nullptr;
    const auto path = root_ / "a" / fmt::format("events-{}.db", utc_now().substr(0, 10));
    ASSERT_EQ(sqlite3_open(path.c_str(), &file), SQLITE_OK);
    const std::string text = fmt::format(R"(
    CREATE TABLE events(id TEXT NOT NULL, type TEXT NOT NULL, time INTEGER NOT NULL, user TEXT,
      session TEXT, item TEXT, request TEXT, position INTEGER, value REAL, query TEXT);
    CREATE TABLE known(hash INTEGER PRIMARY KEY);
    CREATE TABLE indexed(until INTEGER NOT NULL);
    CREATE TABLE impressions(request TEXT NOT NULL, time INTEGER NOT NULL, user TEXT, session TEXT,
      scenario TEXT, model TEXT NOT NULL, rules INTEGER NOT NULL, variants TEXT, seed TEXT,
      first INTEGER NOT NULL, items TEXT NOT NULL, channels TEXT NOT NULL, propensities TEXT);
    INSERT INTO events VALUES('old','click',{0},'u','s','1','r',0,NULL,NULL);
    INSERT INTO impressions VALUES('r',{0},'u','s-u',NULL,'m@1',0,NULL,NULL,0,'["1"]','[1]',NULL);
    PRAGMA user_version=1;)",
                                         now_ms());
    const char* exchange = R"(
    ALTER TABLE events ADD COLUMN origin TEXT;
    ALTER TABLE impressions ADD COLUMN origin TEXT;
    CREATE TABLE sent(events INTEGER NOT NULL, lists INTEGER NOT NULL);
    INSERT INTO sent VALUES(0,0);
    CREATE TABLE indexed_lists(until INTEGER NOT NULL);
    CREATE TABLE offsets(topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
      written INTEGER NOT NULL, PRIMARY KEY(topic, partition)) WITHOUT ROWID;
    PRAGMA user_version=2;)";
    ASSERT_EQ(sqlite3_exec(file, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    if (format == 2) {
      ASSERT_EQ(sqlite3_exec(file, exchange, nullptr, nullptr, nullptr), SQLITE_OK);
    }
    sqlite3_close(file);
    EXPECT_EQ(count(**EventLog::open_to_read(root_ / "a")), 2U);
    const auto log = open();
    const Received received = sent_by(*log, 2);
    EXPECT_EQ(received.events.size() + received.lists.size(), 2U);
    const auto again = log->take(received);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->known, 2U);
    EXPECT_EQ(count(*log), 2U);
  }
}

TEST_F(ExchangeTest, AReplicaHasOneName) {
  const std::string name = *open()->replica_name();
  EXPECT_EQ(name.size(), 12U);
  EXPECT_EQ(*open()->replica_name(), name);
  EXPECT_NE(*open("b")->replica_name(), name);
}

}  // namespace
}  // namespace sparrow::events
