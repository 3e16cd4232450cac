// Statistics of experiments: means and ratios at the unit of assignment, their comparison, CUPED,
// the check of the split, and the correction of several tests. Each is a plain function of numbers;
// sequential.h has the tests that may be looked at every day, sample_size.h the planning.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace sparrow::experiment {

struct Interval {
  double low = 0;
  double high = 0;
};

// Sample moments of the pairs (numerator y, denominator x) of units; (co)variances over n - 1.
struct Moments {
  double n = 0;
  double mean_y = 0;
  double mean_x = 0;
  double yy = 0;  // variance of y
  double xx = 0;  // variance of x
  double xy = 0;  // covariance
};
// x: as long as y, or empty: 1 for each unit. O(n), two passes.
Moments moments(std::span<const double> y, std::span<const double> x);
// The same from sums over units: of 1, y, x, y², x², x y. Loses digits where means are much larger
// than deviations; for series, where a pass over all units a day would be too much.
struct Sums {
  double n = 0, y = 0, x = 0, yy = 0, xx = 0, xy = 0;
};
Moments moments(const Sums& sums);

// A number of one variant and the variance of that number (not of a unit).
struct Estimate {
  double n = 0;  // units
  double value = 0;
  double variance = 0;
};
// R = sum(y) / sum(x). Delta method at the unit (Deng, Knoblich & Lu 2018, "Applying the Delta
// Method in Metric Analytics", eq. 3):
//   var(R) = (var(y) - 2 R cov(x, y) + R² var(x)) / (n mean(x)²).
// With x = 1 it is the mean and s² / n. Nothing with fewer than two units or where sum(x) is 0.
std::optional<Estimate> estimate(const Moments& moments);

struct Comparison {
  double difference = 0;  // treatment - control, in the metric's unit
  Interval difference_interval;
  double t = 0;
  double degrees = 0;  // Welch-Satterthwaite
  double p = 1;        // two-sided, fixed horizon
  // treatment / control - 1; nothing where one of the values is not above 0.
  std::optional<double> lift;
  double lift_variance = 0;
  Interval lift_interval;
};
// Welch's test (Welch 1947) of the difference. The lift's interval is by the delta method for a
// ratio of independent numbers c and t: var = var(t) / c² + t² var(c) / c⁴, with the quantile of
// Student's t at degrees by Satterthwaite (1946) of these two terms. `confidence` of both
// intervals. p is 1 where neither varies and they are equal, 0 where they differ.
Comparison compare(const Estimate& control, const Estimate& treatment, double confidence = 0.95);

// A quantile of the values with linear interpolation between neighbors, as numpy's default (Hyndman
// & Fan 1996, type 7). `share` in 0..1; 0 of no values.
double quantile(std::vector<double> values, double share);

// The units of one variant for CUPED: y and x as above, and the same before the exposure. x and
// before_x may be empty: 1 for each unit.
struct CupedUnits {
  std::span<const double> y, x, before_y, before_x;
};
struct Cuped {
  std::vector<Estimate> estimates;  // one a variant
  double theta = 0;
  double variance_reduction = 0;  // 1 - variance with / without, within variants; 0..1
};
// CUPED (Deng, Xu, Kohavi & Walker 2013), for ratios by linearised units (their appendix B):
//   L = (y - R x) / mean(x),  K = (y' - R' x') / mean(x')  with R, R' of the unit's variant,
//   theta = sum of cov(K, L) (n - 1) over variants / the same of var(K),
//   value = R - theta (R' - R'_all),  variance = var(L - theta K) / n.
// With x = x' = 1: R - theta (mean of y' - that of all). Nothing where a variant has no estimate,
// or nobody did anything before.
std::optional<Cuped> cuped(std::span<const CupedUnits> variants);

struct Fit {
  double statistic = 0;
  double degrees = 0;
  double p = 1;
};
// Pearson's chi-square of counts against expected shares, which are weights / their sum: the check
// for a sample ratio mismatch (Fabijan et al. 2019). p below kMismatchLimit is one.
Fit chi_square_fit(std::span<const double> counts, std::span<const double> weights);
inline constexpr double kMismatchLimit = 0.001;

// Adjusted p-values (Benjamini & Hochberg 1995), in the order given: rejecting those at or below q
// keeps the expected share of false discoveries at or below q.
std::vector<double> benjamini_hochberg(std::span<const double> p);

}  // namespace sparrow::experiment
