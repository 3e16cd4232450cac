// Tests that may be looked at every day: the mixture sequential probability ratio test (Robbins
// 1970; Johari, Koomen, Pekelis & Walsh 2017, "Peeking at A/B Tests", and 2022, "Always Valid
// Inference"). However often one looks, and whenever one stops because of what was seen, the chance
// of ever calling two equal variants different is at most alpha.
//
// With an estimate d of the effect, its variance v, and the mixture N(0, tau²) of effects:
//   ratio(tau) = sqrt(v / (v + tau²)) exp(tau² d² / (2 v (v + tau²))).
// The mixture must not come from the data that is tested. Here effects are relative lifts, and the
// mixture is made of three normal ones with equal weights, tau = 1, 4 and 16 times the experiment's
// "minimum_lift", the smallest lift worth finding: the ratio is the mean of the three, and
// p = min(1, 1 / ratio). One normal mixture alone hardly ever finds effects that are much larger
// than its tau while there are few units; the price of three is at most a factor of three in p.
#pragma once

#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

// Not looked at: fewer units than these in a variant, and a control whose value is not above 0 by
// four standard errors (16 conversions, say). Variances are estimates, and of rare events bad ones.
inline constexpr double kLeastUnits = 100;
inline constexpr double kLeastCertainty = 4;
bool can_look(const Estimate& control, const Estimate& treatment);

inline constexpr double kMixtureScales[] = {1, 4, 16};  // of the minimum lift

// ln of the ratio above for one tau. variance, tau > 0.
double log_mixture_ratio(double effect, double variance, double tau);
// p of one look, not yet the minimum over looks. variance, minimum_lift > 0.
double sequential_p(double effect, double variance, double minimum_lift);
// The effects that the test does not reject at 1 - confidence; always around `effect`.
Interval sequential_interval(double effect, double variance, double minimum_lift,
                             double confidence = 0.95);

// The running minimum of p over looks.
class SequentialTest {
 public:
  explicit SequentialTest(double minimum_lift) : minimum_lift_(minimum_lift) {}
  // Looks at the difference in parts of the control's value c: d = (t - c) / c, v = (var(t) +
  // var(c)) / c², which needs no delta method where both are equal. Changes nothing where one
  // cannot look. Returns p so far.
  double look(const Estimate& control, const Estimate& treatment);
  double p() const { return p_; }

 private:
  double minimum_lift_;
  double p_ = 1;
};

}  // namespace sparrow::experiment
