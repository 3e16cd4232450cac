#include "sparrow/experiment/size_plan.h"

#include <cmath>

#include <fmt/format.h>

namespace sparrow::experiment {
namespace {

Result<void> has_lift(const SizeQuestion& question) {
  if (std::abs(question.lift) > 0) return {};
  return Error{ErrorCode::kInvalidInput, "a lift of 0 would need any number of units"};
}

}  // namespace

Result<SizePlan> plan_by_share(double rate, const SizeQuestion& question) {
  if (auto right = has_lift(question); !right) return right.error();
  const double other = rate * (1 + question.lift);
  if (!(rate > 0) || !(rate < 1) || !(other > 0) || !(other < 1))
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("a rate of {} with a lift of {} would be {}, which is no share", rate,
                             question.lift, other)};
  return SizePlan{size_for_share(rate, question), rate, std::sqrt(rate * (1 - rate)),
                  "a share of units", 0};
}

Result<SizePlan> plan_by_mean(double mean, double deviation, const SizeQuestion& question) {
  if (auto right = has_lift(question); !right) return right.error();
  return SizePlan{size_for_mean(mean, deviation, question), mean, deviation, "a mean per unit", 0};
}

Result<SizePlan> plan_by_log(const Observations& everyone, Unit unit,
                             const SizeQuestion& question) {
  if (auto right = has_lift(question); !right) return right.error();
  const MetricRows& rows = everyone.metrics.front();
  const auto units = moments(rows.y, rows.x);
  const auto number = estimate(units);
  if (!number || !(number->value > 0) || !(number->variance > 0))
    return Error{ErrorCode::kNotFound, fmt::format("the log has nothing to make {} of: {}",
                                                   rows.metric.name, rows.metric.sentence)};
  SizePlan plan;
  plan.size = size_for_ratio(units, question);
  plan.value = number->value;
  plan.deviation = std::sqrt(number->variance * number->n);
  plan.source = fmt::format("{} of {} {}s in {} days", rows.metric.name, rows.y.size(),
                            unit_name(unit), everyone.days);
  plan.units_a_day = static_cast<double>(rows.y.size()) / everyone.days;
  return plan;
}

}  // namespace sparrow::experiment
