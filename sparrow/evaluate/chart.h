// The parts that every figure of a report is made of: a frame, axes with round ticks and a unit,
// points with intervals, lines with their names beside them, and one sentence that says what the
// figure means. Inline SVG with classes; chart_style() has their look in light, dark and print, in
// the colors of the pages (web/charts.css).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sparrow::evaluate {

// Text that is safe inside HTML and attributes.
std::string escaped(std::string_view text);

// The CSS of a page with figures: its ground, its text, its tables and the parts of figures.
std::string_view chart_style();

// Round numbers from `least` to `most`, steps of 1, 2, 2.5 or 5 times a power of ten, two to five
// of them; the rule of ticks() in web/numbers.js. `most` must be above `least`.
std::vector<double> round_ticks(double least, double most);

struct Axis {
  std::string name;  // with its unit: "Next-item hits, % of cases"
  double least = 0;
  double most = 1;
  std::vector<std::pair<double, std::string>> ticks;  // ascending, within the axis
};

// An axis whose ends are ticks and that has all of `least` to `most` on it; equal ends are widened.
Axis round_axis(std::string name, double least, double most);

struct NamedValue {
  std::string name;
  double value = 0;
  double low = 0;  // the interval; equal to `value`: none
  double high = 0;
};

struct NamedLine {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct NamedPoint {
  std::string name;
  double x = 0;
  double y = 0;
};

struct Column {
  std::string label;  // empty: none
  double count = 0;
  bool marked = false;
};

// A figure: title above, sentence below. `says` is text.
std::string figure(std::string_view title, std::string_view says, const std::string& drawing);

// One row a value: name, dot with its interval, number with `digits`.
std::string interval_drawing(const std::vector<NamedValue>& values, const std::string& axis_name,
                             int digits);
// Lines with their names at their ends; `diagonal`: a dashed line from corner to corner.
std::string line_drawing(const Axis& x, const Axis& y, const std::vector<NamedLine>& lines,
                         bool diagonal);
// Points with their names beside them; a dashed line stands at x = 0 where that is on the axis.
std::string point_drawing(const Axis& x, const Axis& y, const std::vector<NamedPoint>& points);
// Vertical bars over their labels.
std::string column_drawing(const std::string& x_name, const std::string& y_name,
                           const std::vector<Column>& columns);

}  // namespace sparrow::evaluate
