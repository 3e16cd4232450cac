// DailySums: a metric of every variant at the end of each day, from the first: what somebody would
// have seen who looked every day.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sparrow/experiment/observations.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

class DailySums {
 public:
  // `variant` of each unit, below `variants`: as observed, or drawn by a self-test. All is
  // borrowed. `by_day` are the units in the order in which they joined: units_by_day().
  DailySums(const MetricRows& rows, const Observations& observations,
            std::span<const std::uint32_t> by_day, std::span<const std::uint32_t> variant,
            std::size_t variants);

  // Takes in one more day. O(units that joined + steps of the day).
  void next_day();
  std::int32_t day() const { return day_; }  // the last one taken in; -1 at first
  double units(std::size_t variant) const { return sums_[variant].n; }
  std::optional<Estimate> estimate(std::size_t variant) const;

 private:
  const MetricRows& rows_;
  const Observations& observations_;
  std::span<const std::uint32_t> by_day_;
  std::span<const std::uint32_t> variant_;
  std::vector<Sums> sums_;
  std::vector<double> y_, x_;
  std::int32_t day_ = -1;
  std::size_t joined_ = 0;
  std::size_t stepped_ = 0;
};

std::vector<std::uint32_t> units_by_day(const Observations& observations);

}  // namespace sparrow::experiment
