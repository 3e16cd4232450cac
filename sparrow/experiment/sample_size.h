// How many units an experiment needs to find an effect, by the normal approximation (Chow, Shao,
// Wang & Lokhnygina 2018, "Sample Size Calculations in Clinical Research", ch. 3 and 4).
#pragma once

#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

struct SizeQuestion {
  double lift = 0.05;            // relative, of the control's value; not 0
  double alpha = 0.05;           // two-sided
  double power = 0.8;            // chance of finding a true effect of that size
  double treatment_share = 0.5;  // of the units of the two variants
};

struct Size {
  double control = 0;  // units, not rounded
  double treatment = 0;
  double difference = 0;  // absolute, in the metric's unit
};

// A mean per unit: n_control = (z(1 - alpha/2) + z(power))² sd² (1 + 1/k) / (mean lift)² with k =
// treatment units a control unit. mean, sd > 0.
Size size_for_mean(double mean, double sd, const SizeQuestion& question);
// A share p of units, with the pooled variance under the null hypothesis and each variant's own
// under the alternative. 0 < p < 1 and 0 < p (1 + lift) < 1.
Size size_for_share(double p, const SizeQuestion& question);
// A ratio of sums: as a mean, with the standard deviation of the linearised unit,
// sqrt(var(y) - 2 R cov(x, y) + R² var(x)) / mean(x), of moments of one variant's units.
Size size_for_ratio(const Moments& units, const SizeQuestion& question);

}  // namespace sparrow::experiment
