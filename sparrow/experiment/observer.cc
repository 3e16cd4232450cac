#include "sparrow/experiment/observer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sparrow/experiment/hash.h"
#include "sparrow/experiment/iso_time.h"

namespace sparrow::experiment {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool counts(const Measure& measure, const events::Event& event) {
  return (measure.counted == Counted::kEvents || measure.counted == Counted::kValues) &&
         (!measure.of_lists || !event.request.empty()) && contains(measure.types, event.type);
}

std::int64_t day_number(std::int64_t ms) {
  return (ms - ((ms % kDayMs) + kDayMs) % kDayMs) / kDayMs;
}

}  // namespace

void ItemPopularity::count(const events::Event& event, std::int64_t begin_ms) {
  static const std::vector<std::string> kTaken = {"click", "play", "complete", "like", "purchase"};
  if (event.item.empty() || !contains(kTaken, event.type)) return;
  Count& count = counts_[event.item];
  ++count.all;
  ++all_;
  if (event.time_ms >= begin_ms) return;
  ++count.before;
  ++before_;
}

void ItemPopularity::settle() { use_before_ = before_ > 0; }

double ItemPopularity::interactions(const std::string& item) const {
  const auto found = counts_.find(item);
  if (found == counts_.end()) return 0;
  return use_before_ ? found->second.before : found->second.all;
}

double ItemPopularity::popularity(const std::string& item) const {
  return std::log1p(interactions(item));
}

double ItemPopularity::novelty(const std::string& item) const {
  const double all = (use_before_ ? before_ : all_) + static_cast<double>(counts_.size()) + 1;
  return -std::log2((1 + interactions(item)) / all);
}

Observer::Observer(const Experiment& experiment, const std::vector<Metric>& metrics,
                   const ObserveOptions& options)
    : experiment_(experiment), metrics_(metrics), options_(options) {
  for (const Metric& metric : metrics_) {
    measure_index(metric.numerator);
    measure_index(metric.denominator);
  }
  wants_popularity_ = std::any_of(measures_.begin(), measures_.end(), [](const Measure& measure) {
    return measure.counted == Counted::kPopularity || measure.counted == Counted::kNovelty;
  });
  made_.shown.resize(experiment_.variants.size());
}

std::uint16_t Observer::measure_index(const Measure& measure) {
  const auto found = std::find(measures_.begin(), measures_.end(), measure);
  const auto index = static_cast<std::size_t>(found - measures_.begin());
  if (found == measures_.end()) measures_.push_back(measure);
  return static_cast<std::uint16_t>(index);
}

void Observer::expose(const events::Exposure& exposure) {
  const std::int64_t stop = experiment_.stop_ms != 0 ? experiment_.stop_ms : options_.now_ms;
  if (exposure.time_ms < experiment_.start_ms || exposure.time_ms >= stop) return;
  const auto found =
      std::find_if(experiment_.variants.begin(), experiment_.variants.end(),
                   [&](const Variant& variant) { return variant.name == exposure.variant; });
  if (found == experiment_.variants.end()) {
    ++made_.unknown_variants;
    return;
  }
  const auto variant = static_cast<std::uint32_t>(found - experiment_.variants.begin());
  const auto [entry, fresh] =
      by_name_.try_emplace(exposure.unit, static_cast<std::uint32_t>(made_.units.size()));
  if (fresh) {
    made_.units.push_back(exposure.unit);
    made_.variant.push_back(variant);
    exposed_ms_.push_back(exposure.time_ms);
    switched_.push_back(false);
    return;
  }
  const std::uint32_t unit = entry->second;
  if (made_.variant[unit] != variant) switched_[unit] = true;
  if (exposure.time_ms < exposed_ms_[unit]) {
    exposed_ms_[unit] = exposure.time_ms;
    made_.variant[unit] = variant;
  }
}

events::TimeSpan Observer::begin() {
  made_.switched = static_cast<std::size_t>(std::count(switched_.begin(), switched_.end(), true));
  if (made_.units.empty()) return {0, 0};
  made_.from_ms = *std::min_element(exposed_ms_.begin(), exposed_ms_.end());
  made_.to_ms =
      experiment_.stop_ms != 0 ? std::min(experiment_.stop_ms, options_.now_ms) : options_.now_ms;
  made_.to_ms = std::max(made_.to_ms, made_.from_ms + 1);
  constexpr std::int64_t kMostDays = 30'000;  // they must fit into 16 bits
  made_.days = static_cast<std::int32_t>(
      std::min(kMostDays, day_number(made_.to_ms - 1) - day_number(made_.from_ms) + 1));
  made_.known_before.assign(made_.units.size(), false);
  for (const std::int64_t ms : exposed_ms_) made_.joined.push_back(day_of(ms));
  return {made_.from_ms - experiment_.covariate_days * kDayMs, made_.to_ms};
}

std::int16_t Observer::day_of(std::int64_t time_ms) const {
  const std::int64_t last = made_.days - 1;
  if (!options_.series) return static_cast<std::int16_t>(last);
  return static_cast<std::int16_t>(std::min(last, day_number(time_ms) - day_number(made_.from_ms)));
}

std::uint32_t Observer::unit_of(const std::string& name) const {
  if (name.empty()) return kNobody;
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? kNobody : found->second;
}

std::uint32_t Observer::unit_of(const events::Impression& impression) const {
  switch (experiment_.unit) {
    case Unit::kUser:
      return unit_of(impression.user);
    case Unit::kSession:
      return unit_of(impression.session);
    case Unit::kItemDay:
      return unit_of(impression.seed + "|" + iso_day(impression.time_ms));
  }
  return kNobody;
}

void Observer::note_request(const events::Impression& impression) {
  const std::uint32_t unit = unit_of(impression);
  if (unit != kNobody && !impression.request.empty())
    by_request_[xxh64(impression.request, 0)] = unit;
}

Observer::Place Observer::place(std::uint32_t unit, std::int64_t time_ms) const {
  if (unit == kNobody || time_ms >= made_.to_ms) return {};
  if (time_ms >= exposed_ms_[unit]) return {unit, day_of(time_ms)};
  const std::int64_t earliest = exposed_ms_[unit] - experiment_.covariate_days * kDayMs;
  const bool before = experiment_.unit != Unit::kItemDay && time_ms >= earliest;
  return before ? Place{unit, kBefore} : Place{};
}

void Observer::add(Place place, std::size_t measure, double amount) {
  increments_.add({place.unit, place.day, static_cast<std::uint16_t>(measure), amount});
}

void Observer::add_session(Place place, std::size_t measure, const std::string& session) {
  if (session.empty()) return;
  const std::uint64_t seed = 2 * std::uint64_t{place.unit} + (place.day == kBefore ? 1 : 0);
  if (sessions_.insert(xxh64(session, seed)).second) add(place, measure, 1);
}

// A day with anything in it, after that of the exposure, or before it.
void Observer::add_visit(Place place) {
  if (place.day == kBefore) made_.known_before[place.unit] = true;
  if (place.day != kBefore && place.day <= made_.joined[place.unit]) return;
  for (std::size_t m = 0; m < measures_.size(); ++m) {
    if (measures_[m].counted == Counted::kReturns) add(place, m, 1);
  }
}

void Observer::take(const events::Event& event) {
  if (wants_popularity_) popularity_.count(event, made_.from_ms);
  std::uint32_t unit = kNobody;
  if (experiment_.unit == Unit::kItemDay) {
    const auto found = by_request_.find(xxh64(event.request, 0));
    if (found != by_request_.end() && !event.request.empty()) unit = found->second;
  } else {
    unit = unit_of(experiment_.unit == Unit::kUser ? event.user : event.session);
  }
  const Place at = place(unit, event.time_ms);
  if (at.unit == kNobody) return;
  ++(at.day == kBefore ? made_.events_before : made_.events);
  add_visit(at);
  for (std::size_t m = 0; m < measures_.size(); ++m) {
    const Measure& measure = measures_[m];
    if (measure.counted == Counted::kSessions) add_session(at, m, event.session);
    if (!counts(measure, event)) continue;
    if (measure.counted == Counted::kEvents)
      add(at, m, 1);
    else if (!std::isnan(event.value))
      add(at, m, event.value);
  }
}

// Whether a list came, and how long it took.
void Observer::count_answer(Place at, const events::Impression& list) {
  using State = events::Impression::State;
  const bool timed = list.took_us != events::kNoDuration && list.state != State::kFailed;
  for (std::size_t m = 0; m < measures_.size(); ++m) {
    const Counted what = measures_[m].counted;
    if (what == Counted::kAsked || (what == Counted::kFailed && list.state == State::kFailed) ||
        (what == Counted::kDegraded && list.state == State::kDegraded) ||
        (what == Counted::kTimed && timed) ||
        (what == Counted::kSlow && timed && list.took_us >= 1000 * kSlowListMs))
      add(at, m, 1);
    if (what == Counted::kTook && timed) add(at, m, list.took_us / 1000.0);
  }
}

void Observer::take(const events::Impression& impression) {
  const std::uint32_t unit = unit_of(impression);
  const Place at = place(unit, impression.time_ms);
  if (at.unit == kNobody) return;
  if (!experiment_.scenarios.empty() && !contains(experiment_.scenarios, impression.scenario))
    return;
  count_answer(at, impression);
  add_visit(at);
  if (impression.state == events::Impression::State::kFailed) return;
  if (at.day != kBefore) count_shown(unit, impression);
  const auto size = static_cast<double>(impression.items.size());
  const auto sum = [&](double (ItemPopularity::*of)(const std::string&) const) {
    double total = 0;
    for (const auto& shown : impression.items) total += (popularity_.*of)(shown.item);
    return total;
  };
  for (std::size_t m = 0; m < measures_.size(); ++m) {
    const Counted what = measures_[m].counted;
    const bool first = impression.offset == 0;
    if (what == Counted::kLists) add(at, m, 1);
    if (what == Counted::kShown) add(at, m, size);
    if (what == Counted::kFirstLists && first) add(at, m, 1);
    if (what == Counted::kShortLists && first && impression.items.size() < kShortList)
      add(at, m, 1);
    if (what == Counted::kPopularity) add(at, m, sum(&ItemPopularity::popularity));
    if (what == Counted::kNovelty) add(at, m, sum(&ItemPopularity::novelty));
  }
}

void Observer::count_shown(std::uint32_t unit, const events::Impression& impression) {
  const std::uint32_t variant = made_.variant[unit];
  ++made_.shown[variant].lists;
  made_.shown[variant].items += impression.items.size();
  for (const auto& shown : impression.items) {
    auto& times = shown_[shown.item];
    times.resize(experiment_.variants.size());
    ++times[variant];
  }
}

void Observer::summarise_shown() {
  made_.different_items = shown_.size();
  const std::size_t top = std::max<std::size_t>(1, shown_.size() / 100);
  for (std::size_t v = 0; v < made_.shown.size(); ++v) {
    ShownItems& shown = made_.shown[v];
    std::vector<std::uint32_t> times;
    for (const auto& [item, by_variant] : shown_) {
      if (by_variant[v] > 0) times.push_back(by_variant[v]);
    }
    shown.different = times.size();
    const auto kept = std::min(top, times.size());
    std::partial_sort(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(kept), times.end(),
                      std::greater<>());
    const auto sum = std::accumulate(
        times.begin(), times.begin() + static_cast<std::ptrdiff_t>(kept), std::uint64_t{0});
    if (shown.items > 0)
      shown.top_share = static_cast<double>(sum) / static_cast<double>(shown.items);
  }
}

// Writes one side of a metric: numerators (above) or denominators.
void Observer::fill(const Measure& measure, std::optional<double> cut, bool above,
                    MetricRows& rows) {
  auto& now = above ? rows.y : rows.x;
  auto& before = above ? rows.before_y : rows.before_x;
  const bool covariates = experiment_.covariate_days > 0 && experiment_.unit != Unit::kItemDay;
  const double start = measure.counted == Counted::kUnits ? 1 : 0;
  now.assign(made_.units.size(), start);
  if (covariates) before.assign(made_.units.size(), start);
  const auto value = [&](double sum) {
    const double scaled = measure.keep == Keep::kAny ? (sum > 0 ? 1 : 0) : sum * measure.factor;
    return cut ? std::min(*cut, scaled) : scaled;
  };
  const auto step = [&](std::uint32_t unit, std::int32_t day, double amount) {
    rows.steps.push_back({unit, day, above ? amount : 0, above ? 0 : amount});
  };
  if (measure.counted == Counted::kUnits) {
    for (std::uint32_t unit = 0; unit < made_.units.size(); ++unit)
      step(unit, made_.joined[unit], 1);
    return;
  }
  double sum = 0;
  std::uint32_t current = kNobody;
  for (const Increment& increment : increments_.of(measure_index(measure))) {
    if (increment.day == kBefore) {
      if (covariates) before[increment.unit] = value(increment.amount);
      continue;
    }
    if (increment.unit != current) sum = 0;
    current = increment.unit;
    sum += increment.amount;
    const double grown = value(sum);
    step(increment.unit, increment.day, grown - now[increment.unit]);
    now[increment.unit] = grown;
  }
}

MetricRows Observer::rows(const Metric& metric) {
  MetricRows rows;
  rows.metric = metric;
  fill(metric.numerator, std::nullopt, true, rows);
  if (metric.winsorise < 1) {
    const double cut = quantile(rows.y, metric.winsorise);
    rows.cut_units = static_cast<std::size_t>(
        std::count_if(rows.y.begin(), rows.y.end(), [&](double y) { return y > cut; }));
    // Of what hardly anyone does, the quantile is 0: nothing would be left.
    if (cut > 0) {
      rows.cut = cut;
      rows.steps.clear();
      fill(metric.numerator, cut, true, rows);
    } else {
      rows.cut_units = 0;
    }
  }
  fill(metric.denominator, std::nullopt, false, rows);
  std::sort(rows.steps.begin(), rows.steps.end(), [](const Step& a, const Step& b) {
    return a.day != b.day ? a.day < b.day : a.unit < b.unit;
  });
  return rows;
}

Observations Observer::finish() {
  for (const Metric& metric : metrics_) made_.metrics.push_back(rows(metric));
  summarise_shown();
  return std::move(made_);
}

}  // namespace sparrow::experiment
