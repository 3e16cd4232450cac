// Calls that choose films to look at in a spot check: at random, by popularity, or the worst.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "sparrow/api/cards.h"
#include "sparrow/api/handlers.h"
#include "sparrow/core/random.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::api {
namespace {

using nlohmann::json;

constexpr std::size_t kTen = 10;
constexpr std::uint32_t kMinPositives = 5;  // as in the offline evaluation

struct ChosenSeed {
  Row row = kNoRow;
  double mean_match = -1;  // of the first ten; -1: not asked
  double mean_grade = -1;  // of what was judged among them; -1: nothing was
};

std::vector<std::uint32_t> positives_of(const recall::ItemFacts& facts) {
  std::vector<std::uint32_t> counts(facts.size());
  for (Row row = 0; row < counts.size(); ++row)
    counts[row] = static_cast<std::uint32_t>(facts.liked_by(row).size());
  return counts;
}

// `size` of `rows`, drawn without replacement.
std::vector<Row> draw(std::vector<Row> rows, std::size_t size, Random& random) {
  size = std::min(size, rows.size());
  for (std::size_t i = 0; i < size; ++i)
    std::swap(rows[i], rows[i + random.below(static_cast<std::uint32_t>(rows.size() - i))]);
  rows.resize(size);
  return rows;
}

// The last grade of every pair, mean of its graders.
std::map<std::pair<std::string, std::string>, double> mean_grades(const std::vector<json>& list) {
  std::map<std::pair<std::string, std::string>, std::map<std::string, double>> last;
  for (const json& e : list) {
    if (e.contains("grade") && e["grade"].is_number())
      last[{e.value("seed", ""), e.value("item", "")}][e.value("grader", "")] =
          e["grade"].get<double>();
  }
  std::map<std::pair<std::string, std::string>, double> means;
  for (const auto& [pair, grades] : last) {
    double sum = 0;
    for (const auto& [grader, grade] : grades) sum += grade;
    means[pair] = sum / static_cast<double>(grades.size());
  }
  return means;
}

// First the seeds whose judged neighbors have the lowest grades, then those whose first ten match
// least, among items with enough behavior to do better.
std::vector<ChosenSeed> worst_seeds(const live::ServedModel& served, std::size_t size,
                                    const std::vector<std::uint32_t>& positives,
                                    const std::vector<json>& judgements) {
  constexpr double kGood = 2;
  const data::Catalog& catalog = served.dataset->catalog;
  const auto grades = mean_grades(judgements);
  std::vector<ChosenSeed> all;
  for (Row row = 0; row < catalog.size(); ++row) {
    if (!served.recommender->knows(row)) continue;
    const auto judged = grades.lower_bound({catalog[row].id, ""});
    const bool has_grades = judged != grades.end() && judged->first.first == catalog[row].id;
    if (!has_grades && positives[row] < kMinPositives) continue;
    const auto list = served.recommender->similar({row, kTen, 0, {}});
    if (list.items.empty()) continue;
    ChosenSeed seed{row, 0, -1};
    double sum = 0;
    std::size_t known = 0;
    for (const auto& item : list.items) {
      seed.mean_match += item.match / static_cast<double>(list.items.size());
      const auto grade = grades.find({catalog[row].id, catalog[item.row].id});
      if (grade == grades.end()) continue;
      sum += grade->second;
      ++known;
    }
    if (known > 0) seed.mean_grade = sum / static_cast<double>(known);
    all.push_back(seed);
  }
  const auto badly_judged = [](const ChosenSeed& s) {
    return s.mean_grade >= 0 && s.mean_grade < kGood;
  };
  std::stable_sort(all.begin(), all.end(), [&](const ChosenSeed& a, const ChosenSeed& b) {
    if (badly_judged(a) != badly_judged(b)) return badly_judged(a);
    return badly_judged(a) ? a.mean_grade < b.mean_grade : a.mean_match < b.mean_match;
  });
  if (all.size() > size) all.resize(size);
  return all;
}

}  // namespace

void get_seeds(Context& c, http::Response& response) {
  c.query.allow_only({"kind", "size", "draw", "model"});
  const std::string kind = c.query.text("kind").value_or("stratified");
  const auto size = c.query.number("size", 8, 1, 100);
  Random random(c.query.number("draw", 1, 0, 1'000'000'000));
  if (kind != "random" && kind != "stratified" && kind != "worst")
    c.query.fail("kind", "must be random, stratified or worst");
  const auto served = model_of(c);
  if (failed(c, response)) return;
  const auto positives = positives_of(*c.view.facts);
  const auto cuts = evaluate::popularity_cuts(positives, kMinPositives);
  std::array<std::vector<Row>, evaluate::kSlices> strata;
  std::vector<Row> all;
  for (Row row = 0; row < positives.size(); ++row) {
    if (!c.now->may_show(row)) continue;
    strata.at(evaluate::slice_of(cuts, positives[row])).push_back(row);
    all.push_back(row);
  }
  std::vector<ChosenSeed> chosen;
  if (kind == "worst") {
    auto judged = c.services.judgements.entries();
    if (!judged) return fail(response, judged.error());
    chosen = worst_seeds(*served, size, positives, live::standing_judgements(std::move(*judged)));
  } else if (kind == "random") {
    for (const Row row : draw(all, size, random)) chosen.push_back({row});
  } else {
    for (std::size_t s = 0; s < strata.size(); ++s) {
      const auto share = size / strata.size() + (s < size % strata.size() ? 1 : 0);
      for (const Row row : draw(strata.at(s), share, random)) chosen.push_back({row});
    }
  }
  std::string& out = response.body;
  const auto put = std::back_inserter(out);
  out += "{\"seeds\":[";
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) out += ',';
    append_card(out, c, chosen[i].row);
    out.pop_back();
    const auto positive = positives[chosen[i].row];
    fmt::format_to(put, ",\"stratum\":\"{}\",\"positives\":{}",
                   evaluate::kSliceNames.at(evaluate::slice_of(cuts, positive)), positive);
    for (const auto& [name, value] : {std::pair{"mean_match", chosen[i].mean_match},
                                      std::pair{"mean_grade", chosen[i].mean_grade}}) {
      if (value < 0)
        fmt::format_to(put, ",\"{}\":null", name);
      else
        fmt::format_to(put, ",\"{}\":{:.2f}", name, value);
    }
    out += '}';
  }
  out += "],\"model\":";
  append_model(out, served->model.manifest);
  out += '}';
}

}  // namespace sparrow::api
