#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/report.h"

namespace sparrow::experiment {
namespace {

constexpr std::size_t kColumns = 100;

// A text cut to `width` columns; names are ASCII.
std::string fitting(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

// Bytes of the UTF-8 character at `at`. Where there is more than one it counts as two columns,
// which is never too few.
std::size_t character_bytes(const std::string& text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return end - at;
}

// The text in lines that fit behind `indent` columns; breaks at blanks, else anywhere.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::string line;
  std::size_t width = indent;
  std::size_t blank = std::string::npos;
  const auto next_line = [&](std::size_t kept) {
    out += line.substr(0, kept) + "\n" + std::string(indent, ' ');
    line = kept < line.size() ? line.substr(line[kept] == ' ' ? kept + 1 : kept) : "";
    width = indent;
    for (std::size_t i = 0; i < line.size(); i += character_bytes(line, i))
      width += std::min<std::size_t>(character_bytes(line, i), 2);
    blank = std::string::npos;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    if (text[at] == ' ') blank = line.size();
    line += text.substr(at, bytes);
    width += std::min<std::size_t>(bytes, 2);
    at += bytes;
    if (width >= kColumns) next_line(blank == std::string::npos ? line.size() : blank);
  }
  return out + line + "\n";
}

std::string percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::string p_text(double p) {
  return p < 0.0005 ? std::string("<.001") : fmt::format("{:.3f}", p);
}

std::string interval_text(const Interval& interval) {
  return fmt::format("{:+.1f} .. {:+.1f} %", 100 * interval.low, 100 * interval.high);
}

std::string count_text(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

// One row: metric, variant, units, value, lift, interval, p, adjusted, sequential.
struct Cells {
  std::string name, variant, units, value, lift, interval, p, adjusted, sequential;
};

std::string row_text(const Cells& cells) {
  std::string line =
      fmt::format("{:<17} {:<13} {:>9} {:>9} {:>8} {:>18} {:>5} {:>5} {:>5}",
                  fitting(cells.name, 17), fitting(cells.variant, 13), cells.units, cells.value,
                  cells.lift, cells.interval, cells.p, cells.adjusted, cells.sequential);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

Cells comparison_cells(const Comparison& comparison) {
  Cells cells;
  if (comparison.lift) {
    cells.lift = percent(*comparison.lift);
    cells.interval = interval_text(comparison.lift_interval);
  }
  cells.p = p_text(comparison.p);
  return cells;
}

std::string variant_rows(const std::string& name, const VariantResult& result, bool sequential) {
  Cells cells;
  if (result.comparison) {
    cells = comparison_cells(*result.comparison);
    cells.adjusted = p_text(result.p_adjusted);
    if (sequential) cells.sequential = p_text(result.p_sequential);
  }
  cells.name = name;
  cells.variant = result.variant;
  cells.units = count_text(result.units);
  cells.value = result.estimate ? fmt::format("{:.4g}", result.estimate->value) : "-";
  std::string text = row_text(cells);
  if (!result.cuped) return text;
  Cells adjusted = comparison_cells(*result.cuped);
  adjusted.variant = "  with CUPED";
  adjusted.value = fmt::format("{:.4g}", result.cuped_estimate->value);
  return text + row_text(adjusted);
}

std::string metric_rows(const MetricResult& metric) {
  std::string text;
  for (std::size_t v = 0; v < metric.variants.size(); ++v)
    text += variant_rows(v == 0 ? metric.metric.name : "", metric.variants[v], true);
  return text;
}

std::string definitions(const Report& report) {
  std::string text;
  for (const MetricResult& metric : report.metrics) {
    std::string words =
        fmt::format("{}: {} In {}; {} is better. {}.", metric.metric.name, metric.metric.sentence,
                    metric.metric.unit,
                    metric.metric.better == Better::kHigher ? "higher" : "lower", metric.method);
    if (metric.cut)
      words += fmt::format(" {} units were cut to {:.4g}.",
                           count_text(static_cast<double>(metric.cut_units)), *metric.cut);
    if (metric.variance_reduction)
      words += fmt::format(" CUPED with the {} days before takes {:.0f} % off the variance.",
                           report.experiment.covariate_days, 100 * *metric.variance_reduction);
    text += "  " + wrapped(words, 2);
  }
  return text;
}

std::string head(const Report& report) {
  std::string text = wrapped(
      fmt::format("{}: {}, by {}{}", report.experiment.name, status_name(report.experiment.status),
                  unit_name(report.experiment.unit),
                  report.days == 0 ? std::string()
                                   : fmt::format(", {} to {} ({} days)", iso_day(report.from_ms),
                                                 iso_day(report.to_ms - 1), report.days)),
      0);
  if (!report.experiment.hypothesis.empty())
    text += "hypothesis  " + wrapped(report.experiment.hypothesis, 12);
  std::vector<std::string> parts;
  for (std::size_t v = 0; v < report.units.size(); ++v)
    parts.push_back(
        fmt::format("{} {}", report.experiment.variants[v].name, count_text(report.units[v])));
  text +=
      "split       " + wrapped(fmt::format("{}; {} (chi-square p = {:.3g})", fmt::join(parts, ", "),
                                           report.mismatch ? "MISMATCH: do not trust what follows"
                                                           : "as the weights ask",
                                           report.split.p),
                               12);
  text += "verdict     " + wrapped(report.sentence, 12);
  return text;
}

std::string tail(const Report& report) {
  std::string text;
  if (report.switched > 0)
    text += wrapped(fmt::format("{} units met a second variant; the first one counts.",
                                count_text(static_cast<double>(report.switched))),
                    0);
  if (report.unknown_variants > 0)
    text += wrapped(fmt::format("{} exposures name a variant that the experiment does not have.",
                                count_text(static_cast<double>(report.unknown_variants))),
                    0);
  return text;
}

std::string shown_rows(const Report& report) {
  if (report.different_items == 0) return "";
  std::string text =
      "\nshown             variant           lists     items  different  coverage  "
      "top 1 % of items\n";
  for (std::size_t v = 0; v < report.shown.size(); ++v) {
    const ShownItems& shown = report.shown[v];
    text += fmt::format(
        "{:<17} {:<13} {:>9} {:>9} {:>10} {:>7.1f} % {:>15.1f} %\n", "",
        fitting(report.experiment.variants[v].name, 13),
        count_text(static_cast<double>(shown.lists)), count_text(static_cast<double>(shown.items)),
        count_text(static_cast<double>(shown.different)),
        100 * static_cast<double>(shown.different) / static_cast<double>(report.different_items),
        100 * shown.top_share);
  }
  return text;
}

}  // namespace

std::string report_text(const Report& report) {
  const Cells titles{"metric",        "variant", "units", "value", "lift",
                     "95 % interval", "p",       "p adj", "p seq"};
  std::string text = head(report) + "\n" + row_text(titles);
  Role before = Role::kDecides;
  for (const MetricResult& metric : report.metrics) {
    if (metric.role == Role::kGuardrail && before != Role::kGuardrail) text += "guardrails\n";
    before = metric.role;
    text += metric_rows(metric);
  }
  for (const SegmentResult& segment : report.segments) {
    text += fmt::format("{} of units {}\n", report.metrics.front().metric.name,
                        segment.name == "new" ? "that were new" : "that were known before");
    for (const VariantResult& variant : segment.variants) text += variant_rows("", variant, false);
  }
  text += shown_rows(report) + "\n" + tail(report);
  text += wrapped(
      "p: fixed horizon, right only at an end that was set before the start. p adj: the same, "
      "corrected for several metrics (Benjamini-Hochberg). p seq: may be looked at every day.",
      0);
  return text + definitions(report);
}

}  // namespace sparrow::experiment
