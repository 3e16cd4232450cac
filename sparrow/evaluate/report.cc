// The three forms of a report: JSON for programs, Markdown for documents, HTML for people.

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/evaluate/chart.h"
#include "sparrow/evaluate/offline.h"
#include "sparrow/evaluate/plots.h"

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

nlohmann::json curve_json(const std::vector<CurvePoint>& curve) {
  nlohmann::json points = nlohmann::json::array();
  for (const CurvePoint& p : curve) points.push_back({p.x, p.y, p.count});
  return points;
}

nlohmann::json slices_json(const std::array<NextItem, kSlices>& slices) {
  nlohmann::json j;
  for (std::size_t s = 0; s < kSlices; ++s) j[kSliceNames[s]] = next_json(slices[s]);
  return j;
}

nlohmann::json lists_json(const ListQuality& q) {
  return {{"seeds", q.seeds},
          {"ndcg", q.ndcg},
          {"ndcg_interval", {q.ndcg_interval.low, q.ndcg_interval.high}},
          {"judged", q.judged},
          {"judged_interval", {q.judged_interval.low, q.judged_interval.high}}};
}

nlohmann::json cold_json(const ColdSlice& cold) {
  nlohmann::json j = {{"hidden_items", cold.hidden},
                      {"next", next_json(cold.method)},
                      {"words_alone", next_json(cold.words)},
                      {"p_value", cold.p_value}};
  if (cold.groups)
    j["groups"] = {{"auc", cold.groups->auc},
                   {"words_alone", cold.words_groups->auc},
                   {"difference", cold.groups_difference.value},
                   {"p_value", cold.groups_difference.p}};
  return j;
}

nlohmann::json pair_json(const PairQuality& q, const std::optional<PairQuality>& first) {
  nlohmann::json j = {{"positives", q.positives},
                      {"negatives", q.negatives},
                      {"auc", q.auc},
                      {"auc_interval", {q.auc_interval.low, q.auc_interval.high}},
                      {"average_precision", q.average_precision},
                      {"precision_recall", curve_json(q.precision_recall)},
                      {"reliability", curve_json(q.reliability)}};
  if (first && &*first != &q) {
    const Difference d = paired_auc(first->placements, q.placements);
    j["auc_against_first"] = {
        {"difference", d.value}, {"interval", {d.interval.low, d.interval.high}}, {"p_value", d.p}};
  }
  return j;
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
    if (&m != &report.methods.front()) {
      j["p_value_against_first"] = paired_permutation_p(first.user_hit, m.held_out.user_hit, 1);
      // Equal users have equal weights in every method: only what was hit differs.
      j["p_value_ipw_against_first"] =
          paired_permutation_p(first.user_weighted_hit, m.held_out.user_weighted_hit, 1);
    }
    if (m.whole)
      j["whole_catalogue"] = {{"skew", m.whole->skew},
                              {"coverage", m.whole->coverage},
                              {"gini", m.whole->gini},
                              {"genre_coherence", m.whole->genre_coherence}};
    if (m.cold) j["cold_slice"] = cold_json(*m.cold);
    if (m.groups) j["groups"] = pair_json(*m.groups, report.methods.front().groups);
    if (m.judged) j["ground_truth"] = pair_json(*m.judged, report.methods.front().judged);
    if (m.judged_lists) j["ground_truth"]["lists"] = lists_json(*m.judged_lists);
    j["slices"] = {{"held_out_users", slices_json(m.held_out_slices)},
                   {"leave_last_out", slices_json(m.last_out_slices)}};
    for (const PopularityMatch& p : m.popularity_match)
      j["popularity_match"].push_back({p.popularity, p.match, p.pairs});
    j["seed_hits"] = m.seed_hits;
    methods.push_back(std::move(j));
  }
  nlohmann::json cuts = nlohmann::json::array();
  for (const PopularityCuts& c : report.cuts)
    cuts.push_back({{"head", c.head}, {"middle", c.middle}, {"tail", c.tail}});
  nlohmann::json seeds = nlohmann::json::array();
  for (const AskedSeed& s : report.seeds)
    seeds.push_back({{"id", s.id}, {"title", s.title}, {"transitions", s.transitions}});
  return {{"cuts", cuts},
          {"seeds", seeds},
          {"data",
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

namespace {

// Targets by popularity, and what people judged.
std::string slices_markdown(const Report& report) {
  const PopularityCuts& cuts = report.cuts.back();
  std::string text = fmt::format(
      "\nNX / IPW, then Hit / IPW, by popularity of the target in training (last positives: head "
      ">= "
      "{0}, middle {1}-{2}, tail {3}-{4}, cold < {3}; the head holds half of all positives, the "
      "middle three tenths). Cold targets: lists over the whole catalogue.\n\n"
      "| method | head | middle | tail | cold |\n|---|---|---|---|---|\n",
      cuts.head, cuts.middle, cuts.head - 1, cuts.tail, cuts.middle - 1);
  for (const auto& m : report.methods) {
    text += fmt::format("| {} |", m.name);
    for (std::size_t s = 0; s < kSlices; ++s) {
      const NextItem& nx = m.held_out_slices[s];
      const NextItem& hit = m.last_out_slices[s];
      const bool none = m.baseline && s + 1 == kSlices;
      text += none ? " - |"
                   : fmt::format(" {:.3f} / {:.3f}, {:.3f} / {:.3f} |", nx.hit, nx.hit_ipw, hit.hit,
                                 hit.hit_ipw);
    }
    text += "\n";
  }
  const auto& first = report.methods.front();
  text += "| targets |";
  for (std::size_t s = 0; s < kSlices; ++s)
    text += fmt::format(" {}, {} |", first.held_out_slices[s].transitions,
                        first.last_out_slices[s].transitions);
  return text + "\n";
}

std::string interval_text(const Interval& interval) {
  return fmt::format("{:.3f}-{:.3f}", interval.low, interval.high);
}

// Each method against the first: differences, their p, and intervals that stand alone.
std::string paired_markdown(const Report& report) {
  const auto& first = report.methods.front();
  std::string text = fmt::format(
      "\nAgainst {}: differences with p of a paired sign-flip permutation test over users; of "
      "series "
      "AUC with 95 % interval and p over the same pairs, a series a cluster (DeLong et al. 1988, "
      "Obuchowski 1997). Then 95 % bootstrap intervals of each alone.\n\n"
      "| method | NX | p | IPW | p | series AUC | p | NX interval | IPW interval | series AUC "
      "interval |\n|---|---|---|---|---|---|---|---|---|---|\n",
      first.name);
  for (const auto& m : report.methods) {
    const NextItem& n = m.held_out;
    const bool same = &m == &first;
    text += fmt::format(
        "| {} | {} | {} | {} | {} |", m.name,
        same ? "" : fmt::format("{:+.3f}", n.hit - first.held_out.hit),
        same ? ""
             : fmt::format("{:.3f}", paired_permutation_p(first.held_out.user_hit, n.user_hit, 1)),
        same ? "" : fmt::format("{:+.3f}", n.hit_ipw - first.held_out.hit_ipw),
        same ? ""
             : fmt::format("{:.3f}", paired_permutation_p(first.held_out.user_weighted_hit,
                                                          n.user_weighted_hit, 1)));
    const bool pairs = !same && m.groups && first.groups;
    const Difference d =
        pairs ? paired_auc(first.groups->placements, m.groups->placements) : Difference{};
    text += pairs ? fmt::format(" {:+.3f} ({:+.3f} to {:+.3f}) | {:.3f} |", d.value, d.interval.low,
                                d.interval.high, d.p)
                  : " | |";
    text += fmt::format(" {} | {} | {} |\n", interval_text(bootstrap_mean(n.user_hit, 1)),
                        interval_text(bootstrap_ratio(n.user_weighted_hit, n.user_weight, 2)),
                        m.groups ? interval_text(m.groups->auc_interval) : "-");
  }
  return text;
}

std::string judged_markdown(const Report& report) {
  std::string text;
  for (const auto& m : report.methods) {
    if (!m.judged_lists || !m.judged) continue;
    const ListQuality& q = *m.judged_lists;
    text += fmt::format(
        "| {} | {:.3f} ({:.3f}-{:.3f}) | {:.3f} | {:.3f} ({:.3f}-{:.3f}) | {:.3f} ({:.3f}-{:.3f}) "
        "| {} |\n",
        m.name, m.judged->auc, m.judged->auc_interval.low, m.judged->auc_interval.high,
        m.judged->average_precision, q.ndcg, q.ndcg_interval.low, q.ndcg_interval.high, q.judged,
        q.judged_interval.low, q.judged_interval.high, q.seeds);
  }
  if (text.empty()) return text;
  return fmt::format(
      "\nJudged pairs, with 95 % bootstrap intervals.\n\n| method | AUC | AP | NDCG@{0} | "
      "judged@{0} | seeds |\n|---|---|---|---|---|---|\n{1}",
      report.options.k, text);
}

std::string cold_markdown(const Report& report) {
  std::string text;
  for (const auto& m : report.methods) {
    if (!m.cold) continue;
    const ColdSlice& c = *m.cold;
    text += fmt::format("| {} | {} | {:.3f} / {:.3f} | {:.3f} / {:.3f} | {:.3f} | {} |\n", m.name,
                        c.hidden, c.method.hit, c.method.hit_ipw, c.words.hit, c.words.hit_ipw,
                        c.p_value,
                        c.groups ? fmt::format("{:.3f} | {:.3f} | {:.3f}", c.groups->auc,
                                               c.words_groups->auc, c.groups_difference.p)
                                 : "- | - | -");
  }
  if (text.empty()) return text;
  return "\nKnown items with their behavior hidden, against words alone "
         "(TF-IDF).\n\n| method | hidden "
         "| NX / IPW | words alone | p | series AUC | words alone | p "
         "|\n|---|---|---|---|---|---|---|---|\n" +
         text;
}

}  // namespace

std::string to_markdown(const Report& report) {
  const auto& o = report.options;
  std::string text = fmt::format(
      "Data: {}{} ({} items, {} users, {} interactions), hash {}. k = {}, {} splits of held-out "
      "users, seed {}.\n\n",
      report.data.name, report.data.simulated ? " (simulated)" : "", report.data.items,
      report.data.users, report.data.interactions, report.data.hash.substr(0, 12), o.k, o.splits,
      o.seed);
  text +=
      "| method | NX / IPW | NX tail | NDCG | MRR | Hit / IPW | served NX "
      "| lift | skew | coverage "
      "| all items: skew | coverage | genre | Gini | genre | diversity | "
      "series AUC | judged AUC | s "
      "|\n";
  text +=
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---"
      "|---|---|\n";
  for (const auto& m : report.methods) {
    text += fmt::format(
        "| {}{} | {:.3f} / {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} / {:.3f} "
        "| {:.3f} | {:+.2f} "
        "| {:.2f} | {:.3f} | {} | {:.2f} | {:.2f} | {:.2f} | {} | {} | {} |\n",
        m.name, m.baseline ? " (baseline)" : "", m.held_out.hit, m.held_out.hit_ipw,
        m.held_out.hit_tail, m.held_out.ndcg, m.held_out.mrr, m.last_out.hit, m.last_out.hit_ipw,
        m.served_hit, m.health.popularity_lift, m.health.skew, m.health.coverage,
        m.whole ? fmt::format("{:.2f} | {:.3f} | {:.2f}", m.whole->skew, m.whole->coverage,
                              m.whole->genre_coherence)
                : "- | - | -",
        m.health.gini, m.health.genre_coherence, m.health.diversity,
        m.groups ? fmt::format("{:.3f}", m.groups->auc) : "-",
        m.judged ? fmt::format("{:.3f}", m.judged->auc) : "-",
        m.baseline ? "-" : fmt::format("{:.1f}", m.seconds));
  }
  if (!report.methods.empty())
    text += slices_markdown(report) + paired_markdown(report) + cold_markdown(report) +
            judged_markdown(report);
  return text;
}

std::string to_terminal(const Report& report) {
  constexpr std::size_t kName = 26;
  const auto optional = [](const std::optional<PairQuality>& q) {
    return q ? fmt::format("{:.3f}", q->auc) : std::string("-");
  };
  std::string text = fmt::format(
      "{}{}: {} items, {} users, {} interactions; k = {}, {} splits, seed {}\n\n", report.data.name,
      report.data.simulated ? " (simulated)" : "", report.data.items, report.data.users,
      report.data.interactions, report.options.k, report.options.splits, report.options.seed);
  text +=
      fmt::format("{:<{}} {:>5} {:>13} {:>6} {:>6} {:>6} {:>8} {:>6} {:>6} {:>7}\n", "method",
                  kName, "NX", "95 %", "IPW", "lift", "skew", "coverage", "series", "judged", "s");
  for (const auto& m : report.methods) {
    const Interval i = bootstrap_mean(m.held_out.user_hit, 1);
    std::string name = m.name + (m.baseline ? " (baseline)" : "");
    if (name.size() > kName) name = name.substr(0, kName - 3) + "...";
    text += fmt::format(
        "{:<{}} {:>5.3f} {:>13} {:>6.3f} {:>+6.2f} {:>6.2f} {:>8.3f} {:>6} {:>6} {:>7}\n", name,
        kName, m.held_out.hit, fmt::format("{:.3f} - {:.3f}", i.low, i.high), m.held_out.hit_ipw,
        m.health.popularity_lift, m.health.skew, m.health.coverage, optional(m.groups),
        optional(m.judged), m.baseline ? "-" : fmt::format("{:.1f}", m.seconds));
  }
  return text +
         "\nNX: share of the items that people took next among the first k; series, judged: AUC.\n"
         "Left out for want of room: NX tail, NDCG, MRR, Hit, served NX, genre, Gini, diversity, "
         "all\n"
         "items, slices by popularity, paired tests. They are in the report: --out FOLDER, or a "
         "pipe.\n";
}

std::string to_html(const Report& report) {
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
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>Sparrow evaluation: {0}</title><style>{9}"
      "td,th{{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right}}"
      "th:first-child{{text-align:left}}</style>"
      "<h1>Evaluation on {0}{1}</h1><p>{2} items, {3} users, {4} interactions; data hash {5}; k = "
      "{6}; {7} splits; lines beside dots are 95 % bootstrap intervals over users.</p>"
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>method</th><th>NX</th><th>NX "
      "IPW</th><th>Hit"
      "</th><th>Hit IPW</th><th>lift</th><th>skew</th><th>coverage</th><th>genre</th><th>series "
      "AUC</th></tr></thead><tbody>{8}</tbody></table></div><div class=\"plots\">{10}</div>"
      "</html>\n",
      escaped(report.data.name), report.data.simulated ? " (simulated viewers)" : "",
      report.data.items, report.data.users, report.data.interactions,
      report.data.hash.substr(0, 12), report.options.k, report.options.splits, table, chart_style(),
      quality_figures(report));
}

}  // namespace sparrow::evaluate
