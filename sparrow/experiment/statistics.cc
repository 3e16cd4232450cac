#include "sparrow/experiment/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {
namespace {

using boost::math::cdf;
using boost::math::complement;

double t_quantile(double degrees, double confidence) {
  return boost::math::quantile(complement(boost::math::students_t(degrees), (1 - confidence) / 2));
}

// Degrees of freedom of a sum of two variances (Satterthwaite 1946).
double satterthwaite(double a, double n_a, double b, double n_b) {
  const double below = a * a / (n_a - 1) + b * b / (n_b - 1);
  return below > 0 ? (a + b) * (a + b) / below : n_a + n_b - 2;
}

double entry(std::span<const double> values, std::size_t i) {
  return values.empty() ? 1.0 : values[i];
}

// (y - R x) / mean(x) of each unit: deviations whose mean is 0.
std::vector<double> linearised(std::span<const double> y, std::span<const double> x,
                               const Moments& m) {
  const double ratio = m.mean_y / m.mean_x;
  std::vector<double> deviations(y.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    deviations[i] = (y[i] - ratio * entry(x, i)) / m.mean_x;
  return deviations;
}

double products(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// One variant's units as linearised deviations, now and before.
struct Linearised {
  std::vector<double> now, before;
  double value = 0;
  double value_before = 0;
};

std::optional<Linearised> linearised(const CupedUnits& units) {
  const Moments now = moments(units.y, units.x);
  const Moments before = moments(units.before_y, units.before_x);
  if (!estimate(now) || !estimate(before)) return std::nullopt;
  return Linearised{linearised(units.y, units.x, now),
                    linearised(units.before_y, units.before_x, before), now.mean_y / now.mean_x,
                    before.mean_y / before.mean_x};
}

// R' of the units of all variants together.
double pooled_before(std::span<const CupedUnits> variants) {
  double y = 0;
  double x = 0;
  for (const CupedUnits& units : variants) {
    y += std::accumulate(units.before_y.begin(), units.before_y.end(), 0.0);
    x += units.before_x.empty()
             ? static_cast<double>(units.before_y.size())
             : std::accumulate(units.before_x.begin(), units.before_x.end(), 0.0);
  }
  return y / x;
}

}  // namespace

Moments moments(std::span<const double> y, std::span<const double> x) {
  SPARROW_CHECK(x.empty() || x.size() == y.size());
  Moments m;
  m.n = static_cast<double>(y.size());
  if (y.empty()) return m;
  m.mean_y = std::accumulate(y.begin(), y.end(), 0.0) / m.n;
  m.mean_x = x.empty() ? 1.0 : std::accumulate(x.begin(), x.end(), 0.0) / m.n;
  if (y.size() < 2) return m;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double dy = y[i] - m.mean_y;
    const double dx = entry(x, i) - m.mean_x;
    m.yy += dy * dy;
    m.xx += dx * dx;
    m.xy += dx * dy;
  }
  for (double* sum : {&m.yy, &m.xx, &m.xy}) *sum /= m.n - 1;
  return m;
}

Moments moments(const Sums& sums) {
  Moments m;
  m.n = sums.n;
  if (sums.n < 1) return m;
  m.mean_y = sums.y / sums.n;
  m.mean_x = sums.x / sums.n;
  if (sums.n < 2) return m;
  m.yy = std::max(0.0, (sums.yy - sums.y * m.mean_y) / (sums.n - 1));
  m.xx = std::max(0.0, (sums.xx - sums.x * m.mean_x) / (sums.n - 1));
  m.xy = (sums.xy - sums.x * m.mean_y) / (sums.n - 1);
  return m;
}

std::optional<Estimate> estimate(const Moments& m) {
  if (m.n < 2 || !(m.mean_x > 0)) return std::nullopt;
  const double ratio = m.mean_y / m.mean_x;
  const double variance = m.yy - 2 * ratio * m.xy + ratio * ratio * m.xx;
  return Estimate{m.n, ratio, std::max(0.0, variance) / (m.n * m.mean_x * m.mean_x)};
}

Comparison compare(const Estimate& control, const Estimate& treatment, double confidence) {
  SPARROW_CHECK(control.n >= 2 && treatment.n >= 2);
  Comparison c;
  c.difference = treatment.value - control.value;
  const double variance = control.variance + treatment.variance;
  c.degrees = satterthwaite(control.variance, control.n, treatment.variance, treatment.n);
  const double half = t_quantile(c.degrees, confidence) * std::sqrt(variance);
  c.difference_interval = {c.difference - half, c.difference + half};
  if (variance > 0) {
    c.t = c.difference / std::sqrt(variance);
    c.p = 2 * cdf(complement(boost::math::students_t(c.degrees), std::abs(c.t)));
  } else {
    c.p = std::abs(c.difference) > 0 ? 0 : 1;
  }
  if (!(control.value > 0) || !(treatment.value > 0)) return c;
  const double relative = treatment.value / control.value;
  const double from_treatment = treatment.variance / (control.value * control.value);
  const double from_control =
      relative * relative * control.variance / (control.value * control.value);
  c.lift = relative - 1;
  c.lift_variance = from_treatment + from_control;
  const double lift_half =
      t_quantile(satterthwaite(from_control, control.n, from_treatment, treatment.n), confidence) *
      std::sqrt(c.lift_variance);
  c.lift_interval = {*c.lift - lift_half, *c.lift + lift_half};
  return c;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(at);
  const auto middle = values.begin() + below;
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  if (middle + 1 == values.end()) return low;
  const double high = *std::min_element(middle + 1, values.end());
  return low + (at - static_cast<double>(below)) * (high - low);
}

std::optional<Cuped> cuped(std::span<const CupedUnits> variants) {
  std::vector<Linearised> parts;
  double both = 0;
  double own = 0;
  double plain = 0;
  for (const CupedUnits& units : variants) {
    auto part = linearised(units);
    if (!part) return std::nullopt;
    both += products(part->now, part->before);
    own += products(part->before, part->before);
    plain += products(part->now, part->now);
    parts.push_back(std::move(*part));
  }
  if (!(own > 0) || !(plain > 0)) return std::nullopt;
  Cuped result;
  result.theta = both / own;
  const double all_before = pooled_before(variants);
  double left = 0;
  for (Linearised& part : parts) {
    for (std::size_t i = 0; i < part.now.size(); ++i) part.now[i] -= result.theta * part.before[i];
    const double squares = products(part.now, part.now);
    left += squares;
    const auto n = static_cast<double>(part.now.size());
    result.estimates.push_back(
        {n, part.value - result.theta * (part.value_before - all_before), squares / (n - 1) / n});
  }
  result.variance_reduction = std::max(0.0, 1 - left / plain);
  return result;
}

Fit chi_square_fit(std::span<const double> counts, std::span<const double> weights) {
  SPARROW_CHECK(counts.size() == weights.size());
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  Fit fit;
  fit.degrees = static_cast<double>(counts.size()) - 1;
  if (counts.size() < 2 || !(all > 0) || !(total > 0)) return fit;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = all * weights[i] / total;
    fit.statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  fit.p = cdf(complement(boost::math::chi_squared(fit.degrees), fit.statistic));
  return fit;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto rank = static_cast<double>(order.size() - i);
    least = std::min(least, p[order[i]] * static_cast<double>(order.size()) / rank);
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace sparrow::experiment
