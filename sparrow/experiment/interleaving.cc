#include "sparrow/experiment/interleaving.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include <boost/math/distributions/normal.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/experiment/hash.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/sequential.h"

namespace sparrow::experiment {
namespace {

constexpr double kLevel = 0.05;

struct TeamList {
  std::uint32_t unit = 0;
  std::unordered_map<std::string, char> team;  // of its items that were not credited yet
};

struct Credit {
  std::int64_t day = 0;
  std::uint32_t unit = 0;
  char team = 'a';
};

struct UnitCredits {
  double a = 0;
  double b = 0;
};

std::optional<Estimate> preference_of(const std::vector<UnitCredits>& units) {
  std::vector<double> difference;
  std::vector<double> all;
  for (const UnitCredits& unit : units) {
    difference.push_back(unit.b - unit.a);
    all.push_back(unit.a + unit.b);
  }
  return estimate(moments(difference, all));
}

// One look at the end of each day.
double sequential_least(const std::vector<Credit>& credits, std::size_t units, double minimum) {
  double least = 1;
  std::vector<UnitCredits> sums(units);
  for (std::size_t c = 0; c < credits.size(); ++c) {
    UnitCredits& unit = sums[credits[c].unit];
    (credits[c].team == 'b' ? unit.b : unit.a) += 1;
    if (c + 1 < credits.size() && credits[c + 1].day == credits[c].day) continue;
    const auto now = preference_of(sums);
    if (now && static_cast<double>(c + 1) >= kLeastUnits && now->variance > 0)
      least = std::min(least, sequential_p(now->value, now->variance, minimum));
  }
  return least;
}

std::string sentence_of(const Interleaving& found) {
  if (found.lists == 0) return "no list was interleaved yet";
  if (found.credits_a + found.credits_b == 0)
    return fmt::format("nobody did anything with the {} lists yet", found.lists);
  const bool called = found.p_sequential < kLevel;
  if (!called)
    return fmt::format("undecided: {:+.1f} % towards {}", 100 * std::abs(found.preference),
                       found.preference > 0 ? found.b : found.a);
  return fmt::format(
      "people prefer {}: of all that was done with items of one of the two, {:.1f} "
      "% was with its items",
      found.preference > 0 ? found.b : found.a, 50 * (1 + std::abs(found.preference)));
}

void summarise(const std::vector<Credit>& credits, double minimum_lift, Interleaving& found) {
  std::vector<UnitCredits> units(found.units);
  for (const Credit& credit : credits)
    (credit.team == 'b' ? units[credit.unit].b : units[credit.unit].a) += 1;
  for (const UnitCredits& unit : units) {
    found.credits_a += unit.a;
    found.credits_b += unit.b;
    found.decided += unit.a != unit.b ? 1 : 0;
    found.prefer_b += unit.b > unit.a ? 1 : 0;
  }
  const auto value = preference_of(units);
  if (!value) return;
  const boost::math::normal normal;
  const double error = std::sqrt(value->variance);
  const double half = boost::math::quantile(normal, 1 - kLevel / 2) * error;
  found.preference = value->value;
  found.interval = {value->value - half, value->value + half};
  if (error > 0) found.p = 2 * boost::math::cdf(normal, -std::abs(value->value) / error);
  found.p_sequential = sequential_least(credits, found.units, minimum_lift);
}

}  // namespace

Result<Interleaving> interleaving(const Records& records, const Experiment& experiment,
                                  std::int64_t now_ms) {
  Interleaving found;
  found.experiment = experiment.name;
  found.a = experiment.variants[0].name;
  found.b = experiment.variants[1].name;
  const Measure& first = experiment.metrics.front().numerator;
  found.types = first.counted == Counted::kEvents ? first.types : std::vector<std::string>{"click"};
  const events::TimeSpan span{experiment.start_ms,
                              experiment.stop_ms > 0 ? experiment.stop_ms : now_ms + 1};
  std::unordered_map<std::uint64_t, TeamList> lists;
  std::unordered_map<std::string, std::uint32_t> units;
  auto read = records.impressions(span, [&](const events::Impression& list) {
    const auto teams = events::variant_in(list.variants, experiment.name);  // a letter an item
    const std::string& unit = experiment.unit == Unit::kSession ? list.session : list.user;
    // A forced variant is a name, not a letter for each item.
    if (teams.size() != list.items.size() || teams.find_first_not_of("ab") != teams.npos ||
        unit.empty())
      return;
    TeamList entry;
    entry.unit = units.try_emplace(unit, static_cast<std::uint32_t>(units.size())).first->second;
    for (std::size_t k = 0; k < teams.size(); ++k) entry.team[list.items[k].item] = teams[k];
    lists.insert_or_assign(xxh64(list.request, 0), std::move(entry));
    ++found.lists;
  });
  if (!read) return read.error();
  found.units = units.size();
  std::vector<Credit> credits;
  read = records.events(span, [&](const events::Event& event) {
    if (event.request.empty() ||
        std::find(found.types.begin(), found.types.end(), event.type) == found.types.end())
      return;
    const auto list = lists.find(xxh64(event.request, 0));
    if (list == lists.end()) return;
    const auto item = list->second.team.find(event.item);
    if (item == list->second.team.end()) return;
    credits.push_back({event.time_ms / kDayMs, list->second.unit, item->second});
    list->second.team.erase(item);
  });
  if (!read) return read.error();
  std::stable_sort(credits.begin(), credits.end(),
                   [](const Credit& x, const Credit& y) { return x.day < y.day; });
  summarise(credits, experiment.minimum_lift, found);
  found.sentence = sentence_of(found);
  return found;
}

nlohmann::json interleaving_json(const Interleaving& found) {
  return {{"experiment", found.experiment},
          {"method", "interleave"},
          {"a", found.a},
          {"b", found.b},
          {"types", found.types},
          {"lists", found.lists},
          {"units", found.units},
          {"decided_units", found.decided},
          {"prefer_b_units", found.prefer_b},
          {"credits_a", found.credits_a},
          {"credits_b", found.credits_b},
          {"preference", found.preference},
          {"interval", {found.interval.low, found.interval.high}},
          {"p", found.p},
          {"sequential", {{"p", found.p_sequential}}},
          {"verdict", {{"sentence", found.sentence}}}};
}

std::string interleaving_text(const Interleaving& found) {
  return fmt::format(
      "{}: {}\n\n"
      "lists of both           {}\n"
      "units                   {}, of them {} did more with one team's items: {} {}, {} {}\n"
      "{:<24}{:.0f} {}, {:.0f} {}\n"
      "preference              {:+.1f} % towards {} [{:+.1f} .. {:+.1f} %], p {:.3f}, sequential p "
      "{:.3f}\n"
      "                        (credits of {} - credits of {}) / all, by the delta method at the "
      "unit\n",
      found.experiment, found.sentence, found.lists, found.units, found.decided,
      found.decided - found.prefer_b, found.a, found.prefer_b, found.b,
      fmt::format("{}", fmt::join(found.types, ", ")), found.credits_a, found.a, found.credits_b,
      found.b, 100 * found.preference, found.b, 100 * found.interval.low, 100 * found.interval.high,
      found.p, found.p_sequential, found.b, found.a);
}

}  // namespace sparrow::experiment
