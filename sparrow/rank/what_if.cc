#include "sparrow/rank/what_if.h"

#include <algorithm>
#include <numeric>

namespace sparrow::rank {
namespace {

constexpr std::size_t kTen = 10;
constexpr std::size_t kExamples = 20;

std::vector<Row> first_ten(const Recommender& recommender, const Request& usual, const Rules* rules,
                           Row seed) {
  Request request = usual;
  request.seeds = {{seed, 1}};
  request.size = kTen;
  request.rules = rules == nullptr || rules->empty() ? nullptr : rules;
  std::vector<Row> rows;
  for (const auto& item : recommender.recommend(request).items) rows.push_back(item.row);
  return rows;
}

std::vector<Row> without(const std::vector<Row>& from, const std::vector<Row>& what) {
  std::vector<Row> rest;
  for (const Row row : from) {
    if (std::find(what.begin(), what.end(), row) == what.end()) rest.push_back(row);
  }
  return rest;
}

// The turn-th of n, each once: steps of a stride that has no divisor in common with n.
std::size_t spread(std::size_t turn, std::size_t n) {
  std::size_t stride = static_cast<std::size_t>(0.618 * static_cast<double>(n)) + 1;
  while (std::gcd(stride, n) != 1) ++stride;
  return turn * stride % n;
}

// What one side's lists add up to.
struct Tally {
  std::vector<std::uint8_t> covered;
  double percentile = 0;
  double places = 0;
  std::map<std::string, double> genres;

  void add(const recall::ItemFacts& facts, const std::vector<Row>& list) {
    for (const Row row : list) {
      covered[row] = 1;
      percentile += static_cast<double>(facts.percentile(row));
      ++places;
      for (const auto& genre : facts.catalog()[row].list(data::kGenres)) ++genres[genre];
    }
  }
  double coverage() const {
    double n = 0;
    for (const auto c : covered) n += c;
    return covered.empty() ? 0 : n / static_cast<double>(covered.size());
  }
};

}  // namespace

WhatIf what_if(const Recommender& recommender, const recall::ItemFacts& facts, const Request& usual,
               const Rules& after, const WhatIfLimits& limits) {
  WhatIf result;
  Tally old_tally{.covered = std::vector<std::uint8_t>(facts.size(), 0), .genres = {}};
  Tally new_tally = old_tally;
  const std::size_t most = std::max<std::size_t>(1, limits.max_seeds);
  const std::size_t step = std::max<std::size_t>(1, (facts.size() + most - 1) / most);
  const auto deadline = std::chrono::steady_clock::now() + limits.time;
  // Every step-th item, in an order that is spread over the catalogue wherever it ends.
  const std::size_t seeds = (facts.size() + step - 1) / step;
  for (std::size_t turn = 0; turn < seeds; ++turn) {
    if (turn > 0 && std::chrono::steady_clock::now() > deadline) break;
    if (limits.stop.stop_requested()) break;
    const Row row = static_cast<Row>(spread(turn, seeds) * step);
    const auto old_list = first_ten(recommender, usual, usual.rules, row);
    const auto new_list = first_ten(recommender, usual, &after, row);
    ++result.seeds;
    old_tally.add(facts, old_list);
    new_tally.add(facts, new_list);
    result.short_lists += new_list.size() < kTen ? 1U : 0U;
    if (old_list == new_list) continue;
    ++result.seeds_changed;
    result.examples.push_back({row, without(old_list, new_list), without(new_list, old_list)});
  }
  std::stable_sort(result.examples.begin(), result.examples.end(),
                   [](const auto& a, const auto& b) { return a.gone.size() > b.gone.size(); });
  if (result.examples.size() > kExamples) result.examples.resize(kExamples);
  result.coverage_before = old_tally.coverage();
  result.coverage_after = new_tally.coverage();
  const double old_places = std::max(1.0, old_tally.places);
  const double new_places = std::max(1.0, new_tally.places);
  result.popularity_shift = new_tally.percentile / new_places - old_tally.percentile / old_places;
  for (const auto& genre : facts.genre_names()) {
    const double shift =
        new_tally.genres[genre] / new_places - old_tally.genres[genre] / old_places;
    if (shift != 0) result.genre_shift[genre] = shift;
  }
  return result;
}

nlohmann::json what_if_json(const WhatIf& what_if, const data::Catalog& catalog) {
  using nlohmann::json;
  const auto titles = [&](const std::vector<Row>& rows) {
    json list = json::array();
    for (const Row row : rows)
      list.push_back({{"id", catalog[row].id}, {"title", catalog[row].title}});
    return list;
  };
  json examples = json::array();
  for (const auto& example : what_if.examples)
    examples.push_back(
        {{"seed", {{"id", catalog[example.seed].id}, {"title", catalog[example.seed].title}}},
         {"gone", titles(example.gone)},
         {"new", titles(example.fresh)}});
  json genres = json::object();
  for (const auto& [genre, shift] : what_if.genre_shift) genres[genre] = shift;
  return {{"seeds", what_if.seeds},
          {"seeds_changed", what_if.seeds_changed},
          {"coverage_before", what_if.coverage_before},
          {"coverage_after", what_if.coverage_after},
          {"popularity_shift", what_if.popularity_shift},
          {"genre_shift", genres},
          {"short_lists", what_if.short_lists},
          {"examples", examples}};
}

}  // namespace sparrow::rank
