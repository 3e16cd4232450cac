#include "sparrow/experiment/click_model.h"

#include <algorithm>
#include <cmath>

namespace sparrow::experiment {
namespace {

constexpr int kMostRounds = 100;
constexpr double kStill = 1e-4;  // examinations that change by less do not change
constexpr double kLeast = 1e-6;  // of a probability

std::uint64_t pair_of(std::uint32_t seed, std::uint32_t item) {
  return std::uint64_t{seed} << 32U | item;
}

struct Look {
  std::uint32_t pair;  // number of (seed, item)
  std::uint16_t place;
  bool clicked;
};

struct Expected {
  double sum = 0;
  double count = 0;
};

// One round: what was looked at and what attracts, as expected under the present numbers.
void expect(const std::vector<Look>& looks, const std::vector<double>& examination,
            const std::vector<double>& attraction, std::vector<Expected>& looked,
            std::vector<Expected>& attracted) {
  for (const Look& look : looks) {
    const double g = examination[look.place];
    const double a = attraction[look.pair];
    const double no_click = std::max(kLeast, 1 - g * a);
    looked[look.place].sum += look.clicked ? 1 : g * (1 - a) / no_click;
    looked[look.place].count += 1;
    attracted[look.pair].sum += look.clicked ? 1 : a * (1 - g) / no_click;
    attracted[look.pair].count += 1;
  }
}

}  // namespace

double ClickModel::attraction(std::uint32_t seed, std::uint32_t item) const {
  const auto found = attraction_.find(pair_of(seed, item));
  return found == attraction_.end() ? mean_ : found->second;
}

ClickModel fit_click_model(const ShownLists& shown, const std::vector<bool>* part) {
  std::unordered_map<std::uint64_t, std::uint32_t> pairs;
  std::vector<Look> looks;
  std::size_t places = 0;
  double clicks = 0;
  for (std::size_t l = 0; l < shown.lists.size(); ++l) {
    if (part != nullptr && !(*part)[l]) continue;
    const ShownList& list = shown.lists[l];
    places = std::max<std::size_t>(places, list.size);
    for (std::uint32_t k = 0; k < list.size; ++k) {
      const ShownPlace& place = shown.places[list.first + k];
      const auto pair = pairs.try_emplace(pair_of(list.seed, place.item),
                                          static_cast<std::uint32_t>(pairs.size()));
      looks.push_back({pair.first->second, static_cast<std::uint16_t>(k), place.reward > 0});
      clicks += place.reward > 0 ? 1 : 0;
    }
  }
  ClickModel model;
  if (looks.empty()) return model;
  const double rate = std::clamp(clicks / static_cast<double>(looks.size()), kLeast, 0.5);
  std::vector<double> examination(places, 0.5);
  std::vector<double> attraction(pairs.size(), std::min(0.9, 2 * rate));
  double mean = 2 * rate;
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<Expected> looked(places);
    std::vector<Expected> attracted(pairs.size());
    expect(looks, examination, attraction, looked, attracted);
    double change = 0;
    for (std::size_t k = 0; k < places; ++k) {
      const double next = std::clamp(looked[k].sum / std::max(1.0, looked[k].count), kLeast, 1.0);
      change = std::max(change, std::abs(next - examination[k]));
      examination[k] = next;
    }
    double sum = 0;
    for (std::size_t p = 0; p < attraction.size(); ++p) {
      attraction[p] =
          std::clamp((attracted[p].sum + kPriorShows * mean) / (attracted[p].count + kPriorShows),
                     kLeast, 1.0);
      sum += attraction[p] * attracted[p].count;
    }
    mean = sum / static_cast<double>(looks.size());
    if (change < kStill) break;
  }
  // Only the product is known: the first place is the measure.
  const double first = examination.front();
  for (double& value : examination) value /= first;
  model.examination = std::move(examination);
  model.mean_ = mean * first;
  for (const auto& [pair, number] : pairs) model.attraction_[pair] = attraction[number] * first;
  return model;
}

}  // namespace sparrow::experiment
