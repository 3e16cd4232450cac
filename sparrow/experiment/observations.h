// Observations: what the units of an experiment did, one row a unit. observe() makes them of the
// records of a log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/records.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

// A unit's numerator and denominator grew on one day; already cut and scaled.
struct Step {
  std::uint32_t unit = 0;
  std::int32_t day = 0;  // from 0, of Observations
  double y = 0;
  double x = 0;
};

// One metric of all units.
struct MetricRows {
  Metric metric;
  std::vector<double> y;         // numerators, one a unit
  std::vector<double> x;         // denominators
  std::vector<double> before_y;  // the same in the days before the exposure; empty: none were asked
  std::vector<double> before_x;
  std::vector<Step> steps;    // by day; their sums are y and x
  std::optional<double> cut;  // numerators above it were cut to it
  std::size_t cut_units = 0;
};

// What lists showed, of one variant.
struct ShownItems {
  std::size_t lists = 0;
  std::size_t items = 0;      // in all lists
  std::size_t different = 0;  // items that were in any list
  double top_share = 0;       // of `items`: those of the most shown hundredth of all items
};

struct Observations {
  std::int64_t from_ms = 0;  // the first exposure counted; 0: there is none
  std::int64_t to_ms = 0;    // the end: stop, or what `now` was
  std::int32_t days = 0;     // UTC days with a part in [from, to)
  std::vector<std::string> units;
  std::vector<std::uint32_t> variant;  // of each unit; an index into Experiment::variants
  std::vector<std::int32_t> joined;    // day of each unit's exposure
  std::vector<bool> known_before;      // unit had events in the days before its exposure
  std::vector<MetricRows> metrics;     // as asked
  std::vector<ShownItems> shown;       // one a variant
  std::size_t different_items = 0;     // in lists of any variant
  std::size_t events = 0;              // counted, after exposures
  std::size_t events_before = 0;       // counted as covariates
  std::size_t switched = 0;            // units that met a second variant; the first one counts
  std::size_t unknown_variants = 0;    // exposures to variants that the experiment does not have
};

struct ObserveOptions {
  // The end of what has not been stopped: what happened then, or later, is not counted. Now and
  // one, so that what happened in this millisecond is.
  std::int64_t now_ms = 0;
  bool series = true;  // false: all steps lie on the last day, which takes less memory
};

// The first exposure of a unit in [start, stop) decides its variant. What it did between then and
// the stop counts; what it did in `covariate_days` before is the covariate. Users and sessions are
// found by the events' user and session, item-days by the request of the list that was given to
// them; item-days have no covariates. Reads exposures once, events once, lists once (twice for
// item-days). Memory: 100 bytes a unit and 16 a unit, day and measure with something in it.
// Errors: those of reading.
Result<Observations> observe(const Records& records, const Experiment& experiment,
                             const std::vector<Metric>& metrics, const ObserveOptions& options);

// The same of whoever did anything in [from, to), without an experiment: each user joins with their
// first event or list, and all are of variant 0. For self-tests and planning.
Result<Observations> observe_everyone(const Records& records, Unit unit,
                                      const std::vector<Metric>& metrics, events::TimeSpan span);

}  // namespace sparrow::experiment
