#include "sparrow/evaluate/plots.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "sparrow/evaluate/chart.h"

namespace sparrow::evaluate {
namespace {

const NamedValue& highest(const std::vector<NamedValue>& values) {
  return *std::max_element(
      values.begin(), values.end(),
      [](const NamedValue& a, const NamedValue& b) { return a.value < b.value; });
}

// Which is highest, and whether that can be told from the next.
std::string best_of(const std::vector<NamedValue>& values, const std::string& does) {
  const NamedValue& best = highest(values);
  std::string text = fmt::format("{} {}: {:.3f}.", best.name, does, best.value);
  std::vector<std::string> equal;
  for (const NamedValue& v : values)
    if (&v != &best && v.low < v.high && v.high > best.low) equal.push_back(v.name);
  if (values.size() == 1) return text;
  if (equal.empty())
    return text + " Its interval overlaps no other: the difference is hardly chance.";
  return text + fmt::format(" The interval of {} overlaps it{}: they may be as good.", equal[0],
                            equal.size() > 1 ? fmt::format(", and of {} more", equal.size() - 1)
                                             : std::string());
}

std::string hits_figure(const Report& report) {
  std::vector<NamedValue> values;
  for (const auto& m : report.methods) {
    const Interval i = bootstrap_mean(m.held_out.user_hit, 1);
    values.push_back({m.name, m.held_out.hit, i.low, i.high});
  }
  return figure(
      "Next-item hits of held-out users", best_of(values, "most often lists what people took next"),
      interval_drawing(
          values, fmt::format("share of cases found among the first {}", report.options.k), 3));
}

std::string weighted_figure(const Report& report) {
  std::vector<NamedValue> values;
  for (const auto& m : report.methods) {
    const Interval i = bootstrap_ratio(m.held_out.user_weighted_hit, m.held_out.user_weight, 2);
    values.push_back({m.name, m.held_out.hit_ipw, i.low, i.high});
  }
  return figure("The same, rare items counting more",
                best_of(values, "finds most when each item weighs 1 / popularity"),
                interval_drawing(values, "weighted share of cases", 3));
}

std::string skew_figure(const Report& report) {
  std::vector<NamedValue> values;
  for (const auto& m : report.methods)
    values.push_back({m.name, m.health.skew, m.health.skew, m.health.skew});
  const auto least =
      std::min_element(values.begin(), values.end(),
                       [](const NamedValue& a, const NamedValue& b) { return a.value < b.value; });
  return figure(
      "How unevenly items turn up in lists (hubness)",
      fmt::format("Lower is better: the lists of {} repeat the same few items least.", least->name),
      interval_drawing(values, "skewness of how many lists an item is in", 2));
}

std::string lift_figure(const Report& report) {
  std::vector<NamedPoint> points;
  double top = 0;
  double left = 0;
  double right = 0;
  for (const auto& m : report.methods) {
    points.push_back({m.name, m.health.popularity_lift, m.held_out.hit_ipw});
    top = std::max(top, m.held_out.hit_ipw);
    left = std::min(left, m.health.popularity_lift);
    right = std::max(right, m.health.popularity_lift);
  }
  const auto best =
      std::max_element(points.begin(), points.end(),
                       [](const NamedPoint& a, const NamedPoint& b) { return a.y < b.y; });
  return figure(
      "Hits against popularity",
      fmt::format(
          "High and near the dashed line is good. {} is highest; its lists are {} than what "
          "was asked for.",
          best->name, best->x > 0 ? "more popular" : "rarer"),
      point_drawing(
          round_axis("popularity lift of lists: left rarer, right more popular", left, right),
          round_axis("hits, rare items counting more", 0, top), points));
}

using Truth = std::optional<PairQuality> MethodReport::*;

std::string precision_figure(const Report& report, Truth truth, const std::string& name) {
  std::vector<NamedLine> lines;
  std::string best;
  double most = -1;
  for (const auto& m : report.methods) {
    if (!(m.*truth)) continue;
    const PairQuality& q = *(m.*truth);
    lines.push_back({m.name, {}});
    for (const CurvePoint& p : q.precision_recall) lines.back().points.emplace_back(p.x, p.y);
    if (q.average_precision <= most) continue;
    most = q.average_precision;
    best = m.name;
  }
  if (lines.empty()) return "";
  return figure("Precision and recall: " + name,
                fmt::format("The longer a line stays up, the better: {} puts similar pairs first "
                            "most reliably (average precision {:.2f}).",
                            best, most),
                line_drawing(round_axis("recall: share of similar pairs found", 0, 1),
                             round_axis("precision: share of what is found that is similar", 0, 1),
                             lines, false));
}

std::string reliability_figure(const Report& report, Truth truth, const std::string& name) {
  std::vector<NamedLine> lines;
  std::string best;
  double least = 2;
  for (const auto& m : report.methods) {
    if (!(m.*truth) || (m.*truth)->reliability.empty()) continue;
    lines.push_back({m.name, {}});
    double off = 0;
    double pairs = 0;
    for (const CurvePoint& p : (m.*truth)->reliability) {
      lines.back().points.emplace_back(p.x, p.y);
      off += static_cast<double>(p.count) * std::abs(p.y - p.x / 100);
      pairs += static_cast<double>(p.count);
    }
    if (pairs <= 0 || off / pairs >= least) continue;
    least = off / pairs;
    best = m.name;
  }
  if (lines.empty()) return "";
  return figure("Does a match mean what it says? " + name,
                fmt::format("On the dashed line, 80 of 100 pairs with a match of 80 are similar. "
                            "{} is nearest to it, off by {:.0f} of 100 on average.",
                            best, 100 * least),
                line_drawing(round_axis("match", 0, 100),
                             round_axis("share of such pairs that is similar", 0, 1), lines, true));
}

std::string popularity_figure(const Report& report) {
  std::vector<NamedLine> lines;
  double top = 1;
  double right = 1;
  std::string best;
  double flattest = 0;
  for (const auto& m : report.methods) {
    if (m.popularity_match.empty()) continue;
    lines.push_back({m.name, {}});
    double low = m.popularity_match.front().match;
    double high = low;
    for (const PopularityMatch& p : m.popularity_match) {
      lines.back().points.emplace_back(std::log10(p.popularity), p.match);
      low = std::min(low, p.match);
      high = std::max(high, p.match);
      top = std::max(top, p.match);
      right = std::max(right, std::ceil(std::log10(p.popularity)));
    }
    if (!best.empty() && high - low >= flattest) continue;
    flattest = high - low;
    best = m.name;
  }
  if (lines.empty()) return "";
  Axis x{"people who liked the second item", 0, right, {}};
  for (double at = 0; at <= right; ++at)
    x.ticks.emplace_back(at, fmt::format("{:.0f}", std::pow(10, at)));
  return figure(
      "Does popularity alone buy a match?",
      fmt::format("Random pairs: a flat line means no. {} is the flattest: its highest and its "
                  "lowest mean differ by {:.1f}.",
                  best, flattest),
      line_drawing(x, round_axis("mean match of random pairs", 0, top), lines, false));
}

std::string slices_figure(const Report& report, double NextItem::*value, const std::string& title) {
  std::vector<NamedLine> lines;
  double top = 0.01;
  constexpr std::size_t kTail = 2;
  std::string best;
  double most = -1;
  for (const auto& m : report.methods) {
    lines.push_back({m.name, {}});
    for (std::size_t s = 0; s < kSlices; ++s) {
      if (m.baseline && s + 1 == kSlices) continue;  // baselines list no cold items
      const double y = m.held_out_slices[s].*value;
      lines.back().points.emplace_back(static_cast<double>(s), y);
      top = std::max(top, y);
    }
    if (m.held_out_slices[kTail].*value <= most) continue;
    most = m.held_out_slices[kTail].*value;
    best = m.name;
  }
  Axis x{"popularity of what was taken next", 0, static_cast<double>(kSlices - 1), {}};
  for (std::size_t s = 0; s < kSlices; ++s)
    x.ticks.emplace_back(static_cast<double>(s), kSliceNames[s]);
  return figure(
      title,
      fmt::format("From well known items at the left to such as nobody had taken before at the "
                  "right; among those of the tail, {} finds most ({:.3f}).",
                  best, most),
      line_drawing(x, round_axis("share of cases found", 0, top), lines, false));
}

}  // namespace

std::string quality_figures(const Report& report) {
  if (report.methods.empty()) return "";
  std::string all =
      hits_figure(report) + weighted_figure(report) + skew_figure(report) + lift_figure(report);
  for (const auto& [name, truth] :
       {std::pair{std::string("judged pairs"), &MethodReport::judged},
        std::pair{std::string("series and remakes"), &MethodReport::groups}}) {
    all += precision_figure(report, truth, name);
    all += reliability_figure(report, truth, name);
  }
  return all + slices_figure(report, &NextItem::hit, "Hits by how known the next item is") +
         slices_figure(report, &NextItem::hit_ipw, "The same, rare items counting more") +
         popularity_figure(report);
}

}  // namespace sparrow::evaluate
