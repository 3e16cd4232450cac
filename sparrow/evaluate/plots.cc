#include "sparrow/evaluate/plots.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace sparrow::evaluate {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string bars(const std::string& title,
                 const std::vector<std::pair<std::string, double>>& values,
                 const std::vector<Interval>& intervals) {
  double highest = 1e-9;
  for (std::size_t i = 0; i < values.size(); ++i)
    highest = std::max({highest, values[i].second, intervals.empty() ? 0.0 : intervals[i].high});
  constexpr double kLeft = 150;
  constexpr double kWidth = 420;
  std::string svg = fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 680 {}\" role=\"img\" "
      "aria-label=\"{}\">",
      escaped(title), 28 * values.size() + 10, escaped(title));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto y = static_cast<double>(28 * i + 8);
    const double width = std::max(0.0, values[i].second) / highest * kWidth;
    svg += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><rect x=\"{}\" y=\"{}\" "
        "width=\"{:.1f}\" height=\"16\"/>",
        kLeft - 8, y + 13, escaped(values[i].first), kLeft, y, width);
    if (!intervals.empty()) {
      svg += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>",
                         kLeft + intervals[i].low / highest * kWidth,
                         kLeft + intervals[i].high / highest * kWidth, y + 8, y + 8);
    }
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{:.3f}</text>", kLeft + kWidth + 20, y + 13,
                       values[i].second);
  }
  return svg + "</svg></figure>";
}

std::string scatter(const Report& report) {
  std::string svg =
      "<figure><figcaption>Next-item hits (IPW) against popularity lift</figcaption><svg "
      "viewBox=\"0 0 680 320\" role=\"img\" "
      "aria-label=\"hits against popularity lift\">";
  double top = 0.01;
  double left = -0.5;
  double right = 0.5;
  for (const auto& m : report.methods) {
    top = std::max(top, m.held_out.hit_ipw);
    left = std::min(left, m.health.popularity_lift);
    right = std::max(right, m.health.popularity_lift);
  }
  for (const auto& m : report.methods) {
    const double x = 60 + (m.health.popularity_lift - left) / (right - left) * 460;
    const double y = 290 - m.held_out.hit_ipw / top * 250;
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x,
        y, x + 9, y + 4, escaped(m.name));
  }
  return svg +
         "<text x=\"60\" y=\"316\">popularity lift: left of 0 rarer than the seed, right more "
         "popular</text></svg></figure>";
}

namespace {

// Told apart by people who see few colors, too (Okabe & Ito).
constexpr std::array<const char*, 8> kColors = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                "#e69f00", "#56b4e9", "#000000", "#7a7a00"};

struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Axes {
  std::string title;
  std::string x;
  std::string y;
  std::vector<std::pair<double, std::string>>
      x_ticks;  // position, label; first and last: the range
  double y_top = 1;
};

// Lines with points over x, y from 0; a legend to the right. Empty without any point.
std::string lines(const Axes& axes, const std::vector<Line>& all, const std::string& ideal) {
  if (std::all_of(all.begin(), all.end(), [](const Line& l) { return l.points.empty(); }))
    return "";
  const double first = axes.x_ticks.front().first;
  const double range = std::max(1e-9, axes.x_ticks.back().first - first);
  const auto place = [&](double x, double y) {
    return fmt::format("{:.1f},{:.1f}", 60 + (x - first) / range * 420, 250 - y / axes.y_top * 230);
  };
  std::string svg = fmt::format(
      "<figure><figcaption>{0}</figcaption><svg viewBox=\"0 0 680 300\" role=\"img\" "
      "aria-label=\"{0}\"><line class=\"axis\" x1=\"60\" x2=\"480\" y1=\"250\" "
      "y2=\"250\"/><line class=\"axis\" x1=\"60\" x2=\"60\" y1=\"20\" y2=\"250\"/>",
      escaped(axes.title));
  for (const auto& [x, label] : axes.x_ticks)
    svg += fmt::format("<text x=\"{:.1f}\" y=\"268\" text-anchor=\"middle\">{}</text>",
                       60 + (x - first) / range * 420, escaped(label));
  for (const double share : {0.0, 0.5, 1.0})
    svg += fmt::format("<text x=\"54\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>",
                       254 - share * 230, share * axes.y_top);
  svg += fmt::format(
      "<text x=\"270\" y=\"290\" text-anchor=\"middle\">{}</text><text x=\"60\" "
      "y=\"13\">{}</text>{}",
      escaped(axes.x), escaped(axes.y), ideal);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].points.empty()) continue;
    const char* color = kColors[i % kColors.size()];
    std::string path;
    for (const auto& [x, y] : all[i].points) path += place(x, y) + " ";
    svg += fmt::format("<polyline stroke=\"{}\" points=\"{}\"/>", color, path);
    for (const auto& [x, y] : all[i].points) {
      if (all[i].points.size() <= 20)
        svg += fmt::format("<circle style=\"fill:{}\" r=\"3\" cx=\"{:.1f}\" cy=\"{:.1f}\"/>", color,
                           60 + (x - first) / range * 420, 250 - y / axes.y_top * 230);
    }
    svg += fmt::format("<text x=\"495\" y=\"{}\" style=\"fill:{}\">{}</text>", 30 + 18 * i, color,
                       escaped(all[i].name));
  }
  return svg + "</svg></figure>";
}

std::vector<std::pair<double, std::string>> ticks_of(std::initializer_list<double> values) {
  std::vector<std::pair<double, std::string>> ticks;
  for (const double v : values) ticks.emplace_back(v, fmt::format("{:g}", v));
  return ticks;
}

using Truth = std::optional<PairQuality> MethodReport::*;
using Curve = std::vector<CurvePoint> PairQuality::*;

std::string truth_plot(const Report& report, const Axes& axes, Truth truth, Curve curve) {
  std::vector<Line> all;
  for (const auto& m : report.methods) {
    if (!(m.*truth)) continue;
    all.push_back({m.name, {}});
    for (const CurvePoint& p : (*(m.*truth)).*curve) all.back().points.emplace_back(p.x, p.y);
  }
  const bool diagonal = curve == &PairQuality::reliability;
  return lines(axes, all,
               diagonal ? "<line class=\"ideal\" x1=\"60\" y1=\"250\" x2=\"480\" y2=\"20\"/>" : "");
}

std::string popularity_plot(const Report& report) {
  std::vector<Line> all;
  double top = 1;
  double right = 1;
  for (const auto& m : report.methods) {
    if (m.popularity_match.empty()) continue;
    all.push_back({m.name, {}});
    for (const PopularityMatch& p : m.popularity_match) {
      all.back().points.emplace_back(std::log10(p.popularity), p.match);
      top = std::max(top, p.match);
      right = std::max(right, std::ceil(std::log10(p.popularity)));
    }
  }
  Axes axes{"Popularity against similarity: match of random pairs (a flat line is good)",
            "positives of the second item",
            "mean match",
            {},
            top};
  for (double x = 0; x <= right; ++x)
    axes.x_ticks.emplace_back(x, fmt::format("{:g}", std::pow(10, x)));
  return lines(axes, all, "");
}

std::string slices_plot(const Report& report, double NextItem::*value, const std::string& title) {
  std::vector<Line> all;
  double top = 0.01;
  for (const auto& m : report.methods) {
    all.push_back({m.name, {}});
    for (std::size_t s = 0; s < kSlices; ++s) {
      if (m.baseline && s + 1 == kSlices) continue;
      const double y = m.held_out_slices[s].*value;
      all.back().points.emplace_back(static_cast<double>(s), y);
      top = std::max(top, y);
    }
  }
  Axes axes{title, "popularity of the target", "NX", {}, top};
  for (std::size_t s = 0; s < kSlices; ++s)
    axes.x_ticks.emplace_back(static_cast<double>(s), kSliceNames[s]);
  return lines(axes, all, "");
}

}  // namespace

std::string quality_plots(const Report& report) {
  const auto tenths = ticks_of({0, 0.2, 0.4, 0.6, 0.8, 1});
  const auto matches = ticks_of({0, 20, 40, 60, 80, 100});
  std::string all;
  for (const auto& [name, truth] :
       {std::pair{std::string("judged pairs"), &MethodReport::judged},
        std::pair{std::string("series and remakes"), &MethodReport::groups}}) {
    all += truth_plot(report, {"Precision and recall: " + name, "recall", "precision", tenths, 1},
                      truth, &PairQuality::precision_recall);
    all += truth_plot(report,
                      {"Reliability of the match: " + name, "match", "share similar", matches, 1},
                      truth, &PairQuality::reliability);
  }
  return all + slices_plot(report, &NextItem::hit, "Next-item hits by popularity of the target") +
         slices_plot(report, &NextItem::hit_ipw,
                     "The same, each target weighted by 1 / popularity") +
         popularity_plot(report);
}

}  // namespace sparrow::evaluate
