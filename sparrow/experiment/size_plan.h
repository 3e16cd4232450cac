// How many units an experiment needs, and how long that takes, from what is known before it begins:
// a share, a mean with its deviation, or what a log says of a metric.
#pragma once

#include <string>

#include "sparrow/core/result.h"
#include "sparrow/experiment/observations.h"
#include "sparrow/experiment/sample_size.h"

namespace sparrow::experiment {

struct SizePlan {
  Size size;
  double value = 0;        // of the control, which `size` is for
  double deviation = 0;    // standard deviation of a unit; of a ratio: of the linearised unit
  std::string source;      // of value and deviation, in words
  double units_a_day = 0;  // that the log has; 0: not known
};

// A share of units. Errors: kInvalidInput where rate or rate (1 + lift) is no share, or lift is 0.
Result<SizePlan> plan_by_share(double rate, const SizeQuestion& question);
// A mean per unit. Errors: kInvalidInput where lift is 0. mean, deviation > 0.
Result<SizePlan> plan_by_mean(double mean, double deviation, const SizeQuestion& question);
// The first metric of observe_everyone(). Errors: kInvalidInput where lift is 0; kNotFound where
// the log has nothing to make the metric of.
Result<SizePlan> plan_by_log(const Observations& everyone, Unit unit, const SizeQuestion& question);

}  // namespace sparrow::experiment
