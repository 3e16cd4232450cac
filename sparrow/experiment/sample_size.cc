#include "sparrow/experiment/sample_size.h"

#include <cmath>

#include <boost/math/distributions/normal.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {
namespace {

double upper_normal(double alpha) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), alpha));
}

// Control units for one treatment unit.
double control_per_treatment(const SizeQuestion& question) {
  SPARROW_CHECK(question.treatment_share > 0 && question.treatment_share < 1);
  SPARROW_CHECK(question.alpha > 0 && question.alpha < 1);
  SPARROW_CHECK(question.power > 0 && question.power < 1);
  SPARROW_CHECK(std::abs(question.lift) > 0);
  return (1 - question.treatment_share) / question.treatment_share;
}

}  // namespace

Size size_for_mean(double mean, double sd, const SizeQuestion& question) {
  const double ratio = control_per_treatment(question);
  SPARROW_CHECK(mean > 0 && sd > 0);
  const double difference = mean * question.lift;
  const double z = upper_normal(question.alpha / 2) + upper_normal(1 - question.power);
  const double treatment = z * z * sd * sd * (1 + 1 / ratio) / (difference * difference);
  return {treatment * ratio, treatment, difference};
}

Size size_for_share(double p, const SizeQuestion& question) {
  const double ratio = control_per_treatment(question);
  const double q = p * (1 + question.lift);
  SPARROW_CHECK(p > 0 && p < 1 && q > 0 && q < 1);
  const double pooled = (q + p * ratio) / (1 + ratio);
  const double under_null = std::sqrt(pooled * (1 - pooled) * (1 + 1 / ratio));
  const double under_effect = std::sqrt(p * (1 - p) / ratio + q * (1 - q));
  const double root = (upper_normal(question.alpha / 2) * under_null +
                       upper_normal(1 - question.power) * under_effect) /
                      (q - p);
  return {root * root * ratio, root * root, q - p};
}

Size size_for_ratio(const Moments& units, const SizeQuestion& question) {
  const auto number = estimate(units);
  SPARROW_CHECK(number && number->value > 0 && number->variance > 0);
  return size_for_mean(number->value, std::sqrt(number->variance * number->n), question);
}

}  // namespace sparrow::experiment
