#include "sparrow/experiment/sequential.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/result.h"

namespace sparrow::experiment {

double mixture_p(double effect, double variance, double tau) {
  SPARROW_CHECK(variance > 0 && tau > 0);
  const double mixed = variance + tau * tau;
  const double log_ratio = 0.5 * std::log(variance / mixed) +
                           tau * tau * effect * effect / (2 * variance * mixed);
  return std::min(1.0, std::exp(-log_ratio));
}

Interval mixture_interval(double effect, double variance, double tau, double confidence) {
  SPARROW_CHECK(variance > 0 && tau > 0 && confidence > 0 && confidence < 1);
  const double mixed = variance + tau * tau;
  const double half =
      std::sqrt(2 * variance * mixed / (tau * tau) *
                (-std::log(1 - confidence) + 0.5 * std::log(mixed / variance)));
  return {effect - half, effect + half};
}

double SequentialTest::look(const Estimate& control, const Estimate& treatment) {
  if (std::min(control.n, treatment.n) < kLeastUnits || !(control.value > 0)) return p_;
  const double relative = treatment.value / control.value;
  const double variance = (treatment.variance + relative * relative * control.variance) /
                          (control.value * control.value);
  if (variance > 0) p_ = std::min(p_, mixture_p(relative - 1, variance, tau_));
  return p_;
}

}  // namespace sparrow::experiment
