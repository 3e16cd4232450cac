#include "sparrow/experiment/usage.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "sparrow/experiment/hash.h"

namespace sparrow::experiment {
namespace {

constexpr UsageMetric kUsageMetrics[] = {
    {"click_through", "Clicks on items of these lists, divided by items of them that were seen.",
     "clicks per seen item"},
    {"click_through_served",
     "Clicks on items of these lists, divided by items given in them, seen or not.",
     "clicks per given item"},
    {"play_rate", "Plays of items of these lists, divided by items of them that were seen.",
     "plays per seen item"},
    {"watch_minutes",
     "Minutes watched of items of these lists by a unit that was given one that day; amounts above "
     "the 99th percentile of the units count as that percentile.",
     "minutes per unit"},
    {"completion", "Items of these lists watched to the end, divided by plays of items of them.",
     "completions per play"},
};
constexpr double kMinutesCut = 0.99;
constexpr double kQuantile975 = 1.959963984540054;  // of the normal distribution
constexpr auto kReadAgain = std::chrono::minutes(1);

// What one unit was given and did, in lists of one cell.
struct UnitUse {
  double given = 0;
  double seen = 0;
  double clicks = 0;
  double plays = 0;
  double completes = 0;
  double minutes = 0;

  void add(const UnitUse& other) {
    given += other.given;
    seen += other.seen;
    clicks += other.clicks;
    plays += other.plays;
    completes += other.completes;
    minutes += other.minutes;
  }
};

std::optional<UsageNumber> number_of(std::span<const double> y, std::span<const double> x) {
  const auto found = estimate(moments(y, x));
  if (!found) return std::nullopt;
  UsageNumber number;
  for (const double each : y) number.y += each;
  for (const double each : x) number.x += each;
  if (x.empty()) number.x = static_cast<double>(y.size());
  number.value = found->value;
  const double half = kQuantile975 * std::sqrt(found->variance);
  number.interval = {std::max(0.0, found->value - half), found->value + half};
  return number;
}

std::vector<std::optional<UsageNumber>> numbers_of(const std::vector<UnitUse>& units) {
  const auto column = [&](double UnitUse::*member) {
    std::vector<double> values;
    for (const UnitUse& unit : units) values.push_back(unit.*member);
    return values;
  };
  const auto clicks = column(&UnitUse::clicks);
  const auto seen = column(&UnitUse::seen);
  const auto plays = column(&UnitUse::plays);
  auto minutes = column(&UnitUse::minutes);
  if (const double cut = quantile(minutes, kMinutesCut); cut > 0) {
    for (double& each : minutes) each = std::min(each, cut);
  }
  return {number_of(clicks, seen), number_of(clicks, column(&UnitUse::given)),
          number_of(plays, seen), number_of(minutes, {}),
          number_of(column(&UnitUse::completes), plays)};
}

// Lists of one scenario and model.
struct Source {
  std::string scenario;
  std::string model;
  std::set<std::string> versions;
  std::uint64_t lists = 0;
  std::uint64_t items = 0;
  std::unordered_map<std::uint64_t, UnitUse> units;  // by hash of the unit
};

class DayReader {
 public:
  void take(const events::ListHead& list) {
    const auto at = list.model.find('@');
    const std::string model = list.model.substr(0, at);
    auto& index = by_name_.try_emplace({list.scenario, model}, sources_.size()).first->second;
    if (index == sources_.size()) sources_.push_back({list.scenario, model, {}, 0, 0, {}});
    Source& source = sources_[index];
    if (at != std::string::npos) source.versions.insert(list.model.substr(at + 1));
    ++source.lists;
    source.items += static_cast<std::uint64_t>(list.items);
    const std::string& unit = !list.user.empty()      ? list.user
                              : !list.session.empty() ? list.session
                                                      : list.request;
    const std::uint64_t hash = xxh64(unit, 0);
    source.units[hash].given += static_cast<double>(list.items);
    by_request_[xxh64(list.request, 0)] = {static_cast<std::uint32_t>(index), hash};
  }

  // False where the event names no list of this day.
  bool take(const events::Event& event) {
    if (event.request.empty()) return false;
    const auto found = by_request_.find(xxh64(event.request, 0));
    if (found == by_request_.end()) return false;
    UnitUse& use = sources_[found->second.source].units[found->second.unit];
    if (event.type == "impression") ++use.seen;
    if (event.type == "click") ++use.clicks;
    if (event.type == "play") ++use.plays;
    if (event.type == "complete") ++use.completes;
    if (event.type == "watch_seconds" && std::isfinite(event.value))
      use.minutes += event.value / 60;
    return true;
  }

  // Each scenario and model, each of the two alone, and all together.
  std::vector<UsageCell> cells() const {
    std::set<std::optional<std::string>> scenarios = {std::nullopt};
    std::set<std::optional<std::string>> models = {std::nullopt};
    for (const Source& source : sources_) {
      scenarios.insert(source.scenario);
      models.insert(source.model);
    }
    std::vector<UsageCell> cells;
    for (const auto& scenario : scenarios) {
      for (const auto& model : models) {
        UsageCell cell = cell_of(scenario, model);
        if (cell.lists > 0) cells.push_back(std::move(cell));
      }
    }
    return cells;
  }

 private:
  struct Request {
    std::uint32_t source;
    std::uint64_t unit;
  };

  UsageCell cell_of(const std::optional<std::string>& scenario,
                    const std::optional<std::string>& model) const {
    UsageCell cell;
    cell.scenario = scenario;
    cell.model = model;
    std::unordered_map<std::uint64_t, UnitUse> units;
    for (const Source& source : sources_) {
      if ((scenario && source.scenario != *scenario) || (model && source.model != *model)) continue;
      cell.lists += source.lists;
      cell.items += source.items;
      cell.versions.insert(source.versions.begin(), source.versions.end());
      for (const auto& [unit, use] : source.units) units[unit].add(use);
    }
    cell.units = units.size();
    std::vector<UnitUse> uses;
    for (const auto& [unit, use] : units) uses.push_back(use);
    cell.numbers = numbers_of(uses);
    return cell;
  }

  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;
  std::vector<Source> sources_;
  std::unordered_map<std::uint64_t, Request> by_request_;
};

}  // namespace

std::span<const UsageMetric> usage_metrics() { return kUsageMetrics; }

Result<UsageDay> usage_of_day(const events::EventLog& log, std::int64_t day, std::stop_token stop) {
  DayReader reader;
  UsageDay made;
  made.day = day;
  std::uint64_t lists = 0;
  auto read = events::each_list_head(log, day, [&](const events::ListHead& list) {
    if (stop.stop_requested()) return false;
    if (++lists > kMostUsageLists) {
      made.cut = true;
      return false;
    }
    reader.take(list);
    return true;
  });
  if (!read) return read.error();
  std::uint64_t events = 0;
  const events::TimeSpan span{day * events::kDayMs, (day + 1) * events::kDayMs};
  read = log.each_event(span, [&](const events::Event& event) {
    if (stop.stop_requested()) return false;
    if (++events > kMostUsageEvents) {
      made.cut = true;
      return false;
    }
    if (event.item.empty()) return true;
    ++made.events;
    if (reader.take(event)) ++made.joined;
    return true;
  });
  if (!read) return read.error();
  if (stop.stop_requested())
    return Error{ErrorCode::kUnavailable, "given up: nobody waits for it any more"};
  made.cells = reader.cells();
  return made;
}

Result<Usage::Answer> Usage::days(const events::EventLog& log, std::int64_t first,
                                  std::int64_t last, std::chrono::milliseconds budget,
                                  std::stop_token stop) {
  const auto all = events::days_of(log);
  if (!all) return all.error();
  const auto end = Clock::now() + budget;
  const std::unique_lock reader(reading_, std::try_to_lock);
  Answer answer;
  // The newest first: they are what is looked at.
  for (auto day = all->rbegin(); day != all->rend(); ++day) {
    if (*day < first || *day > last) continue;
    const auto mark = events::day_mark(log, *day);
    if (!mark) return mark.error();
    Kept kept;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = kept_.find(*day); found != kept_.end()) kept = found->second;
    }
    const bool fresh =
        kept.day != nullptr && (kept.mark == *mark || Clock::now() < kept.read + kReadAgain);
    if (!fresh && reader.owns_lock() && Clock::now() < end) {
      auto made = usage_of_day(log, *day, stop);
      if (!made) return made.error();
      kept = {*mark, Clock::now(), std::make_shared<const UsageDay>(std::move(*made))};
      const std::lock_guard lock(mutex_);
      kept_[*day] = kept;
    } else if (!fresh) {
      answer.complete = false;
    }
    if (kept.day != nullptr) answer.days.push_back(kept.day);
  }
  std::reverse(answer.days.begin(), answer.days.end());
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const auto& entry) {
    return !std::binary_search(all->begin(), all->end(), entry.first);
  });
  return answer;
}

}  // namespace sparrow::experiment
