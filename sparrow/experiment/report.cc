#include "sparrow/experiment/report.h"

#include <algorithm>

#include "sparrow/experiment/daily_sums.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/sequential.h"
#include "sparrow/experiment/verdict.h"

namespace sparrow::experiment {
namespace {

// Numerators and denominators of the units of one variant.
struct VariantUnits {
  std::vector<double> y, x, before_y, before_x;
};

std::vector<VariantUnits> split_units(const Observations& observations, const MetricRows& rows,
                                      std::size_t variants, const std::vector<bool>* only) {
  std::vector<VariantUnits> parts(variants);
  for (std::size_t unit = 0; unit < observations.units.size(); ++unit) {
    if (only != nullptr && !(*only)[unit]) continue;
    VariantUnits& part = parts[observations.variant[unit]];
    part.y.push_back(rows.y[unit]);
    part.x.push_back(rows.x[unit]);
    if (rows.before_y.empty()) continue;
    part.before_y.push_back(rows.before_y[unit]);
    part.before_x.push_back(rows.before_x[unit]);
  }
  return parts;
}

std::vector<VariantResult> compare_variants(const Experiment& experiment,
                                            const std::vector<VariantUnits>& parts) {
  std::vector<VariantResult> results;
  for (std::size_t v = 0; v < parts.size(); ++v) {
    VariantResult result;
    result.variant = experiment.variants[v].name;
    result.units = static_cast<double>(parts[v].y.size());
    result.estimate = estimate(moments(parts[v].y, parts[v].x));
    if (v > 0 && results.front().estimate && result.estimate)
      result.comparison = compare(*results.front().estimate, *result.estimate);
    results.push_back(std::move(result));
  }
  return results;
}

void add_cuped(const std::vector<VariantUnits>& parts, MetricResult& result) {
  if (parts.front().before_y.empty()) return;
  std::vector<CupedUnits> units;
  for (const VariantUnits& part : parts)
    units.push_back({part.y, part.x, part.before_y, part.before_x});
  const auto adjusted = cuped(units);
  if (!adjusted) return;
  result.variance_reduction = adjusted->variance_reduction;
  for (std::size_t v = 0; v < parts.size(); ++v) {
    result.variants[v].cuped_estimate = adjusted->estimates[v];
    if (v > 0) result.variants[v].cuped = compare(adjusted->estimates[0], adjusted->estimates[v]);
  }
}

DayPoint day_point(const DailySums& sums, std::size_t variant, const Experiment& experiment,
                   SequentialTest& test) {
  DayPoint point;
  point.units = sums.units(variant);
  const auto control = sums.estimate(0);
  const auto treatment = sums.estimate(variant);
  if (treatment) point.value = treatment->value;
  if (variant == 0 || !control || !treatment) return point;
  const Comparison comparison = compare(*control, *treatment);
  point.lift = comparison.lift;
  point.lift_interval = comparison.lift_interval;
  point.p_sequential = test.look(*control, *treatment);
  if (comparison.lift && comparison.lift_variance > 0 && can_look(*control, *treatment))
    point.sequential_interval =
        sequential_interval(*comparison.lift, comparison.lift_variance, experiment.minimum_lift);
  return point;
}

void add_series(const Experiment& experiment, const Observations& observations,
                const MetricRows& rows, const std::vector<std::uint32_t>& by_day,
                MetricResult& result) {
  const std::size_t variants = experiment.variants.size();
  DailySums sums(rows, observations, by_day, observations.variant, variants);
  std::vector<SequentialTest> tests(variants, SequentialTest(experiment.minimum_lift));
  result.series.resize(variants);
  for (std::int32_t day = 0; day < observations.days; ++day) {
    sums.next_day();
    for (std::size_t v = 0; v < variants; ++v) {
      DayPoint point = day_point(sums, v, experiment, tests[v]);
      point.day = iso_day(observations.from_ms + day * kDayMs);
      result.series[v].push_back(std::move(point));
    }
  }
  for (std::size_t v = 1; v < variants && observations.days > 0; ++v) {
    result.variants[v].p_sequential = tests[v].p();
    result.variants[v].sequential_interval = result.series[v].back().sequential_interval;
  }
}

MetricResult metric_result(const Experiment& experiment, const Observations& observations,
                           const MetricRows& rows, const std::vector<std::uint32_t>& by_day) {
  MetricResult result;
  result.metric = rows.metric;
  result.cut = rows.cut;
  result.cut_units = rows.cut_units;
  result.method = rows.metric.denominator.counted == Counted::kUnits
                      ? "mean over units, Welch's t test"
                      : "ratio of sums, delta method at the unit, Welch's t test";
  const auto parts = split_units(observations, rows, experiment.variants.size(), nullptr);
  result.variants = compare_variants(experiment, parts);
  add_cuped(parts, result);
  add_series(experiment, observations, rows, by_day, result);
  return result;
}

// Adjusts the p-values of all of these together.
void adjust(const std::vector<VariantResult*>& results) {
  std::vector<double> p;
  std::vector<VariantResult*> tested;
  for (VariantResult* result : results) {
    if (!result->comparison) continue;
    p.push_back(result->comparison->p);
    tested.push_back(result);
  }
  const auto adjusted = benjamini_hochberg(p);
  for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->p_adjusted = adjusted[i];
}

// Units that were known before they met the experiment, and those that were new.
std::vector<SegmentResult> segments_of(const Experiment& experiment,
                                       const Observations& observations) {
  std::vector<SegmentResult> segments;
  if (observations.events_before == 0) return segments;
  std::vector<bool> fresh = observations.known_before;
  fresh.flip();
  for (const auto& [name, only] : {std::pair<const char*, const std::vector<bool>*>{
                                       "known before", &observations.known_before},
                                   {"new", &fresh}}) {
    const auto parts =
        split_units(observations, observations.metrics.front(), experiment.variants.size(), only);
    segments.push_back({name, compare_variants(experiment, parts)});
  }
  std::vector<VariantResult*> all;
  for (SegmentResult& segment : segments) {
    for (VariantResult& result : segment.variants) all.push_back(&result);
  }
  adjust(all);
  return segments;
}

}  // namespace

std::vector<Metric> metrics_of(const Experiment& experiment) {
  std::vector<Metric> metrics = experiment.metrics;
  metrics.insert(metrics.end(), experiment.guardrails.begin(), experiment.guardrails.end());
  return metrics;
}

Report report(const Experiment& experiment, const Observations& observations) {
  SPARROW_CHECK(observations.metrics.size() ==
                experiment.metrics.size() + experiment.guardrails.size());
  SPARROW_CHECK(!experiment.metrics.empty() && experiment.variants.size() >= 2);
  Report made;
  made.experiment = experiment;
  made.from_ms = observations.from_ms;
  made.to_ms = observations.to_ms;
  made.days = observations.days;
  made.units.resize(experiment.variants.size());
  for (const std::uint32_t variant : observations.variant) ++made.units[variant];
  std::vector<double> weights;
  for (const Variant& variant : experiment.variants) weights.push_back(variant.weight);
  made.split = chi_square_fit(made.units, weights);
  made.mismatch = made.split.p < kMismatchLimit;
  const auto by_day = units_by_day(observations);
  std::vector<VariantResult*> family;
  for (std::size_t m = 0; m < observations.metrics.size(); ++m) {
    made.metrics.push_back(
        metric_result(experiment, observations, observations.metrics[m], by_day));
    if (m == 0) made.metrics.back().role = Role::kDecides;
    if (m >= experiment.metrics.size()) made.metrics.back().role = Role::kGuardrail;
  }
  for (MetricResult& result : made.metrics) {
    for (VariantResult& variant : result.variants) {
      if (result.role != Role::kGuardrail) family.push_back(&variant);
      // A guardrail is looked at with a sharp eye: not adjusted.
      if (variant.comparison) variant.p_adjusted = variant.comparison->p;
    }
  }
  adjust(family);
  made.segments = segments_of(experiment, observations);
  made.shown = observations.shown;
  made.different_items = observations.different_items;
  made.events = observations.events;
  made.switched = observations.switched;
  made.unknown_variants = observations.unknown_variants;
  decide_verdict(made);
  return made;
}

}  // namespace sparrow::experiment
