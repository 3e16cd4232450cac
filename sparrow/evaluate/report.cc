// The three forms of a report: JSON for programs, Markdown for documents, HTML for people.

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/evaluate/offline.h"

namespace sparrow::evaluate {
namespace {

nlohmann::json next_json(const NextItem& n) {
  const Interval hit = bootstrap_mean(n.user_hit, 1);
  const Interval ipw = bootstrap_ratio(n.user_weighted_hit, n.user_weight, 2);
  return {{"hit", n.hit},
          {"hit_interval", {hit.low, hit.high}},
          {"hit_ipw", n.hit_ipw},
          {"hit_ipw_interval", {ipw.low, ipw.high}},
          {"ndcg", n.ndcg},
          {"mrr", n.mrr},
          {"hit_tail", n.hit_tail},
          {"transitions", n.transitions},
          {"users", n.user_hit.size()}};
}

nlohmann::json pair_json(const PairQuality& q) {
  return {{"positives", q.positives},
          {"negatives", q.negatives},
          {"auc", q.auc},
          {"auc_interval", {q.auc_interval.low, q.auc_interval.high}},
          {"average_precision", q.average_precision}};
}

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

// Horizontal bars with intervals, one a method.
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

// Accuracy against popularity lift: where popular filler would sit.
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

}  // namespace

nlohmann::json to_json(const Report& report) {
  nlohmann::json methods = nlohmann::json::array();
  const NextItem& first = report.methods.front().held_out;
  for (const auto& m : report.methods) {
    nlohmann::json j = {{"name", m.name},
                        {"baseline", m.baseline},
                        {"held_out_users", next_json(m.held_out)},
                        {"leave_last_out", next_json(m.last_out)},
                        {"served_hit", m.served_hit},
                        {"seconds", m.seconds},
                        {"lists",
                         {{"skew", m.health.skew},
                          {"coverage", m.health.coverage},
                          {"gini", m.health.gini},
                          {"popularity_lift", m.health.popularity_lift},
                          {"novelty", m.health.novelty},
                          {"genre_coherence", m.health.genre_coherence},
                          {"diversity", m.health.diversity}}}};
    if (&m != &report.methods.front())
      j["p_value_against_first"] = paired_permutation_p(first.user_hit, m.held_out.user_hit, 1);
    if (m.groups) j["groups"] = pair_json(*m.groups);
    if (m.judged) j["ground_truth"] = pair_json(*m.judged);
    methods.push_back(std::move(j));
  }
  return {{"data",
           {{"name", report.data.name},
            {"hash", report.data.hash},
            {"simulated", report.data.simulated}}},
          {"protocol",
           {{"k", report.options.k},
            {"splits", report.options.splits},
            {"held_out_share", report.options.held_out_share},
            {"min_positives", report.options.min_positives},
            {"seed", report.options.seed}}},
          {"methods", methods}};
}

std::string to_markdown(const Report& report) {
  const auto& o = report.options;
  std::string text = fmt::format(
      "Data: {}{} ({} items, {} users, {} interactions), hash {}. k = {}, {} splits of held-out "
      "users, seed {}.\n\n",
      report.data.name, report.data.simulated ? " (simulated)" : "", report.data.items,
      report.data.users, report.data.interactions, report.data.hash.substr(0, 12), o.k, o.splits,
      o.seed);
  text +=
      "| method | NX / IPW | NX tail | NDCG | MRR | Hit / IPW | served NX | lift | skew | coverage "
      "| Gini | genre | diversity | series AUC | judged AUC | s |\n";
  text += "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& m : report.methods) {
    text += fmt::format(
        "| {}{} | {:.3f} / {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} / {:.3f} | {:.3f} | {:+.2f} "
        "| {:.2f} | {:.3f} | {:.2f} | {:.2f} | {:.2f} | {} | {} | {} |\n",
        m.name, m.baseline ? " (baseline)" : "", m.held_out.hit, m.held_out.hit_ipw,
        m.held_out.hit_tail, m.held_out.ndcg, m.held_out.mrr, m.last_out.hit, m.last_out.hit_ipw,
        m.served_hit, m.health.popularity_lift, m.health.skew, m.health.coverage, m.health.gini,
        m.health.genre_coherence, m.health.diversity,
        m.groups ? fmt::format("{:.3f}", m.groups->auc) : "-",
        m.judged ? fmt::format("{:.3f}", m.judged->auc) : "-",
        m.baseline ? "-" : fmt::format("{:.1f}", m.seconds));
  }
  return text;
}

std::string to_html(const Report& report) {
  std::vector<std::pair<std::string, double>> plain, ipw, skew;
  std::vector<Interval> plain_intervals, ipw_intervals;
  for (const auto& m : report.methods) {
    plain.emplace_back(m.name, m.held_out.hit);
    plain_intervals.push_back(bootstrap_mean(m.held_out.user_hit, 1));
    ipw.emplace_back(m.name, m.held_out.hit_ipw);
    ipw_intervals.push_back(
        bootstrap_ratio(m.held_out.user_weighted_hit, m.held_out.user_weight, 2));
    skew.emplace_back(m.name, m.health.skew);
  }
  std::string table;
  for (const auto& m : report.methods) {
    table += fmt::format(
        "<tr><th "
        "scope=\"row\">{}</th><td>{:.3f}</td><td>{:.3f}</td><td>{:.3f}</td><td>{:.3f}</"
        "td><td>{:+.2f}</td><td>{:.2f}</td><td>{:.3f}</td><td>{:.2f}</td><td>{}</td></tr>",
        escaped(m.name), m.held_out.hit, m.held_out.hit_ipw, m.last_out.hit, m.last_out.hit_ipw,
        m.health.popularity_lift, m.health.skew, m.health.coverage, m.health.genre_coherence,
        m.groups ? fmt::format("{:.3f}", m.groups->auc) : "–");
  }
  return fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sparrow evaluation: "
      "{0}</title><style>"
      "body{{font:15px system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 "
      "1rem;color:#1c2430}}table{{border-collapse:collapse}}"
      "td,th{{padding:.3rem .7rem;border-bottom:1px solid "
      "#d8dee6;text-align:right}}th:first-child{{text-align:left}}svg{{width:100%;font:13px "
      "system-ui}}"
      "rect{{fill:#3b6fb5}}line{{stroke:#10243f;stroke-width:2}}circle{{fill:#b5533b}}figcaption{{"
      "font-weight:600}}</style>"
      "<h1>Evaluation on {0}{1}</h1><p>{2} items, {3} users, {4} interactions; data hash {5}; k = "
      "{6}; {7} splits; bars show 95 % bootstrap intervals over users.</p>"
      "<table><thead><tr><th>method</th><th>NX</th><th>NX IPW</th><th>Hit</th><th>Hit "
      "IPW</th><th>lift</th><th>skew</th><th>coverage</th><th>genre</th><th>series "
      "AUC</th></tr></thead><tbody>{8}</tbody></table>{9}{10}{11}{12}</html>\n",
      escaped(report.data.name), report.data.simulated ? " (simulated viewers)" : "",
      report.data.items, report.data.users, report.data.interactions,
      report.data.hash.substr(0, 12), report.options.k, report.options.splits, table,
      bars("Next-item Hit@k, held-out users", plain, plain_intervals),
      bars("The same, each target weighted by 1 / popularity", ipw, ipw_intervals),
      bars("Hubness: skewness of N_k (lower is better)", skew, {}), scatter(report));
}

}  // namespace sparrow::evaluate
