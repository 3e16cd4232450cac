#include "sparrow/experiment/unit_table.h"

#include <iterator>

#include <fmt/format.h>

#include "sparrow/experiment/iso_time.h"

namespace sparrow::experiment {
namespace {

// In quotes where it must be. A leading sign that a spreadsheet would take for a formula stays:
// these are ids, and the table is read by programs.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string unit_table(const Experiment& experiment, const Observations& observations) {
  std::string text = "unit,variant,joined,known_before";
  for (const MetricRows& rows : observations.metrics) {
    text += fmt::format(",{0}.numerator,{0}.denominator", rows.metric.name);
    if (!rows.before_y.empty())
      text += fmt::format(",{0}.before_numerator,{0}.before_denominator", rows.metric.name);
  }
  text += "\n";
  for (std::size_t unit = 0; unit < observations.units.size(); ++unit) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{}", csv_cell(observations.units[unit]),
                   experiment.variants[observations.variant[unit]].name,
                   iso_day(observations.from_ms + observations.joined[unit] * kDayMs),
                   observations.known_before[unit] ? 1 : 0);
    for (const MetricRows& rows : observations.metrics) {
      fmt::format_to(std::back_inserter(text), ",{},{}", rows.y[unit], rows.x[unit]);
      if (!rows.before_y.empty())
        fmt::format_to(std::back_inserter(text), ",{},{}", rows.before_y[unit],
                       rows.before_x[unit]);
    }
    text += "\n";
  }
  return text;
}

}  // namespace sparrow::experiment
