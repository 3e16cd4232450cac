#include "sparrow/experiment/interleaving.h"

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/memory_records.h"

namespace sparrow::experiment {
namespace {

Experiment two_rankings() {
  Experiment experiment = test_experiment({"click_through"});
  experiment.method = Method::kInterleave;
  return experiment;
}

// Each unit sees two lists of four items; items of b are clicked `factor` times as often.
MemoryRecords clicked(std::size_t units, double factor, std::uint64_t seed) {
  Random random(seed);
  MemoryRecords log;
  for (std::size_t u = 0; u < units; ++u) {
    for (int l = 0; l < 2; ++l) {
      events::Impression list;
      list.request = std::to_string(u) + "." + std::to_string(l);
      list.user = "u" + std::to_string(u);
      list.time_ms = kTestStart + static_cast<std::int64_t>(u % 14) * kDayMs;
      list.variants = std::string("other:x,test:") + (random.below(2) == 0 ? "abba" : "baab");
      for (int i = 0; i < 4; ++i) {
        list.items.push_back({std::to_string(i), 0, 1});
        const char team = list.variants[13 + static_cast<std::size_t>(i)];
        if (random.uniform() >= 0.2 * (team == 'b' ? factor : 1)) continue;
        events::Event event;
        event.type = "click";
        event.user = list.user;
        event.request = list.request;
        event.item = std::to_string(i);
        event.time_ms = list.time_ms;
        log.events.push_back(event);
        log.events.push_back(event);  // clicked again: counts once
      }
      log.impressions.push_back(std::move(list));
    }
  }
  return log;
}

TEST(Interleaving, APreferenceIsFound) {
  const auto log = clicked(600, 1.5, 1);
  const auto found = interleaving(log.records(), two_rankings(), kTestStart + 20 * kDayMs);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->lists, 1200U);
  EXPECT_EQ(found->units, 600U);
  EXPECT_LE(found->interval.low, 0.2);  // (1.5 - 1) / (1.5 + 1)
  EXPECT_GE(found->interval.high, 0.2);
  EXPECT_LT(found->p_sequential, 0.05);
  EXPECT_NE(found->sentence.find("prefer treatment"), std::string::npos) << found->sentence;
  EXPECT_EQ(interleaving_json(*found)["lists"], 1200);
  EXPECT_NE(interleaving_text(*found).find("treatment"), std::string::npos);
}

TEST(Interleaving, EqualRankingsAreCalledDifferentInFivePercent) {
  constexpr int kRuns = 300;
  int fixed = 0;
  int sequential = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto log = clicked(200, 1, static_cast<std::uint64_t>(run) + 10);
    const auto found = interleaving(log.records(), two_rankings(), kTestStart + 20 * kDayMs);
    ASSERT_TRUE(found.ok());
    fixed += found->p < 0.05 ? 1 : 0;
    sequential += found->p_sequential < 0.05 ? 1 : 0;
  }
  // 15 are expected; three standard errors are 11.
  EXPECT_GE(fixed, 4);
  EXPECT_LE(fixed, 26);
  EXPECT_LE(sequential, 15);
}

TEST(Interleaving, WhatIsNotInterleavedDoesNotCount) {
  auto log = clicked(10, 1, 3);
  for (auto& list : log.impressions) list.variants = "test:control";  // forced
  const auto found = interleaving(log.records(), two_rankings(), kTestStart + 20 * kDayMs);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->lists, 0U);
  EXPECT_EQ(found->p, 1);
  EXPECT_NE(found->sentence.find("no list"), std::string::npos);
}

TEST(Interleaving, NeedsTwoVariantsAndUnitsOfPeople) {
  const auto read = [](const char* text) { return read_experiments(nlohmann::json::parse(text)); };
  EXPECT_TRUE(
      read(R"([{"name":"x","method":"interleave","variants":[{"name":"a"},{"name":"b"}]}])").ok());
  EXPECT_FALSE(
      read(
          R"([{"name":"x","method":"interleave","variants":[{"name":"a"},{"name":"b"},{"name":"c"}]}])")
          .ok());
  EXPECT_FALSE(
      read(
          R"([{"name":"x","method":"interleave","unit":"item_day","variants":[{"name":"a"},{"name":"b"}]}])")
          .ok());
  EXPECT_FALSE(
      read(R"([{"name":"x","method":"mix","variants":[{"name":"a"},{"name":"b"}]}])").ok());
}

}  // namespace
}  // namespace sparrow::experiment
