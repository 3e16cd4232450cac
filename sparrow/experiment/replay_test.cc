#include "sparrow/experiment/replay.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/click_model.h"
#include "sparrow/experiment/memory_records.h"

namespace sparrow::experiment {
namespace {

constexpr std::size_t kPlaces = 5;
constexpr std::size_t kPool = 10;
constexpr double kLooks[kPlaces] = {1, 0.8, 0.6, 0.45, 0.3};

// Items "s-0" to "s-19" of each seed s attract as 0.05 + 0.02 (i * 7 % 20); ranked 0, 1, 2, ...
double attraction_of(std::size_t item) { return 0.05 + 0.02 * static_cast<double>(item * 7 % 20); }
std::string name_of(std::size_t seed, std::size_t item) {
  return std::to_string(seed) + "-" + std::to_string(item);
}

// The same swap and the same probabilities as rank::explore(), which this module does not see.
MemoryRecords explored_lists(std::size_t lists, std::uint64_t number, double share = 0.5) {
  Random random(number);
  MemoryRecords log;
  for (std::size_t l = 0; l < lists; ++l) {
    const std::size_t seed = random.below(4);
    std::vector<std::size_t> ranked(kPool);
    std::iota(ranked.begin(), ranked.end(), std::size_t{0});
    constexpr double kMoved = 1.0 / (kPlaces * kPool);
    std::vector<double> p(kPlaces, 1 - share * (kPlaces + kPool - 2) * kMoved);
    if (random.uniform() < share) {
      const std::size_t place = random.below(kPlaces);
      const std::size_t from = random.below(kPool);
      std::swap(ranked[place], ranked[from]);
      if (place != from) p[place] = share * kMoved * (from < kPlaces ? 2 : 1);
      if (place != from && from < kPlaces) p[from] = share * kMoved * 2;
    }
    events::Impression list;
    list.request = "r" + std::to_string(l);
    list.user = "u" + std::to_string(l / 3);
    list.time_ms = kTestStart;
    list.seed = std::to_string(seed);
    for (std::size_t k = 0; k < kPlaces; ++k) {
      list.items.push_back({name_of(seed, ranked[k]), 0, static_cast<float>(p[k])});
      if (random.uniform() >= kLooks[k] * attraction_of(ranked[k])) continue;
      events::Event click;
      click.type = "click";
      click.request = list.request;
      click.item = list.items.back().item;
      click.time_ms = kTestStart;
      log.events.push_back(click);
    }
    log.impressions.push_back(std::move(list));
  }
  return log;
}

// The pool's items, the best first.
std::vector<std::size_t> better_order() {
  std::vector<std::size_t> order(kPool);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [](std::size_t a, std::size_t b) { return attraction_of(a) > attraction_of(b); });
  order.resize(kPlaces);
  return order;
}

double true_value(const std::vector<std::size_t>& order) {
  double value = 0;
  for (std::size_t k = 0; k < order.size(); ++k) value += kLooks[k] * attraction_of(order[k]);
  return value;
}

TargetRanking ranking_of(const ShownLists& shown, const std::vector<std::size_t>& order) {
  return [&shown, order](std::uint32_t seed, std::size_t size) {
    std::vector<std::uint32_t> list;
    for (const std::size_t item : order)
      list.push_back(shown.items.find(shown.items[seed] + "-" + std::to_string(item)));
    list.resize(std::min(size, list.size()));
    return list;
  };
}

TEST(Replay, IntervalsHoldTheTruthOfARankingThatWasNeverLive) {
  constexpr int kRuns = 100;
  const auto order = better_order();
  const double truth = true_value(order);
  int ips = 0;
  int snips = 0;
  int dr = 0;
  double width_ips = 0;
  double width_dr = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto log = explored_lists(2000, static_cast<std::uint64_t>(run) + 1);
    const auto shown = shown_lists(log.records(), {});
    ASSERT_TRUE(shown.ok());
    const Replay made = replay(*shown, ranking_of(*shown, order));
    const auto holds = [&](const ReplayEstimate& e) {
      return e.interval.low <= truth && truth <= e.interval.high ? 1 : 0;
    };
    ips += holds(made.ips);
    snips += holds(made.snips);
    dr += holds(made.dr);
    width_ips += made.ips.interval.high - made.ips.interval.low;
    width_dr += made.dr.interval.high - made.dr.interval.low;
    EXPECT_NEAR(made.support, 1, 0.35);
    EXPECT_LT(made.logged.value, truth);
  }
  // 95 are expected, 88 at least within three standard errors.
  EXPECT_GE(ips, 88);
  EXPECT_GE(snips, 87);  // of few matches a place its variance is a little too small
  EXPECT_GE(dr, 88);
  EXPECT_LT(width_dr, width_ips);
  RecordProperty("ips_of_100", ips);
  RecordProperty("snips_of_100", snips);
  RecordProperty("dr_of_100", dr);
}

TEST(Replay, TheLiveRankingIsWorthWhatItWas) {
  const auto log = explored_lists(20'000, 5);
  const auto shown = shown_lists(log.records(), {});
  ASSERT_TRUE(shown.ok());
  std::vector<std::size_t> same(kPlaces);
  std::iota(same.begin(), same.end(), std::size_t{0});
  const Replay made = replay(*shown, ranking_of(*shown, same));
  EXPECT_NEAR(made.dr.value, true_value(same), 0.02);
  EXPECT_NEAR(made.ips.value, true_value(same), 0.02);
  EXPECT_EQ(made.trouble, "");
}

TEST(Replay, APlaceThatCouldNotBeShownIsSaid) {
  const auto log = explored_lists(20'000, 6);
  const auto shown = shown_lists(log.records(), {});
  ASSERT_TRUE(shown.ok());
  const Replay made = replay(*shown, ranking_of(*shown, {11, 12, 0, 1, 2}));
  EXPECT_LT(made.support, 0.75);
  EXPECT_NE(made.trouble, "");
}

TEST(Replay, WithoutChanceThereIsNothingToSay) {
  const auto log = explored_lists(100, 6, 0);
  const auto shown = shown_lists(log.records(), {});
  ASSERT_TRUE(shown.ok());
  EXPECT_TRUE(shown->lists.empty());
  const Replay made = replay(*shown, ranking_of(*shown, better_order()));
  EXPECT_NE(made.trouble.find("explore"), std::string::npos);
}

TEST(ClickModel, FindsHowLikelyPlacesAreLookedAt) {
  const auto log = explored_lists(60'000, 9, 1);
  const auto shown = shown_lists(log.records(), {});
  ASSERT_TRUE(shown.ok());
  const ClickModel model = fit_click_model(*shown);
  ASSERT_EQ(model.examination.size(), kPlaces);
  for (std::size_t k = 0; k < kPlaces; ++k)
    EXPECT_NEAR(model.examination[k], kLooks[k], 0.08) << "place " << k;
  const auto seed = shown->items.find("1");
  for (const std::size_t item : {std::size_t{0}, std::size_t{2}, std::size_t{4}})
    EXPECT_NEAR(model.attraction(seed, shown->items.find(name_of(1, item))), attraction_of(item),
                0.06)
        << "item " << item;
}

}  // namespace
}  // namespace sparrow::experiment
