#include "sparrow/experiment/replay.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <boost/math/distributions/normal.hpp>
#include <fmt/format.h>

#include "sparrow/experiment/click_model.h"
#include "sparrow/experiment/hash.h"

namespace sparrow::experiment {
namespace {

constexpr double kLeastSupport = 0.9;
constexpr double kLeastEffective = 100;

// Sums over a unit's lists.
struct UnitSums {
  double lists = 0;
  double logged = 0;
  double ips = 0;
  double dr = 0;
  double snips = 0;  // of the deviations w (r - V_k) / W_k
};

// One place of one list: the weight, 0 where something else stood there.
struct Weighed {
  std::uint32_t list;
  std::uint16_t place;
  float weight;
  float reward;
};

struct PlaceSums {
  double lists = 0;
  double weights = 0;
  double rewards = 0;
};

// Two models, each fitted on the units that the other is used for.
class CrossFitted {
 public:
  explicit CrossFitted(const ShownLists& shown) : shown_(shown) {
    for (const bool half : {false, true}) {
      std::vector<bool> others(shown.lists.size());
      for (std::size_t l = 0; l < shown.lists.size(); ++l)
        others[l] = half_of(shown.lists[l]) != half;
      models_[half ? 1 : 0] = fit_click_model(shown, &others);
      double sum = 0;
      double rewarded = 0;
      for (std::size_t l = 0; l < shown.lists.size(); ++l) {
        if (!others[l]) continue;
        const ShownList& list = shown.lists[l];
        for (std::uint32_t k = 0; k < list.size; ++k) {
          const float reward = shown.places[list.first + k].reward;
          sum += static_cast<double>(reward);
          rewarded += reward > 0 ? 1 : 0;
        }
      }
      worth_[half ? 1 : 0] = rewarded > 0 ? sum / rewarded : 0;
    }
  }

  // Expected reward.
  double of(const ShownList& list, std::uint32_t item, std::size_t place) const {
    const std::size_t half = half_of(list) ? 1 : 0;
    return worth_[half] * models_[half].click(list.seed, item, place);
  }

 private:
  bool half_of(const ShownList& list) const {
    return unit_position("replay", shown_.units[list.unit], Draw::kVariant) < 0.5;
  }
  const ShownLists& shown_;
  ClickModel models_[2];
  double worth_[2] = {0, 0};  // of a rewarded place
};

// The lists of the ranking, each seed asked once for as much as any of its lists shows.
class TargetLists {
 public:
  TargetLists(const ShownLists& shown, const TargetRanking& target) {
    std::unordered_map<std::uint32_t, std::size_t> sizes;
    for (const ShownList& list : shown.lists) {
      std::size_t& size = sizes[list.seed];
      size = std::max<std::size_t>(size, list.size);
    }
    for (const auto& [seed, size] : sizes) lists_[seed] = target(seed, size);
  }
  // kNoName: the ranking has nothing there.
  std::uint32_t at(std::uint32_t seed, std::size_t place) const {
    const auto& list = lists_.at(seed);
    return place < list.size() ? list[place] : kNoName;
  }

 private:
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> lists_;
};

ReplayEstimate by_unit(const std::vector<UnitSums>& units, double UnitSums::*number, double z) {
  std::vector<double> y;
  std::vector<double> x;
  for (const UnitSums& unit : units) {
    y.push_back(unit.*number);
    x.push_back(unit.lists);
  }
  const auto found = estimate(moments(y, x));
  if (!found) return {};
  const double half = z * std::sqrt(found->variance);
  return {found->value, {found->value - half, found->value + half}};
}

ReplayEstimate self_normalised(std::vector<UnitSums>& units, const ShownLists& shown,
                               const std::vector<Weighed>& weighed,
                               const std::vector<PlaceSums>& places, double z) {
  ReplayEstimate result;
  for (const PlaceSums& place : places) {
    if (place.weights > 0)
      result.value +=
          place.lists / static_cast<double>(shown.lists.size()) * place.rewards / place.weights;
  }
  for (const Weighed& one : weighed) {
    const PlaceSums& place = places[one.place];
    const double share = place.lists / static_cast<double>(shown.lists.size());
    units[shown.lists[one.list].unit].snips +=
        share * static_cast<double>(one.weight) *
        (static_cast<double>(one.reward) - place.rewards / place.weights) / place.weights;
  }
  double variance = 0;
  for (const UnitSums& unit : units) variance += unit.snips * unit.snips;
  const auto n = static_cast<double>(units.size());
  const double half = n > 1 ? z * std::sqrt(variance * n / (n - 1)) : 0;
  result.interval = {result.value - half, result.value + half};
  return result;
}

std::string trouble_of(const Replay& made) {
  if (made.lists == 0)
    return "no list that chance had a part in: set explore, for example explore=0.2 in a scenario";
  if (made.units < 2) return "all lists are of one user or session";
  if (made.effective < kLeastEffective)
    return fmt::format(
        "only {:.0f} effective places agree with the ranking: more lists, or more "
        "exploration",
        made.effective);
  if (made.support < kLeastSupport)
    return fmt::format(
        "{:.0f} % of the ranking's places could not have been shown: explored lists "
        "reach the first 2 x size items of the live ranking, and ips counts the "
        "rest as worth nothing",
        100 * (1 - made.support));
  return {};
}

// The sums of all lists, one list after the other.
class ReplaySums {
 public:
  ReplaySums(const ShownLists& shown, const TargetRanking& target, double clip)
      : shown_(shown),
        ranking_(shown, target),
        expected_(shown),
        clip_(clip),
        units_(shown.units.size()) {
    made_.lists = shown.lists.size();
    made_.units = shown.units.size();
    made_.places = shown.places.size();
    made_.without_seed = shown.without_seed;
  }

  void add(std::uint32_t number) {
    const ShownList& list = shown_.lists[number];
    UnitSums& unit = units_[list.unit];
    unit.lists += 1;
    if (places_.size() < list.size) places_.resize(list.size);
    for (std::uint32_t k = 0; k < list.size; ++k) {
      const ShownPlace& place = shown_.places[list.first + k];
      places_[k].lists += 1;
      unit.logged += static_cast<double>(place.reward);
      const std::uint32_t wanted = ranking_.at(list.seed, k);
      if (wanted != kNoName) unit.dr += expected_.of(list, wanted, k);
      if (wanted == place.item) add_match(number, k, place);
    }
  }

  Replay finish(double confidence) {
    const double z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
    made_.support = weights_ / static_cast<double>(made_.places);
    made_.effective = squares_ > 0 ? weights_ * weights_ / squares_ : 0;
    made_.logged = by_unit(units_, &UnitSums::logged, z);
    made_.ips = by_unit(units_, &UnitSums::ips, z);
    made_.dr = by_unit(units_, &UnitSums::dr, z);
    made_.snips = self_normalised(units_, shown_, weighed_, places_, z);
    made_.examination = fit_click_model(shown_).examination;
    made_.trouble = trouble_of(made_);
    return made_;
  }

 private:
  // The ranking has at this place what stood there.
  void add_match(std::uint32_t number, std::uint32_t k, const ShownPlace& place) {
    const ShownList& list = shown_.lists[number];
    UnitSums& unit = units_[list.unit];
    const double full = 1 / static_cast<double>(place.propensity);
    const double weight = std::min(full, clip_);
    const auto reward = static_cast<double>(place.reward);
    ++made_.matched;
    made_.clipped += full > clip_ ? 1 : 0;
    weights_ += weight;
    squares_ += weight * weight;
    places_[k].weights += weight;
    places_[k].rewards += weight * reward;
    unit.ips += weight * reward;
    unit.dr += weight * (reward - expected_.of(list, place.item, k));
    weighed_.push_back(
        {number, static_cast<std::uint16_t>(k), static_cast<float>(weight), place.reward});
  }

  const ShownLists& shown_;
  const TargetLists ranking_;
  const CrossFitted expected_;
  const double clip_;
  Replay made_;
  std::vector<UnitSums> units_;
  std::vector<PlaceSums> places_;
  std::vector<Weighed> weighed_;  // places that agree
  double weights_ = 0;
  double squares_ = 0;
};

}  // namespace

Replay replay(const ShownLists& shown, const TargetRanking& target, const ReplayOptions& options) {
  if (shown.lists.empty()) {
    Replay none;
    none.trouble = trouble_of(none);
    return none;
  }
  ReplaySums sums(shown, target, options.clip);
  for (std::uint32_t l = 0; l < shown.lists.size(); ++l) sums.add(l);
  return sums.finish(options.confidence);
}

nlohmann::json replay_json(const Replay& replay) {
  const auto number = [](const ReplayEstimate& e) {
    return nlohmann::json{{"value", e.value}, {"interval", {e.interval.low, e.interval.high}}};
  };
  return {{"lists", replay.lists},
          {"units", replay.units},
          {"places", replay.places},
          {"without_seed", replay.without_seed},
          {"matched", replay.matched},
          {"clipped", replay.clipped},
          {"support", replay.support},
          {"effective_places", replay.effective},
          {"logged", number(replay.logged)},
          {"ips", number(replay.ips)},
          {"snips", number(replay.snips)},
          {"dr", number(replay.dr)},
          {"examination", replay.examination},
          {"trouble", replay.trouble}};
}

std::string replay_text(const Replay& replay, const std::string& reward) {
  std::string text = fmt::format(
      "{} lists with chance in them, {} units, {} places; {} places agree with the ranking\n"
      "support {:.2f} (1: every place could have been shown), {:.0f} effective places, {} weights "
      "cut\n\n{:<36}{:>9}   95 % interval\n",
      replay.lists, replay.units, replay.places, replay.matched, replay.support, replay.effective,
      replay.clipped, "", reward + " a list");
  const auto row = [&](const char* name, const ReplayEstimate& e) {
    text += fmt::format("{:<36}{:>9.4g}   {:.4g} .. {:.4g}\n", name, e.value, e.interval.low,
                        e.interval.high);
  };
  row("as it was live", replay.logged);
  row("ranking, doubly robust (dr)", replay.dr);
  row("ranking, self-normalised (snips)", replay.snips);
  row("ranking, inverse propensity (ips)", replay.ips);
  text += "\nlooked at, by place (the first is 1):";
  for (const double value : replay.examination) text += fmt::format(" {:.2f}", value);
  text +=
      "\nassumed: an item's worth depends on its seed, itself and its place, not on its "
      "neighbours; "
      "lists depend on\ntheir seed alone; every place of the ranking could have been shown; people "
      "are as they were\n";
  if (replay.without_seed > 0)
    text += fmt::format("left out: {} lists without a seed\n", replay.without_seed);
  if (!replay.trouble.empty()) text += "careful: " + replay.trouble + "\n";
  return text;
}

}  // namespace sparrow::experiment
