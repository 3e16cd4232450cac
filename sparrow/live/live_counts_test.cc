// What recent events say: decay, trending, co-watch, the guard against one who clicks often; and
// the feed that brings them from a log to the state.
#include "sparrow/live/live_counts.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sparrow/core/clock.h"
#include "sparrow/live/live_feed.h"
#include "sparrow/rank/small_world.h"

namespace sparrow::live {
namespace {

constexpr std::int64_t kStart = 1'790'000'000;
constexpr std::int64_t kHour = 3600;

LiveCounts counts_of(std::size_t items, LiveCountsOptions options = {}) {
  LiveCounts counts(options, kStart);
  counts.set_items(std::vector<float>(items, 1));
  return counts;
}

TEST(LiveCountsTest, WeightsDecayByTheirHalfLives) {
  LiveCounts counts = counts_of(3);
  counts.add({1, kStart, 0, 2});
  EXPECT_NEAR(counts.use_of(0, kStart).recent, 2, 1e-9);
  EXPECT_NEAR(counts.use_of(0, kStart + 6 * kHour).recent, 1, 1e-9);
  EXPECT_NEAR(counts.use_of(0, kStart + 14 * 24 * kHour).usual, 1, 1e-9);
  // An event that comes late counts as what it was.
  counts.add({2, kStart - 6 * kHour, 1, 2});
  EXPECT_NEAR(counts.use_of(1, kStart).recent, 1, 1e-9);
  // Nor does it matter that the moment which sums are kept for moves.
  counts.add({3, kStart + 100 * 24 * kHour, 2, 1});
  EXPECT_NEAR(counts.use_of(0, kStart + 14 * 24 * kHour).usual, 1, 1e-6);
}

TEST(LiveCountsTest, OnePersonCountsOnceAnItemAWindow) {
  LiveCounts counts = counts_of(2);
  for (int i = 0; i < 1000; ++i) counts.add({7, kStart + i, 0, 1});
  EXPECT_NEAR(counts.use_of(0, kStart).recent, 1, 0.01);
  counts.add({7, kStart + 1000, 0, 5});  // a purchase says more than the click before it
  EXPECT_NEAR(counts.use_of(0, kStart).recent, 5, 0.2);
  counts.add({7, kStart + 7 * kHour, 0, 1});  // the next window
  EXPECT_GT(counts.use_of(0, kStart).recent, 6);
}

TEST(LiveCountsTest, WhatIsUsedMoreThanBeforeTrends) {
  LiveCounts counts = counts_of(50);
  std::uint64_t person = 1;
  // For ten days item 0 is used much, item 1 little; then item 1 as much as item 0.
  for (std::int64_t hour = 0; hour < 240; ++hour) {
    for (int k = 0; k < 20; ++k) counts.add({++person, kStart + hour * kHour, 0, 1});
    if (hour % 12 == 0) counts.add({++person, kStart + hour * kHour, 1, 1});
  }
  const std::int64_t now = kStart + 240 * kHour;
  for (int k = 0; k < 60; ++k) counts.add({++person, now, 1, 1});
  counts.add({++person, now, 2, 1});  // one click on a rare item
  const auto signals = counts.signals(now);
  ASSERT_GE(signals.trending.size(), 2U);
  EXPECT_EQ(signals.trending[0].row, 1U);
  const auto of = [&](Row row) { return LiveCounts::trend_of(counts.use_of(row, now), 5); };
  EXPECT_LT(of(0), 0.1);  // popular, as ever
  EXPECT_LT(of(2), 0.25 * of(1));
  EXPECT_GT(of(2), 0);
}

TEST(LiveCountsTest, WhatTheSamePeopleUseIsTogether) {
  LiveCounts counts = counts_of(50);
  std::uint64_t person = 1;
  for (int k = 0; k < 12; ++k) {  // 3 with 4; and with 5, which everybody uses
    ++person;
    for (const Row row : {3U, 4U, 5U}) counts.add({person, kStart + k, row, 1});
  }
  for (int k = 0; k < 200; ++k) counts.add({++person, kStart + k, 5, 1});
  counts.add({900, kStart, 3, 1});
  counts.add({900, kStart + 7 * kHour, 9, 1});  // not within a window
  const auto signals = counts.signals(kStart);
  const auto partners = signals.used_with(3);
  ASSERT_FALSE(partners.empty());
  EXPECT_EQ(partners[0].row, 4U);
  EXPECT_NEAR(counts.together(3, 4, kStart), 12, 0.01);
  EXPECT_EQ(counts.together(3, 9, kStart), 0);
  EXPECT_TRUE(signals.used_with(9).empty());
  EXPECT_TRUE(signals.used_with(49).empty());
}

TEST(LiveCountsTest, MemoryIsBounded) {
  LiveCountsOptions options;
  options.most_people = 100;
  options.most_partners = 4;
  options.most_pairs = 200;
  LiveCounts counts = counts_of(1000, options);
  Random random(1);
  for (int k = 0; k < 20'000; ++k)
    counts.add({1 + random.below(500), kStart + k, random.below(1000), 1});
  EXPECT_LE(counts.sizes().people, 100U);
  EXPECT_LE(counts.sizes().pairs, 201U);
  const auto signals = counts.signals(kStart + 20'000);
  EXPECT_LE(signals.trending.size(), options.most_trending);
  for (std::size_t i = 0; i < signals.seeds.size(); ++i)
    EXPECT_LE(signals.offsets[i + 1] - signals.offsets[i], 4U);
}

TEST(LiveCountsTest, WhoIsForgottenBeginsAnew) {
  LiveCounts counts = counts_of(3);
  counts.add({7, kStart, 0, 1});
  counts.forget(7);
  counts.forget(8);
  counts.add({7, kStart, 1, 1});
  EXPECT_EQ(counts.together(0, 1, kStart), 0);
  EXPECT_EQ(counts.sizes().people, 1U);
}

// From the log to the state: what was there at the start, and what comes, once.
TEST(LiveFeedTest, EventsReachTheState) {
  const rank::SmallWorld world;
  State state(std::make_shared<const CatalogView>(world.dataset, world.facts));
  const auto folder =
      std::filesystem::temp_directory_path() / ("sparrow-feed-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  LiveFeed feed({.every = std::chrono::milliseconds(20)});
  auto log = std::move(*events::EventLog::open(
      {.folder = folder, .on_kept = [&](const events::Event& event) { feed.take(event); }}));
  int number = 0;
  const auto click = [&](const std::string& user, const std::string& item) {
    events::Event event;
    event.id = std::to_string(++number);
    event.type = "click";
    event.user = user;
    event.item = item;
    event.time_ms = now_ms();
    ASSERT_TRUE(log->append({&event, 1}).ok());
    ASSERT_TRUE(log->append({&event, 1}).ok());  // known: not counted again
  };
  const auto wait_for = [&](const std::function<bool(const recall::LiveSignals&)>& is_there) {
    for (int tries = 0; tries < 1000; ++tries) {
      const auto live = state.snapshot()->live;
      if (live != nullptr && is_there(*live)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  const Row a = *world.dataset->catalog.find("110");
  const Row b = *world.dataset->catalog.find("120");
  feed.start(state, nullptr, *log, [](const std::string&) {});
  click("ann", "110");
  EXPECT_TRUE(wait_for(
      [&](const auto& live) { return live.trending.size() == 1 && live.trending[0].row == a; }));
  const std::uint64_t lists = state.snapshot()->lists;
  click("ann", "120");
  click("ann", "no such item");
  EXPECT_TRUE(wait_for([&](const auto& live) {
    return live.used_with(a).size() == 1 && live.used_with(a)[0].row == b;
  }));
  EXPECT_EQ(state.snapshot()->lists, lists);  // answers that were kept stay
  feed.stop();
  EXPECT_EQ(feed.counts().counted, 2U);
  // A server that starts anew finds them in the log.
  LiveFeed again({.every = std::chrono::milliseconds(20)});
  State fresh(std::make_shared<const CatalogView>(world.dataset, world.facts));
  again.start(fresh, nullptr, *log, [](const std::string&) {});
  for (int tries = 0; tries < 1000 && fresh.snapshot()->live == nullptr; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_NE(fresh.snapshot()->live, nullptr);
  EXPECT_EQ(fresh.snapshot()->live->used_with(a).size(), 1U);
  again.stop();
  log.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sparrow::live
