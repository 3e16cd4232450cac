#include "sparrow/experiment/daily_sums.h"

#include <algorithm>
#include <numeric>

namespace sparrow::experiment {

DailySums::DailySums(const MetricRows& rows, const Observations& observations,
                     std::span<const std::uint32_t> by_day, std::span<const std::uint32_t> variant,
                     std::size_t variants)
    : rows_(rows),
      observations_(observations),
      by_day_(by_day),
      variant_(variant),
      sums_(variants),
      y_(observations.units.size()),
      x_(observations.units.size()) {}

void DailySums::next_day() {
  ++day_;
  for (; joined_ < by_day_.size() && observations_.joined[by_day_[joined_]] <= day_; ++joined_)
    ++sums_[variant_[by_day_[joined_]]].n;
  for (; stepped_ < rows_.steps.size() && rows_.steps[stepped_].day <= day_; ++stepped_) {
    const Step& step = rows_.steps[stepped_];
    Sums& sums = sums_[variant_[step.unit]];
    double& y = y_[step.unit];
    double& x = x_[step.unit];
    const double y_after = y + step.y;
    const double x_after = x + step.x;
    sums.y += step.y;
    sums.x += step.x;
    sums.yy += y_after * y_after - y * y;
    sums.xx += x_after * x_after - x * x;
    sums.xy += x_after * y_after - x * y;
    y = y_after;
    x = x_after;
  }
}

std::optional<Estimate> DailySums::estimate(std::size_t variant) const {
  return experiment::estimate(moments(sums_[variant]));
}

std::vector<std::uint32_t> units_by_day(const Observations& observations) {
  std::vector<std::uint32_t> order(observations.units.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return observations.joined[a] < observations.joined[b];
  });
  return order;
}

}  // namespace sparrow::experiment
