// Simulated experiments whose truth is known: how often tests call a difference where there is
// none, and how often intervals hold the true lift. Users arrive over two weeks, come back, see
// lists of different lengths and click at rates of their own, so that clicks of one user depend on
// each other.
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/experiment/daily_sums.h"
#include "sparrow/experiment/sequential.h"

namespace sparrow::experiment {
namespace {

constexpr std::int32_t kDays = 14;
constexpr std::size_t kUsers = 1000;  // of both variants
constexpr std::size_t kRuns = 1000;

enum class Kind { kClicksPerSeen, kMinutesPerUser, kConversion };

struct World {
  Observations observations;
  MetricRows rows;
};

// What one user does on one day, as a step of the metric.
Step one_day(Random& random, Kind kind, double taste, double lift) {
  Step step;
  if (kind == Kind::kConversion) {  // rare, and on the first day or never
    step.y = random.uniform() < 0.5 * taste * (1 + lift) ? 1 : 0;
    return step;
  }
  if (kind == Kind::kMinutesPerUser) {
    step.y = taste * (1 + lift) * -10 * std::log(1 - random.uniform());
    return step;
  }
  const std::uint32_t seen = 1 + random.below(12);
  step.x = seen;
  for (std::uint32_t k = 0; k < seen; ++k) step.y += random.uniform() < taste * (1 + lift) ? 1 : 0;
  return step;
}

World simulate(Random& random, Kind kind, double lift, const std::string& salt) {
  Experiment experiment;
  experiment.name = salt;
  experiment.variants = {{.name = "a"}, {.name = "b"}};
  World world;
  Observations& made = world.observations;
  made.days = kDays;
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    made.units.push_back(fmt::format("user-{}", user));
    const bool treated = assign(experiment, made.units.back()) == &experiment.variants[1];
    made.variant.push_back(treated ? 1 : 0);
    made.joined.push_back(static_cast<std::int32_t>(random.below(kDays)));
    const double taste = 0.4 * random.uniform() * random.uniform();
    const double returns = random.uniform();
    world.rows.y.push_back(0);
    world.rows.x.push_back(0);
    if (kind != Kind::kClicksPerSeen) world.rows.steps.push_back({user, made.joined.back(), 0, 1});
    for (std::int32_t day = made.joined.back(); day < kDays; ++day) {
      if (day > made.joined.back() && random.uniform() > returns) continue;
      if (kind == Kind::kConversion && day > made.joined.back()) break;
      Step step = one_day(random, kind, taste, treated ? lift : 0);
      step.unit = user;
      step.day = day;
      world.rows.steps.push_back(step);
    }
  }
  std::stable_sort(world.rows.steps.begin(), world.rows.steps.end(),
                   [](const Step& a, const Step& b) { return a.day < b.day; });
  for (const Step& step : world.rows.steps) {
    world.rows.y[step.unit] += step.y;
    world.rows.x[step.unit] += step.x;
  }
  return world;
}

struct Rates {
  double fixed = 0;             // called different at the end
  double peeking = 0;           // on any day, by the fixed-horizon test
  double sequential = 0;        // on any day, minimum_lift 0.05
  double sequential_eager = 0;  // on any day, minimum_lift 0.3
  double covered = 0;           // the true lift lies in the 95 % interval at the end
  double covered_always = 0;    // in the always-valid interval on every day
};

Rates rates(Kind kind, double lift) {
  Random random(kind == Kind::kClicksPerSeen ? 101 : 202);
  Rates found;
  for (std::size_t run = 0; run < kRuns; ++run) {
    const World world = simulate(random, kind, lift, fmt::format("run-{}", run));
    const auto by_day = units_by_day(world.observations);
    DailySums sums(world.rows, world.observations, by_day, world.observations.variant, 2);
    SequentialTest usual(0.05), eager(0.3);
    Comparison comparison;
    bool peeked = false;
    bool always = true;
    for (std::int32_t day = 0; day < kDays; ++day) {
      sums.next_day();
      const auto control = sums.estimate(0);
      const auto treatment = sums.estimate(1);
      if (!control || !treatment) continue;
      comparison = compare(*control, *treatment);
      if (!can_look(*control, *treatment)) continue;
      peeked |= comparison.p <= 0.05;
      usual.look(*control, *treatment);
      eager.look(*control, *treatment);
      const Interval now = sequential_interval(*comparison.lift, comparison.lift_variance, 0.05);
      always &= now.low <= lift && lift <= now.high;
    }
    const bool covers =
        comparison.lift_interval.low <= lift && lift <= comparison.lift_interval.high;
    found.fixed += comparison.p <= 0.05 ? 1.0 / kRuns : 0;
    found.peeking += peeked ? 1.0 / kRuns : 0;
    found.sequential += usual.p() <= 0.05 ? 1.0 / kRuns : 0;
    found.sequential_eager += eager.p() <= 0.05 ? 1.0 / kRuns : 0;
    found.covered += covers ? 1.0 / kRuns : 0;
    found.covered_always += always ? 1.0 / kRuns : 0;
  }
  fmt::print(
      "lift {:.2f}: fixed {:.3f}, fixed with peeking {:.3f}, sequential {:.3f}, eager {:.3f}, "
      "covered {:.3f}, always covered {:.3f}\n",
      lift, found.fixed, found.peeking, found.sequential, found.sequential_eager, found.covered,
      found.covered_always);
  return found;
}

class SimulatedExperiments : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SimulatedExperiments,
                         testing::Values(Kind::kClicksPerSeen, Kind::kMinutesPerUser,
                                         Kind::kConversion),
                         [](const auto& kind) {
                           return kind.param == Kind::kClicksPerSeen    ? "Ratio"
                                  : kind.param == Kind::kMinutesPerUser ? "Mean"
                                                                        : "Conversion";
                         });

TEST_P(SimulatedExperiments, WithoutADifferenceKeepTheirErrorRates) {
  const Rates found = rates(GetParam(), 0);
  EXPECT_GE(found.fixed, 0.035);
  EXPECT_LE(found.fixed, 0.065);
  EXPECT_LE(found.sequential, 0.05);
  EXPECT_LE(found.sequential_eager, 0.05);
  EXPECT_GT(found.peeking, 0.08);  // the reason for sequential tests
  EXPECT_GE(found.covered, 0.93);
  EXPECT_LE(found.covered, 0.97);
}

TEST_P(SimulatedExperiments, WithADifferenceHoldItInTheirIntervals) {
  const Rates found = rates(GetParam(), 0.5);
  EXPECT_GE(found.covered, 0.93);
  EXPECT_LE(found.covered, 0.97);
  EXPECT_GE(found.covered_always, 0.95);
  if (GetParam() != Kind::kConversion) {
    EXPECT_GT(found.sequential, 0.3);  // it finds something, too
  }
}

// How often a split of 100,000 users is called wrong when the treatment's share is `share`.
double called_wrong(double share, int runs) {
  Random random(7);
  int called = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> counts(2);
    for (int user = 0; user < 100'000; ++user) ++counts[random.uniform() < share ? 1 : 0];
    called += chi_square_fit(counts, std::vector<double>{1, 1}).p < kMismatchLimit ? 1 : 0;
  }
  fmt::print("share {:.4f}: called wrong in {} of {} runs\n", share, called, runs);
  return static_cast<double>(called) / runs;
}

TEST(SimulatedSplits, OfTwoPercentAreCaught) {
  EXPECT_GE(called_wrong(0.51, 100), 0.995);
  EXPECT_LE(called_wrong(0.5, 200), 0.01);
  called_wrong(0.98 / 1.98, 100);  // one unit of fifty of one variant is lost: for the record
}

}  // namespace
}  // namespace sparrow::experiment
