// The data card as a page of its own.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sparrow/data/time_form.h"
#include "sparrow/evaluate/chart.h"
#include "sparrow/evaluate/data_card.h"

namespace sparrow::evaluate {
namespace {

constexpr std::string_view kStyle =
    "td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}"
    ".facts{display:flex;flex-wrap:wrap;gap:2rem;margin:1rem 0}.facts div b{display:block;"
    "font-size:1.5rem}.warnings li{margin:.4rem 0}.heavy{border-left:4px solid #b3261e;"
    "padding-left:.6rem}.light{border-left:4px solid #c9a227;padding-left:.6rem}"
    ".unused{color:var(--ink-2)}";

std::string values_figure(const data::ValueScale& s) {
  std::vector<Column> values;
  for (std::size_t b = 0; b < data::ValueScale::kBins; ++b) {
    const double begin = s.bin_begin(b);
    values.push_back({fmt::format("{:.3g}", begin), static_cast<double>(s.histogram[b]),
                      begin >= static_cast<double>(s.liked) - 1e-6});
  }
  return figure("Values",
                fmt::format("Values from {:g} on, drawn darker, count as liked: {:.0f} % of all. "
                            "Lists are learned from those.",
                            s.liked, 100 * s.liked_share),
                column_drawing("value", "interactions", values));
}

std::string activity_figure(std::string_view title, std::string_view says, const char* counted,
                            const Activity& a) {
  std::vector<Column> columns;
  for (const auto& bin : a.bins)
    columns.push_back({bin.name, static_cast<double>(bin.count), false});
  return figure(title, says, column_drawing("interactions", counted, columns));
}

std::string time_figure(const DataCard& card) {
  std::vector<Column> parts;
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  const std::size_t count = card.time.counts.size();
  for (std::size_t p = 0; p < count; ++p) {
    const auto at = card.time.first + static_cast<std::int64_t>(p) *
                                          (card.time.last - card.time.first) /
                                          static_cast<std::int64_t>(count);
    all += card.time.counts[p];
    if (2 * p >= count) last += card.time.counts[p];
    parts.push_back({p % 6 == 0 ? data::time_text(at).substr(0, 10) : "",
                     static_cast<double>(card.time.counts[p]), false});
  }
  return figure("Interactions over time",
                fmt::format("{:.0f} % of them lie in the later half of the time. A gap, or a wall "
                            "at one day, is worth a look: there a file may be missing or imported.",
                            100 * static_cast<double>(last) /
                                static_cast<double>(std::max<std::uint64_t>(1, all))),
                column_drawing("first day of each part", "interactions", parts));
}

std::string plots(const DataCard& card) {
  const data::ValueScale& s = card.info.scale;
  if (card.info.interactions == 0) return "";
  std::string html;
  if (s.name != "none" && s.name != "presence") html += values_figure(s);
  html += activity_figure("Users by their number of interactions",
                          "Users with one interaction teach nothing about what belongs together; "
                          "the further right the columns stand, the better.",
                          "users", card.users);
  html += activity_figure("Items by their number of interactions",
                          fmt::format("{} of {} items are known well enough to be learned from "
                                      "behavior; the others are placed by their content.",
                                      card.warm_items, card.info.items),
                          "items", card.items);
  if (card.info.ordered && !card.time.counts.empty()) html += time_figure(card);
  return html;
}

std::string files_table(const DataCard& card) {
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\"><table><tr><th>File</th><th>Read "
      "as</th><th>Rows</th><th>Rejected</th><th>Columns</th></tr>";
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
  return html + "</table></div>";
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
      "content=\"width=device-width\"><title>Data card: "
      "{0}</title><style>{1}{2}</style><h1>{0}</h1>",
      escaped(i.name), chart_style(), kStyle);
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
