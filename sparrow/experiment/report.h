// Report: what an experiment found, every number with its definition, n, window and method.
// report() makes it; report_json() and report_text() show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/observations.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

// One variant in one metric. All but the number itself is against the control, and absent there.
struct VariantResult {
  std::string variant;
  double units = 0;
  std::optional<Estimate> estimate;      // absent: too few units, or nothing to divide by
  std::optional<Comparison> comparison;  // fixed horizon: one look, at an end set beforehand
  double p_adjusted = 1;    // of comparison's p, over metrics (or segments) and variants
  double p_sequential = 1;  // least of one look a day: may be looked at every day
  std::optional<Interval> sequential_interval;  // of the lift, now
  std::optional<Estimate> cuped_estimate;
  std::optional<Comparison> cuped;
};

// A variant at the end of one day, from the start on.
struct DayPoint {
  std::string day;  // "2026-11-30"
  double units = 0;
  std::optional<double> value;
  std::optional<double> lift;  // and the rest: against the control
  Interval lift_interval;
  std::optional<Interval> sequential_interval;
  double p_sequential = 1;
};

enum class Role { kDecides, kFurther, kGuardrail };

struct MetricResult {
  Metric metric;
  Role role = Role::kFurther;
  std::string method;
  std::optional<double> cut;  // numerators above it count as it
  std::size_t cut_units = 0;
  std::optional<double> variance_reduction;   // by CUPED; absent: without
  std::vector<VariantResult> variants;        // as in the experiment; the first is the control
  std::vector<std::vector<DayPoint>> series;  // [variant][day]
};

// The deciding metric of a part of the units.
struct SegmentResult {
  std::string name;
  std::vector<VariantResult> variants;
};

enum class Verdict { kNoData, kMismatch, kTooEarly, kHarm, kBetter, kWorse, kUndecided };
const char* verdict_name(Verdict verdict);  // "no_data", "mismatch", ...

struct Report {
  Experiment experiment;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int32_t days = 0;
  std::vector<double> units;  // of each variant
  Fit split;                  // units against weights; a p below kMismatchLimit is a mismatch
  bool mismatch = false;      // nothing below may then be trusted
  std::vector<MetricResult> metrics;  // deciding, further, guardrails
  std::vector<SegmentResult> segments;
  std::vector<ShownItems> shown;
  std::size_t different_items = 0;
  std::size_t events = 0;
  std::size_t switched = 0;
  std::size_t unknown_variants = 0;
  Verdict verdict = Verdict::kNoData;
  std::string sentence;  // the verdict in words
};

// The metrics that a report of this experiment needs observed: its metrics, then its guardrails.
std::vector<Metric> metrics_of(const Experiment& experiment);

// `observations` are of metrics_of(experiment). O(days + units + steps) a metric.
Report report(const Experiment& experiment, const Observations& observations);

nlohmann::json report_json(const Report& report);
std::string report_text(const Report& report);  // for a terminal of 100 columns

}  // namespace sparrow::experiment
