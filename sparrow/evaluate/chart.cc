#include "sparrow/evaluate/chart.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace sparrow::evaluate {
namespace {

constexpr std::size_t kChartKinds = 8;  // colors of lines
constexpr double kChartWidth = 680;
constexpr double kChartLine = 17;   // height of a line of text
constexpr double kChartLetter = 8;  // mean width of a letter

struct Frame {
  double left = 62;
  double right = 520;
  double top = 26;
  double bottom = 250;
  double x(const Axis& axis, double value) const {
    return left + (value - axis.least) / (axis.most - axis.least) * (right - left);
  }
  double y(const Axis& axis, double value) const {
    return bottom - (value - axis.least) / (axis.most - axis.least) * (bottom - top);
  }
};

// As many digits as a step needs: 0.05 -> 2.
std::string tick_text(double value, double step) {
  int digits = 0;
  for (double s = step; digits < 6 && std::abs(s - std::round(s)) > 1e-6 * std::abs(s); s *= 10)
    ++digits;
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.starts_with('-')) text = "\u2212" + text.substr(1);
  return text;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text,
                    std::string_view kind = "tick") {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                     kind, x, y, anchor, escaped(text));
}

std::string line_at(std::string_view kind, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>",
                     kind, x1, y1, x2, y2);
}

// Grid, ticks and names of both axes.
std::string axes(const Frame& f, const Axis& x, const Axis& y) {
  std::string svg;
  for (const auto& [value, text] : y.ticks) {
    svg += line_at("grid", f.left, f.y(y, value), f.right, f.y(y, value));
    svg += text_at(f.left - 7, f.y(y, value) + 4, "end", text);
  }
  for (const auto& [value, text] : x.ticks) {
    svg += line_at("axis", f.x(x, value), f.bottom, f.x(x, value), f.bottom + 4);
    svg += text_at(f.x(x, value), f.bottom + 20, "middle", text);
  }
  svg += line_at("axis", f.left, f.bottom, f.right, f.bottom);
  svg += text_at(f.right, f.bottom + 40, "end", x.name, "axis-name");
  return svg + text_at(4, 14, "start", y.name, "axis-name");
}

std::string drawing(double height, const std::string& content) {
  return fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-hidden=\"true\">{}"
      "</svg>",
      kChartWidth, height, content);
}

// Places for names that want to stand at `wanted`, a line apart from each other and within the
// frame.
std::vector<double> beside_each_other(const std::vector<double>& wanted, const Frame& f) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<double> places = wanted;
  double next = f.top;
  for (const std::size_t i : order) {
    places[i] = std::max(places[i], next);
    next = places[i] + kChartLine;
  }
  double below = f.bottom + kChartLine;
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    places[*i] = std::min(places[*i], below - kChartLine);
    below = places[*i];
  }
  return places;
}

}  // namespace

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

std::string_view chart_style() {
  return ":root{color-scheme:light dark;--bg:#fff;--ink:#211d19;--ink-2:#645c52;--line:#e2dbd0;"
         "--accent:#8f4a26;--k0:#8f4a26;--k1:#1f6f9c;--k2:#3b7d34;--k3:#7a4ba8;--k4:#a8781a;"
         "--k5:#b3395b;--k6:#24807a;--k7:#5d5a55}"
         "@media(prefers-color-scheme:dark){:root{--bg:#141312;--ink:#f1ece4;--ink-2:#aba297;"
         "--line:#3a352f;--accent:#e3a47c;--k0:#e3a47c;--k1:#78bfe8;--k2:#8fce86;--k3:#c4a0ec;"
         "--k4:#e4c061;--k5:#f0889f;--k6:#6fd0c7;--k7:#b8b2a8}}"
         "@media print{:root{--bg:#fff;--ink:#000;--ink-2:#444;--line:#bbb}"
         "figure,table{break-inside:avoid}body{margin:0!important;max-width:none!important}}"
         "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
         "color:var(--ink);background:var(--bg)}h1{font-size:1.6rem}"
         "h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;"
         "font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}"
         ".plots{display:grid;gap:2rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,"
         "26rem),1fr));margin:1.5rem 0}figure{margin:0}figcaption{font-weight:600}"
         "figure p{margin:.3rem 0 0;color:var(--ink-2);font-size:.95rem}"
         "svg.chart{display:block;width:100%;height:auto;font:15px system-ui,sans-serif;"
         "font-variant-numeric:tabular-nums}.chart text{fill:var(--ink)}"
         ".chart .tick,.chart .axis-name{fill:var(--ink-2)}.chart line{stroke:var(--ink-2)}"
         ".chart .grid{stroke:var(--line)}.chart .ideal{stroke-dasharray:4 4}"
         ".chart .reach{stroke-width:2}.chart .dot,.chart .bar-marked{fill:var(--accent)}"
         ".chart .bar{fill:var(--ink-2);opacity:.45}"
         ".chart polyline{fill:none;stroke-width:2;stroke-linejoin:round}"
         ".chart .k0{stroke:var(--k0)}.chart .k1{stroke:var(--k1)}.chart .k2{stroke:var(--k2)}"
         ".chart .k3{stroke:var(--k3)}.chart .k4{stroke:var(--k4)}.chart .k5{stroke:var(--k5)}"
         ".chart .k6{stroke:var(--k6)}.chart .k7{stroke:var(--k7)}"
         ".chart circle.k0,.chart text.k0{fill:var(--k0);stroke:none}"
         ".chart circle.k1,.chart text.k1{fill:var(--k1);stroke:none}"
         ".chart circle.k2,.chart text.k2{fill:var(--k2);stroke:none}"
         ".chart circle.k3,.chart text.k3{fill:var(--k3);stroke:none}"
         ".chart circle.k4,.chart text.k4{fill:var(--k4);stroke:none}"
         ".chart circle.k5,.chart text.k5{fill:var(--k5);stroke:none}"
         ".chart circle.k6,.chart text.k6{fill:var(--k6);stroke:none}"
         ".chart circle.k7,.chart text.k7{fill:var(--k7);stroke:none}";
}

std::vector<double> round_ticks(double least, double most) {
  constexpr double kSmall = 1e-12;
  const double span = std::max(kSmall, most - least);
  const double power = std::pow(10.0, std::floor(std::log10(span / 3)));
  double step = 10 * power;
  for (const double m : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (span / (m * power) > 4.5) continue;
    step = m * power;
    break;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(least / step - 1e-9); i * step <= most + 1e-9 * span; i += 1)
    ticks.push_back(i == 0 ? 0 : i * step);
  return ticks;
}

Axis round_axis(std::string name, double least, double most) {
  if (!(most > least)) most = least + std::max(1.0, std::abs(least));
  Axis axis{std::move(name), least, most, {}};
  auto ticks = round_ticks(least, most);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : most - least;
  constexpr double kNear = 1e-9;
  while (ticks.front() > least + kNear * step) ticks.insert(ticks.begin(), ticks.front() - step);
  while (ticks.back() < most - kNear * step) ticks.push_back(ticks.back() + step);
  axis.least = ticks.front();
  axis.most = ticks.back();
  for (const double v : ticks) {
    const double value = std::abs(v) < kNear * step ? 0 : v;
    axis.ticks.emplace_back(value, tick_text(value, step));
  }
  return axis;
}

std::string figure(std::string_view title, std::string_view says, const std::string& drawing) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}<p>{}</p></figure>", escaped(title),
                     drawing, escaped(says));
}

std::string interval_drawing(const std::vector<NamedValue>& values, const std::string& axis_name,
                             int digits) {
  constexpr double kRow = 27;
  double least = 0;
  double most = 0;
  for (const NamedValue& v : values) {
    least = std::min({least, v.value, v.low});
    most = std::max({most, v.value, v.high});
  }
  const Axis x = round_axis(axis_name, least, most);
  const double bottom = 8 + kRow * static_cast<double>(values.size());
  const Frame f{170, 570, 4, bottom};
  std::string svg;
  for (const auto& [value, text] : x.ticks) {
    svg += line_at("grid", f.x(x, value), f.top, f.x(x, value), f.bottom);
    svg += text_at(f.x(x, value), f.bottom + 19, "middle", text);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const NamedValue& v = values[i];
    const double y = f.top + kRow * (static_cast<double>(i) + 0.5);
    svg += text_at(f.left - 10, y + 4, "end", v.name, "name");
    if (v.low < v.high) svg += line_at("reach", f.x(x, v.low), y, f.x(x, v.high), y);
    svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\"/>",
                       f.x(x, v.value), y);
    svg += text_at(f.right + 14, y + 4, "start", fmt::format("{:.{}f}", v.value, digits), "name");
  }
  svg += text_at(f.right, f.bottom + 39, "end", axis_name, "axis-name");
  return drawing(bottom + 47, svg);
}

std::string line_drawing(const Axis& x, const Axis& y, const std::vector<NamedLine>& lines,
                         bool diagonal) {
  constexpr std::size_t kMostDots = 20;
  const Frame f;
  std::string svg = axes(f, x, y);
  if (diagonal) svg += line_at("ideal", f.left, f.bottom, f.right, f.top);
  std::vector<double> ends;
  for (const NamedLine& line : lines)
    ends.push_back(line.points.empty() ? f.bottom : f.y(y, line.points.back().second));
  const auto places = beside_each_other(ends, f);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].points.empty()) continue;
    const std::size_t kind = i % kChartKinds;
    std::string path;
    std::string dots;
    for (const auto& [px, py] : lines[i].points) {
      path += fmt::format("{:.1f},{:.1f} ", f.x(x, px), f.y(y, py));
      if (lines[i].points.size() <= kMostDots)
        dots += fmt::format("<circle class=\"k{}\" r=\"3\" cx=\"{:.1f}\" cy=\"{:.1f}\"/>", kind,
                            f.x(x, px), f.y(y, py));
    }
    const double end = f.x(x, lines[i].points.back().first);
    svg += fmt::format("<polyline class=\"k{}\" points=\"{}\"/>{}", kind, path, dots);
    // A thin line leads from the end to its name.
    svg += fmt::format(
        "<polyline class=\"k{} lead\" style=\"stroke-width:.7\" points=\"{:.1f},{:.1f} "
        "{:.1f},{:.1f}\"/>",
        kind, end + 4, ends[i], f.right + 10, places[i]);
    svg += text_at(f.right + 13, places[i] + 4, "start", lines[i].name, fmt::format("k{}", kind));
  }
  return drawing(f.bottom + 48, svg);
}

std::string point_drawing(const Axis& x, const Axis& y, const std::vector<NamedPoint>& points) {
  const Frame f{62, 640, 26, 290};
  std::string svg = axes(f, x, y);
  if (x.least < 0 && x.most > 0) svg += line_at("ideal", f.x(x, 0), f.top, f.x(x, 0), f.bottom);
  struct Box {
    double left, right, middle;
  };
  std::vector<Box> taken;
  for (const NamedPoint& p : points) {
    const double px = f.x(x, p.x);
    const double py = f.y(y, p.y);
    svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\"/>", px, py);
    const double width = kChartLetter * static_cast<double>(p.name.size());
    const bool left = px + 9 + width > kChartWidth;
    Box box{left ? px - 9 - width : px + 9, left ? px - 9 : px + 9 + width, py};
    const auto is_free = [&](double middle) {
      return std::none_of(taken.begin(), taken.end(), [&](const Box& other) {
        return std::abs(other.middle - middle) < kChartLine - 1 && box.left < other.right &&
               other.left < box.right;
      });
    };
    for (const double aside : {0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0}) {
      if (!is_free(py + aside * kChartLine)) continue;
      box.middle = py + aside * kChartLine;
      break;
    }
    taken.push_back(box);
    svg += text_at(left ? box.right : box.left, box.middle + 4, left ? "end" : "start", p.name,
                   "name");
  }
  return drawing(f.bottom + 48, svg);
}

std::string column_drawing(const std::string& x_name, const std::string& y_name,
                           const std::vector<Column>& columns) {
  double most = 1;
  for (const Column& c : columns) most = std::max(most, c.count);
  const Axis y = round_axis(y_name, 0, most);
  const Frame f{70, 668, 26, 210};
  Axis x{x_name, 0, static_cast<double>(std::max<std::size_t>(1, columns.size())), {}};
  std::string svg = axes(f, x, y);
  const double step = (f.right - f.left) / x.most;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const double left = f.left + step * static_cast<double>(c);
    const double top = f.y(y, columns[c].count);
    svg += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{}"
        "{}{:.0f}</title></rect>",
        columns[c].marked ? "bar-marked" : "bar", left + 1.5, top, std::max(1.0, step - 3),
        f.bottom - top, escaped(columns[c].label), columns[c].label.empty() ? "" : ": ",
        columns[c].count);
    if (columns[c].label.empty()) continue;
    const bool first = c == 0 && kChartLetter * static_cast<double>(columns[c].label.size()) > step;
    svg += text_at(first ? f.left : left + step / 2, f.bottom + 20, first ? "start" : "middle",
                   columns[c].label);
  }
  return drawing(f.bottom + 48, svg);
}

}  // namespace sparrow::evaluate
