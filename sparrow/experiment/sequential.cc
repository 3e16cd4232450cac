#include "sparrow/experiment/sequential.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <boost/math/tools/roots.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {
namespace {

// ln of the mean ratio over the scales, without overflow.
double log_mean_ratio(double effect, double variance, double minimum_lift) {
  constexpr std::size_t kScales = std::size(kMixtureScales);
  double logs[kScales];
  for (std::size_t i = 0; i < kScales; ++i)
    logs[i] = log_mixture_ratio(effect, variance, kMixtureScales[i] * minimum_lift);
  const double most = *std::max_element(std::begin(logs), std::end(logs));
  double sum = 0;
  for (const double one : logs) sum += std::exp(one - most);
  return most + std::log(sum / static_cast<double>(kScales));
}

}  // namespace

double log_mixture_ratio(double effect, double variance, double tau) {
  SPARROW_CHECK(variance > 0 && tau > 0);
  const double mixed = variance + tau * tau;
  return 0.5 * std::log(variance / mixed) + tau * tau * effect * effect / (2 * variance * mixed);
}

double sequential_p(double effect, double variance, double minimum_lift) {
  return std::min(1.0, std::exp(-log_mean_ratio(effect, variance, minimum_lift)));
}

Interval sequential_interval(double effect, double variance, double minimum_lift,
                             double confidence) {
  SPARROW_CHECK(confidence > 0 && confidence < 1);
  const double limit = -std::log(1 - confidence);
  const auto above = [&](double distance) {
    return log_mean_ratio(distance, variance, minimum_lift) - limit;
  };
  // The ratio grows with the distance from 0, where it is below 1.
  double far = std::sqrt(variance);
  while (above(far) < 0) far *= 2;
  std::uintmax_t steps = 100;
  const auto root = boost::math::tools::toms748_solve(
      above, 0.0, far, boost::math::tools::eps_tolerance<double>(48), steps);
  return {effect - root.second, effect + root.second};
}

bool can_look(const Estimate& control, const Estimate& treatment) {
  return std::min(control.n, treatment.n) >= kLeastUnits && control.value > 0 &&
         control.value >= kLeastCertainty * std::sqrt(control.variance);
}

double SequentialTest::look(const Estimate& control, const Estimate& treatment) {
  if (!can_look(control, treatment)) return p_;
  const double variance = (control.variance + treatment.variance) / (control.value * control.value);
  const double effect = treatment.value / control.value - 1;
  if (variance > 0) p_ = std::min(p_, sequential_p(effect, variance, minimum_lift_));
  return p_;
}

}  // namespace sparrow::experiment
