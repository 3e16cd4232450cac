// Tests that may be looked at every day: the mixture sequential probability ratio test (Robbins
// 1970; Johari, Koomen, Pekelis & Walsh 2017, "Peeking at A/B Tests", and 2022, "Always Valid
// Inference"). However often one looks, and whenever one stops because of what was seen, the chance
// of ever calling two equal variants different is at most alpha.
//
// With an estimate d of the effect, its variance v, and the mixture N(0, tau²) of effects:
//   ratio = sqrt(v / (v + tau²)) exp(tau² d² / (2 v (v + tau²))),  p = min(1, 1 / ratio).
// tau must not come from the data that is tested. Here effects are relative lifts and tau is the
// experiment's "minimum_lift", the smallest lift worth finding: the test is quickest for effects of
// about that size and valid for all.
#pragma once

#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

// Fewer units than these in a variant are not looked at: variances are estimates.
inline constexpr double kLeastUnits = 100;

// p of one look, not yet the minimum over looks. variance, tau > 0.
double mixture_p(double effect, double variance, double tau);
// The effects that the test does not reject at 1 - confidence:
//   effect ± sqrt(2 v (v + tau²) / tau² (ln(1 / alpha) + ln((v + tau²) / v) / 2)).
Interval mixture_interval(double effect, double variance, double tau, double confidence = 0.95);

// The running minimum of p over looks.
class SequentialTest {
 public:
  explicit SequentialTest(double tau) : tau_(tau) {}
  // Looks at a comparison that has a lift; others change nothing. Returns p so far.
  double look(const Estimate& control, const Estimate& treatment);
  double p() const { return p_; }

 private:
  double tau_;
  double p_ = 1;
};

}  // namespace sparrow::experiment
