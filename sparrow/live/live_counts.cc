#include "sparrow/live/live_counts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace sparrow::live {
namespace {

// Sums are kept as of one moment; it moves before 2^n of what comes exceeds what floats hold well.
constexpr double kMostDoublings = 60;
// Below it a pair or an item says nothing: about half of what one person gives.
constexpr double kFaded = 0.05;

}  // namespace

LiveCounts::LiveCounts(const LiveCountsOptions& options, std::int64_t start_s)
    : options_(options), start_s_(start_s) {}

double LiveCounts::growth(double half_life_s, std::int64_t time_s) const {
  return std::exp2(static_cast<double>(time_s - start_s_) / half_life_s);
}

void LiveCounts::set_items(std::vector<float> popularity) {
  items_.resize(std::max(items_.size(), popularity.size()));
  popularity_ = std::move(popularity);
  popularity_.resize(items_.size(), 0);
  popularity_sum_ = 0;
  for (const float p : popularity_) popularity_sum_ += static_cast<double>(p);
}

// All sums as of a later moment.
void LiveCounts::shift_start(std::int64_t time_s) {
  const double recent = 1 / growth(options_.recent_half_life_s, time_s);
  const double usual = 1 / growth(options_.usual_half_life_s, time_s);
  const auto shift = [&](Sums& sums) {
    sums.recent *= recent;
    sums.usual *= usual;
    sums.people *= usual;
  };
  for (Sums& sums : items_) shift(sums);
  shift(all_);
  baskets_ *= usual;
  for (auto& [row, partners] : partners_) {
    for (Partner& partner : partners) partner.people *= static_cast<float>(usual);
  }
  start_s_ = time_s;
}

LiveCounts::Person& LiveCounts::person_of(std::uint64_t person) {
  const auto [at, fresh] = people_.try_emplace(person);
  if (fresh) {
    at->second.place = idle_.insert(idle_.end(), person);
    if (people_.size() > options_.most_people) {
      people_.erase(idle_.front());
      idle_.pop_front();
    }
  } else {
    idle_.splice(idle_.end(), idle_, at->second.place);
  }
  return at->second;
}

void LiveCounts::forget(std::uint64_t person) {
  const auto at = people_.find(person);
  if (at == people_.end()) return;
  idle_.erase(at->second.place);
  people_.erase(at);
}

void LiveCounts::add_weight(Row row, double weight, std::int64_t time_s) {
  const double recent = weight * growth(options_.recent_half_life_s, time_s);
  const double usual = weight * growth(options_.usual_half_life_s, time_s);
  for (Sums* sums : {&items_[row], &all_}) {
    sums->recent += recent;
    sums->usual += usual;
  }
}

void LiveCounts::add(const LiveUse& use) {
  if (use.row >= items_.size() || use.weight <= 0) return;
  if (static_cast<double>(use.time_s - start_s_) > kMostDoublings * options_.recent_half_life_s)
    shift_start(use.time_s);
  Person& person = person_of(use.person);
  const auto near = [&](const Last& last) {
    return std::abs(last.time_s - use.time_s) <= options_.window_s;
  };
  for (Last& last : person.items) {
    if (last.row != use.row || !near(last)) continue;
    // Counted already: only what this event says more than the strongest so far.
    if (use.weight > last.weight) {
      add_weight(use.row, static_cast<double>(use.weight - last.weight), use.time_s);
      last.weight = use.weight;
    }
    return;
  }
  add_weight(use.row, static_cast<double>(use.weight), use.time_s);
  const double one = growth(options_.usual_half_life_s, use.time_s);
  items_[use.row].people += one;
  bool begins = true;
  for (const Last& last : person.items) {
    if (!near(last)) continue;
    begins = false;
    if (last.row != use.row) add_pair(use.row, last.row, one);
  }
  if (begins) baskets_ += one;
  if (person.items.size() >= options_.most_items_of_one)
    person.items.erase(
        std::min_element(person.items.begin(), person.items.end(),
                         [](const Last& a, const Last& b) { return a.time_s < b.time_s; }));
  person.items.push_back({use.time_s, use.row, use.weight});
}

void LiveCounts::add_pair(Row a, Row b, double amount) {
  add_partner(a, b, amount);
  add_partner(b, a, amount);
  if (pairs_ > options_.most_pairs) drop_weak_pairs();
}

void LiveCounts::add_partner(Row of, Row partner, double amount) {
  std::vector<Partner>& partners = partners_[of];
  for (Partner& known : partners) {
    if (known.row != partner) continue;
    known.people += static_cast<float>(amount);
    return;
  }
  if (partners.size() < options_.most_partners) {
    partners.push_back({partner, static_cast<float>(amount)});
    ++pairs_;
    return;
  }
  const auto weakest =
      std::min_element(partners.begin(), partners.end(),
                       [](const Partner& a, const Partner& b) { return a.people < b.people; });
  *weakest = {partner, static_cast<float>(amount)};
}

// The weaker half of every item's partners; an item's only one goes.
void LiveCounts::drop_weak_pairs() {
  for (auto at = partners_.begin(); at != partners_.end();) {
    std::vector<Partner>& partners = at->second;
    const auto half = static_cast<std::ptrdiff_t>(partners.size() / 2);
    std::nth_element(partners.begin(), partners.begin() + half, partners.end(),
                     [](const Partner& a, const Partner& b) { return a.people > b.people; });
    pairs_ -= partners.size() - static_cast<std::size_t>(half);
    partners.resize(static_cast<std::size_t>(half));
    partners.shrink_to_fit();
    at = partners.empty() ? partners_.erase(at) : std::next(at);
  }
}

LiveCounts::Use LiveCounts::use_of(Row row, std::int64_t now_s) const {
  const double recent = 1 / growth(options_.recent_half_life_s, now_s);
  const double usual = 1 / growth(options_.usual_half_life_s, now_s);
  Use use;
  use.recent = items_[row].recent * recent;
  use.usual = items_[row].usual * usual;
  const auto before = [](double all, double now) { return std::max(0.0, all - now); };
  const double popularity = popularity_sum_ > 0
                                ? static_cast<double>(popularity_[row]) / popularity_sum_
                                : 1 / static_cast<double>(items_.size());
  const double share = (before(use.usual, use.recent) + options_.prior_weight * popularity) /
                       (before(all_.usual * usual, all_.recent * recent) + options_.prior_weight);
  use.expected = share * all_.recent * recent;
  return use;
}

double LiveCounts::trend_of(const Use& use, double smoothing) {
  return std::log((use.recent + smoothing) / (use.expected + smoothing));
}

double LiveCounts::together(Row a, Row b, std::int64_t now_s) const {
  const auto found = partners_.find(a);
  if (found == partners_.end()) return 0;
  for (const Partner& partner : found->second) {
    if (partner.row == b)
      return static_cast<double>(partner.people) / growth(options_.usual_half_life_s, now_s);
  }
  return 0;
}

void LiveCounts::find_trending(std::int64_t now_s, recall::LiveSignals& signals) const {
  if (all_.recent <= 0) return;
  TopK top(options_.most_trending);
  const double least = kFaded * growth(options_.recent_half_life_s, now_s);
  for (Row row = 0; row < items_.size(); ++row) {
    if (items_[row].recent < least) continue;
    const double trend = trend_of(use_of(row, now_s), options_.smoothing);
    if (trend > 0) top.add(row, static_cast<float>(trend));
  }
  signals.trending = top.take();
}

void LiveCounts::find_partners(std::int64_t now_s, recall::LiveSignals& signals) const {
  const double now = 1 / growth(options_.usual_half_life_s, now_s);
  const double people = baskets_ * now + options_.prior_people;
  for (const auto& [row, partners] : partners_) signals.seeds.push_back(row);
  std::sort(signals.seeds.begin(), signals.seeds.end());
  std::vector<Row> kept;
  for (const Row row : signals.seeds) {
    TopK top(options_.most_partners_shown);
    for (const Partner& partner : partners_.at(row)) {
      const double n = static_cast<double>(partner.people) * now;
      if (n < kFaded) continue;
      const double expected = items_[row].people * now * items_[partner.row].people * now / people;
      const double score = std::log(n / std::max(expected, 1e-12)) * n / (n + options_.smoothing);
      if (score > 0) top.add(partner.row, static_cast<float>(score));
    }
    const auto best = top.take();
    if (best.empty()) continue;
    kept.push_back(row);
    signals.partners.insert(signals.partners.end(), best.begin(), best.end());
    signals.offsets.push_back(static_cast<std::uint32_t>(signals.partners.size()));
  }
  signals.seeds = std::move(kept);
}

recall::LiveSignals LiveCounts::signals(std::int64_t now_s) const {
  recall::LiveSignals signals;
  find_trending(now_s, signals);
  find_partners(now_s, signals);
  return signals;
}

}  // namespace sparrow::live
