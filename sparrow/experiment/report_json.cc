#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/report.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

json pair_json(const Interval& interval) { return {interval.low, interval.high}; }

json comparison_json(const Comparison& comparison) {
  json object = {{"difference", comparison.difference},
                 {"difference_interval", pair_json(comparison.difference_interval)},
                 {"t", comparison.t},
                 {"degrees", comparison.degrees},
                 {"p", comparison.p}};
  if (comparison.lift) {
    object["lift"] = *comparison.lift;
    object["lift_interval"] = pair_json(comparison.lift_interval);
    object["lift_variance"] = comparison.lift_variance;
  }
  return object;
}

json variant_json(const VariantResult& result) {
  json object = {{"variant", result.variant}, {"n", result.units}};
  if (result.estimate) {
    object["value"] = result.estimate->value;
    object["variance"] = result.estimate->variance;
  }
  if (result.comparison) {
    object["fixed"] = comparison_json(*result.comparison);
    object["p_adjusted"] = result.p_adjusted;
  }
  return object;
}

json metric_variant_json(const VariantResult& result) {
  json object = variant_json(result);
  if (result.comparison) {
    object["sequential"] = {{"p", result.p_sequential}};
    if (result.sequential_interval)
      object["sequential"]["lift_interval"] = pair_json(*result.sequential_interval);
  }
  if (result.cuped_estimate) {
    object["cuped"] = result.cuped ? comparison_json(*result.cuped) : json::object();
    object["cuped"]["value"] = result.cuped_estimate->value;
    object["cuped"]["variance"] = result.cuped_estimate->variance;
  }
  return object;
}

json point_json(const DayPoint& point) {
  json object = {{"day", point.day}, {"n", point.units}};
  if (point.value) object["value"] = *point.value;
  if (!point.lift) return object;
  object["lift"] = *point.lift;
  object["lift_interval"] = pair_json(point.lift_interval);
  object["p_sequential"] = point.p_sequential;
  if (point.sequential_interval)
    object["sequential_interval"] = pair_json(*point.sequential_interval);
  return object;
}

json metric_json(const MetricResult& result) {
  static constexpr const char* kRoles[] = {"decides", "further", "guardrail"};
  json object = {{"name", result.metric.name},
                 {"role", kRoles[static_cast<std::size_t>(result.role)]},
                 {"definition", result.metric.sentence},
                 {"numerator", describe(result.metric.numerator)},
                 {"denominator", describe(result.metric.denominator)},
                 {"unit", result.metric.unit},
                 {"better", result.metric.better == Better::kHigher ? "higher" : "lower"},
                 {"method", result.method},
                 {"variants", json::array()},
                 {"series", json::array()}};
  if (result.cut) object["winsorised"] = {{"at", *result.cut}, {"units", result.cut_units}};
  if (result.variance_reduction) object["variance_reduction"] = *result.variance_reduction;
  for (const VariantResult& variant : result.variants)
    object["variants"].push_back(metric_variant_json(variant));
  for (std::size_t v = 0; v < result.series.size(); ++v) {
    json points = json::array();
    for (const DayPoint& point : result.series[v]) points.push_back(point_json(point));
    object["series"].push_back(
        {{"variant", result.variants[v].variant}, {"days", std::move(points)}});
  }
  return object;
}

json split_json(const Report& report) {
  json variants = json::array();
  for (std::size_t v = 0; v < report.units.size(); ++v)
    variants.push_back({{"variant", report.experiment.variants[v].name},
                        {"weight", report.experiment.variants[v].weight},
                        {"n", report.units[v]}});
  return {{"variants", std::move(variants)},
          {"statistic", report.split.statistic},
          {"degrees", report.split.degrees},
          {"p", report.split.p},
          {"limit", kMismatchLimit},
          {"mismatch", report.mismatch},
          {"method", "Pearson's chi-square of units against weights"}};
}

json shown_json(const Report& report) {
  json list = json::array();
  for (std::size_t v = 0; v < report.shown.size(); ++v) {
    const ShownItems& shown = report.shown[v];
    const double coverage =
        report.different_items == 0
            ? 0
            : static_cast<double>(shown.different) / static_cast<double>(report.different_items);
    list.push_back({{"variant", report.experiment.variants[v].name},
                    {"lists", shown.lists},
                    {"items", shown.items},
                    {"different", shown.different},
                    {"coverage", coverage},
                    {"top_share", shown.top_share}});
  }
  return list;
}

}  // namespace

json report_json(const Report& report) {
  json object = {
      {"experiment", report.experiment.name},
      {"hypothesis", report.experiment.hypothesis},
      {"status", status_name(report.experiment.status)},
      {"unit", unit_name(report.experiment.unit)},
      {"verdict", {{"kind", verdict_name(report.verdict)}, {"sentence", report.sentence}}},
      {"split", split_json(report)},
      {"window", {{"days", report.days}}},
      {"minimum_lift", report.experiment.minimum_lift},
      {"covariate_days", report.experiment.covariate_days},
      {"metrics", json::array()},
      {"segments", json::array()},
      {"shown", shown_json(report)},
      {"data",
       {{"events", report.events},
        {"switched_units", report.switched},
        {"unknown_variants", report.unknown_variants}}},
      {"decisions", json::array()}};
  if (report.to_ms > 0) {
    object["window"]["from"] = iso_time(report.from_ms);
    object["window"]["to"] = iso_time(report.to_ms);
  }
  for (const MetricResult& metric : report.metrics)
    object["metrics"].push_back(metric_json(metric));
  for (const SegmentResult& segment : report.segments) {
    json variants = json::array();
    for (const VariantResult& variant : segment.variants) variants.push_back(variant_json(variant));
    object["segments"].push_back({{"name", segment.name}, {"variants", std::move(variants)}});
  }
  for (const Decision& decision : report.experiment.decisions)
    object["decisions"].push_back(
        {{"time", decision.time}, {"action", decision.action}, {"note", decision.note}});
  return object;
}

}  // namespace sparrow::experiment
