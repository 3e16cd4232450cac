#include "sparrow/experiment/verdict.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/experiment/sequential.h"

namespace sparrow::experiment {
namespace {

constexpr double kAlpha = 0.05;

bool found_difference(const VariantResult& result) {
  return result.comparison && result.p_sequential <= kAlpha;
}

// Whether the treatment lies on the better side; only where there is a comparison.
bool is_better(const Metric& metric, const VariantResult& result) {
  return (metric.better == Better::kHigher) == (result.comparison->difference > 0);
}

std::string lift_words(const Metric& metric, const VariantResult& result) {
  if (!result.comparison->lift)
    return fmt::format("{} {:.4g} instead of {:.4g} (p = {:.2g})", metric.name,
                       result.estimate->value,
                       result.estimate->value - result.comparison->difference, result.p_sequential);
  const Interval now = result.sequential_interval.value_or(result.comparison->lift_interval);
  return fmt::format("{} {:+.1f} % (always-valid interval {:+.1f} % to {:+.1f} %, p = {:.2g})",
                     metric.name, 100 * *result.comparison->lift, 100 * now.low, 100 * now.high,
                     result.p_sequential);
}

std::string mismatch_sentence(const Report& report) {
  std::vector<std::string> parts;
  double all = 0;
  double weights = 0;
  for (const double units : report.units) all += units;
  for (const Variant& variant : report.experiment.variants) weights += variant.weight;
  for (std::size_t v = 0; v < report.units.size(); ++v)
    parts.push_back(fmt::format("\"{}\" {:.2f} % instead of {:.2f} %",
                                report.experiment.variants[v].name, 100 * report.units[v] / all,
                                100 * report.experiment.variants[v].weight / weights));
  return fmt::format(
      "The split is wrong (p = {:.2g}), so no number below may be trusted: {} of {:.0f} units. "
      "Find out what loses or doubles units before looking at effects.",
      report.split.p, fmt::join(parts, ", "), all);
}

// The guardrails that got worse, in words.
std::vector<std::string> harms(const Report& report) {
  std::vector<std::string> found;
  for (const MetricResult& metric : report.metrics) {
    if (metric.role != Role::kGuardrail) continue;
    for (const VariantResult& result : metric.variants) {
      if (found_difference(result) && !is_better(metric.metric, result))
        found.push_back(fmt::format("variant \"{}\" makes {}", result.variant,
                                    lift_words(metric.metric, result)));
    }
  }
  return found;
}

std::string undecided_sentence(const MetricResult& metric) {
  std::vector<std::string> parts;
  for (const VariantResult& result : metric.variants) {
    if (!result.comparison) continue;
    parts.push_back(
        fmt::format("variant \"{}\" has {}", result.variant, lift_words(metric.metric, result)));
  }
  if (parts.empty())
    return fmt::format("The log has nothing to make {} of: see its definition.",
                       metric.metric.name);
  return fmt::format("No difference has been found so far: {}.", fmt::join(parts, "; "));
}

// The best treatment that differs from the control; else the worst; else null.
const VariantResult* decisive(const MetricResult& metric) {
  const VariantResult* best = nullptr;
  for (const VariantResult& result : metric.variants) {
    if (!found_difference(result)) continue;
    const double sign = metric.metric.better == Better::kHigher ? 1 : -1;
    if (best == nullptr ||
        sign * result.comparison->difference > sign * best->comparison->difference)
      best = &result;
  }
  return best;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNoData:
      return "no_data";
    case Verdict::kMismatch:
      return "mismatch";
    case Verdict::kTooEarly:
      return "too_early";
    case Verdict::kHarm:
      return "harm";
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "";
}

void decide_verdict(Report& report) {
  const auto set = [&](Verdict verdict, std::string sentence) {
    report.verdict = verdict;
    report.sentence = std::move(sentence);
  };
  if (std::accumulate(report.units.begin(), report.units.end(), 0.0) <= 0)
    return set(Verdict::kNoData, "No unit has met this experiment yet.");
  if (report.mismatch) return set(Verdict::kMismatch, mismatch_sentence(report));
  const double least = *std::min_element(report.units.begin(), report.units.end());
  if (least < kLeastUnits)
    return set(
        Verdict::kTooEarly,
        fmt::format("Too early: the smallest variant has {:.0f} units, and fewer than {:.0f} "
                    "are not judged.",
                    least, kLeastUnits));
  const MetricResult& deciding = report.metrics.front();
  const VariantResult* result = decisive(deciding);
  const std::string found =
      result == nullptr ? undecided_sentence(deciding)
                        : fmt::format("Variant \"{}\" is {} than the control: {}.", result->variant,
                                      is_better(deciding.metric, *result) ? "better" : "worse",
                                      lift_words(deciding.metric, *result));
  if (const auto worse = harms(report); !worse.empty())
    return set(Verdict::kHarm,
               fmt::format("A guardrail got worse: {}. {}", fmt::join(worse, "; "), found));
  if (result == nullptr) return set(Verdict::kUndecided, found);
  set(is_better(deciding.metric, *result) ? Verdict::kBetter : Verdict::kWorse, found);
}

}  // namespace sparrow::experiment
