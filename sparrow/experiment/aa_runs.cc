#include "sparrow/experiment/aa_runs.h"

#include <cmath>

#include <fmt/format.h>

#include "sparrow/experiment/daily_sums.h"
#include "sparrow/experiment/sequential.h"

namespace sparrow::experiment {
namespace {

constexpr double kCalled = 0.05;

struct RunResult {
  bool fixed = false;
  bool peeking = false;
  bool sequential = false;
  double smallest_lift = 0;
};

RunResult one_run(const MetricRows& rows, const Observations& observations,
                  std::span<const std::uint32_t> by_day, std::span<const std::uint32_t> variant,
                  double minimum_lift) {
  RunResult result;
  DailySums sums(rows, observations, by_day, variant, 2);
  SequentialTest test(minimum_lift);
  while (sums.day() + 1 < observations.days) {
    sums.next_day();
    const auto control = sums.estimate(0);
    const auto treatment = sums.estimate(1);
    if (!control || !treatment) continue;
    const Comparison comparison = compare(*control, *treatment);
    result.fixed = comparison.p <= kCalled;
    result.peeking |= result.fixed && std::min(control->n, treatment->n) >= kLeastUnits;
    result.sequential |= test.look(*control, *treatment) <= kCalled;
    result.smallest_lift = 1.96 * std::sqrt(comparison.lift_variance);
  }
  return result;
}

}  // namespace

SelfTest self_test(const Observations& observations, const MetricRows& rows,
                   const SelfTestOptions& options, const RunControl& control) {
  SelfTest made;
  made.units = observations.units.size();
  made.days = observations.days;
  const auto by_day = units_by_day(observations);
  std::vector<std::uint32_t> variant(observations.units.size());
  Experiment drawn;
  drawn.variants = {{.name = "a"}, {.name = "b"}};
  for (; made.runs < options.runs && !control.is_cancelled(); ++made.runs) {
    drawn.salt = fmt::format("self-test-{}-{}", options.seed, made.runs);
    std::vector<double> counts(2);
    for (std::size_t unit = 0; unit < variant.size(); ++unit) {
      variant[unit] = assign(drawn, observations.units[unit]) == &drawn.variants[0] ? 0 : 1;
      ++counts[variant[unit]];
    }
    const RunResult run = one_run(rows, observations, by_day, variant, options.minimum_lift);
    made.fixed_rate += run.fixed ? 1 : 0;
    made.peeking_rate += run.peeking ? 1 : 0;
    made.sequential_rate += run.sequential ? 1 : 0;
    made.mismatch_rate +=
        chi_square_fit(counts, std::vector<double>{1, 1}).p < kMismatchLimit ? 1 : 0;
    made.smallest_lift += run.smallest_lift;
    control.report({"self-test", made.runs + 1, options.runs, "runs"});
  }
  const double runs = std::max(1.0, static_cast<double>(made.runs));
  for (double* rate : {&made.fixed_rate, &made.peeking_rate, &made.sequential_rate,
                       &made.mismatch_rate, &made.smallest_lift})
    *rate /= runs;
  return made;
}

nlohmann::json to_json(const SelfTest& test) {
  return {{"runs", test.runs},
          {"units", test.units},
          {"days", test.days},
          {"fixed_rate", test.fixed_rate},
          {"peeking_rate", test.peeking_rate},
          {"sequential_rate", test.sequential_rate},
          {"mismatch_rate", test.mismatch_rate},
          {"smallest_lift", test.smallest_lift}};
}

}  // namespace sparrow::experiment
