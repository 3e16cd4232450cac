// The data card as a page of its own.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sparrow/data/time_form.h"
#include "sparrow/evaluate/data_card.h"
#include "sparrow/evaluate/plots.h"

namespace sparrow::evaluate {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c1c1e;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "vertical-align:top}.facts{display:flex;flex-wrap:wrap;gap:2rem;margin:1rem 0}"
    ".facts div b{display:block;font-size:1.5rem}.plots{display:grid;gap:1.5rem;"
    "grid-template-columns:repeat(auto-fit,minmax(26rem,1fr))}figure{margin:0}"
    "figcaption{font-weight:600;margin-bottom:.3rem}svg{width:100%;height:auto}"
    "svg text{font-size:11px;fill:currentColor}.bar{fill:#9db4c8}.liked{fill:#2f6f9f}"
    ".warnings li{margin:.4rem 0}.heavy{border-left:4px solid #b3261e;padding-left:.6rem}"
    ".light{border-left:4px solid #c9a227;padding-left:.6rem}.unused{color:#6b6b70}"
    "@media(prefers-color-scheme:dark){body{background:#161618;color:#ececee}.bar{fill:#4a6276}"
    ".liked{fill:#6cb2e2}.unused{color:#9a9aa0}}";

struct Column {
  std::string label;
  std::uint64_t count = 0;
  bool marked = false;
};

// Vertical bars with their labels below and their counts above.
std::string columns_plot(const std::string& title, const std::vector<Column>& columns) {
  constexpr double kPlotWidth = 520;
  constexpr double kPlotHeight = 140;
  std::uint64_t most = 1;
  for (const Column& c : columns) most = std::max(most, c.count);
  const double step = kPlotWidth / static_cast<double>(std::max<std::size_t>(1, columns.size()));
  std::string svg = fmt::format(
      "<figure><figcaption>{0}</figcaption><svg viewBox=\"0 0 {1} {2}\" role=\"img\" "
      "aria-label=\"{0}\">",
      escaped(title), kPlotWidth, kPlotHeight + 40);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const double height =
        kPlotHeight * static_cast<double>(columns[c].count) / static_cast<double>(most);
    const double left = static_cast<double>(c) * step;
    svg += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{}: {}</title></rect>",
        columns[c].marked ? "liked" : "bar", left + 2, 16 + kPlotHeight - height,
        std::max(1.0, step - 4), height, escaped(columns[c].label), columns[c].count);
    if (columns[c].label.empty()) continue;
    const bool long_first = c == 0 && columns[c].label.size() > 6;  // a date would be cut
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                       long_first ? 0 : left + step / 2, kPlotHeight + 34,
                       long_first ? "start" : "middle", escaped(columns[c].label));
  }
  return svg + "</svg></figure>";
}

std::string plots(const DataCard& card) {
  const data::ValueScale& s = card.info.scale;
  std::string html;
  if (card.info.interactions > 0 && s.name != "none" && s.name != "presence") {
    std::vector<Column> values;
    for (std::size_t b = 0; b < data::ValueScale::kBins; ++b) {
      const double begin = s.bin_begin(b);
      values.push_back({fmt::format("{:.3g}", begin), s.histogram[b],
                        begin >= static_cast<double>(s.liked) - 1e-6});
    }
    html += columns_plot(fmt::format("Values; dark: liked ({:.0f} % of all)", 100 * s.liked_share),
                         values);
  }
  const auto activity = [&](const char* title, const Activity& a) {
    std::vector<Column> columns;
    for (const auto& bin : a.bins) columns.push_back({bin.name, bin.count, false});
    html += columns_plot(title, columns);
  };
  if (card.info.interactions > 0) {
    activity("Users by their number of interactions", card.users);
    activity("Items by their number of interactions", card.items);
  }
  if (card.info.ordered && card.info.interactions > 0) {
    std::vector<Column> parts;
    for (std::size_t p = 0; p < card.time.counts.size(); ++p) {
      const auto at = card.time.first + static_cast<std::int64_t>(p) *
                                            (card.time.last - card.time.first) /
                                            static_cast<std::int64_t>(card.time.counts.size());
      parts.push_back(
          {p % 6 == 0 ? data::time_text(at).substr(0, 10) : "", card.time.counts[p], false});
    }
    html += columns_plot("Interactions over time", parts);
  }
  return html;
}

std::string files_table(const DataCard& card) {
  std::string html =
      "<table><tr><th>File</th><th>Read as</th><th>Rows</th><th>Rejected</th><th>Columns</th></tr>";
  for (const data::SourceFile& f : card.info.files) {
    std::string columns;
    for (const auto& [name, role] : f.columns) {
      if (!columns.empty()) columns += ", ";
      columns += role.empty() ? fmt::format("<span class=\"unused\">{}</span>", escaped(name))
                              : fmt::format("{} = {}", escaped(role), escaped(name));
    }
    html += fmt::format("<tr><td>{}</td><td>{}: {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                        escaped(f.name), escaped(f.kind), escaped(f.dialect), f.rows,
                        f.rejected_lines, columns);
  }
  return html + "</table>";
}

std::string list(const std::vector<std::string>& entries) {
  std::string html = "<ul>";
  for (const auto& entry : entries) html += fmt::format("<li>{}</li>", escaped(entry));
  return html + "</ul>";
}

}  // namespace

std::string card_html(const DataCard& card) {
  const data::DatasetInfo& i = card.info;
  std::string html = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>Data card: {0}</title><style>{1}</style><h1>{0}</h1>",
      escaped(i.name), kStyle);
  html += fmt::format(
      "<div class=\"facts\"><div><b>{}</b>items</div><div><b>{}</b>users</div><div><b>{}</b>"
      "interactions</div><div><b>{:.1f} %</b>of the log joined</div><div><b>{:.0f} %</b>liked</div>"
      "<div><b>{}</b>items learned from behavior</div></div><p>{}</p>",
      i.items, i.users, i.interactions, 100 * i.joined, 100 * i.scale.liked_share, card.warm_items,
      escaped(data::scale_text(i.scale)));
  if (!card.warnings.empty()) {
    html += "<h2>What to look at</h2><ul class=\"warnings\">";
    constexpr int kHeavy = 50;
    for (const CardWarning& w : card.warnings)
      html +=
          fmt::format("<li class=\"{}\"><b>{}</b> {}</li>", w.weight >= kHeavy ? "heavy" : "light",
                      escaped(w.what), escaped(w.remedy));
    html += "</ul>";
  }
  html += "<h2>How it is spread</h2><div class=\"plots\">" + plots(card) + "</div>";
  html += "<h2>Files</h2>" + files_table(card) + list(i.notes);
  html +=
      "<h2>What is known of "
      "items</h2><table><tr><th>Attribute</th><th>Kind</th><th>Items</th></tr>";
  for (const UsedAttribute& a : card.attributes)
    html +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escaped(a.name), a.kind, a.items);
  html += fmt::format(
      "<tr><td>year</td><td>number</td><td>{}</td></tr><tr><td>tags</td><td>tags</td><td>{}</td>"
      "</tr></table><h2>What it means for each method</h2><table>",
      card.with_year, card.with_tags);
  for (const auto& [method, text] : card.methods)
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escaped(method), escaped(text));
  return html + "</table></html>\n";
}

}  // namespace sparrow::evaluate
