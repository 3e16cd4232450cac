#include "sparrow/experiment/observations.h"

#include <algorithm>

#include "sparrow/experiment/observer.h"

namespace sparrow::experiment {
namespace {

// Reads events and lists for an observer that knows the exposures.
Result<Observations> observe_exposed(const Records& records, Observer& observer) {
  const events::TimeSpan span = observer.begin();
  if (span.to_ms > span.from_ms) {
    if (observer.needs_requests()) {
      auto noted = records.impressions(
          span, [&](const events::Impression& impression) { observer.note_request(impression); });
      if (!noted) return noted.error();
    }
    auto events = records.events(span, [&](const events::Event& event) { observer.take(event); });
    if (!events) return events.error();
    observer.settle();
    auto lists = records.impressions(
        span, [&](const events::Impression& impression) { observer.take(impression); });
    if (!lists) return lists.error();
  }
  return observer.finish();
}

}  // namespace

Result<Observations> observe(const Records& records, const Experiment& experiment,
                             const std::vector<Metric>& metrics, const ObserveOptions& options) {
  Observer observer(experiment, metrics, options);
  auto exposures = records.exposures([&](const events::Exposure& exposure) {
    if (exposure.experiment == experiment.name) observer.expose(exposure);
  });
  if (!exposures) return exposures.error();
  return observe_exposed(records, observer);
}

Result<Observations> observe_everyone(const Records& records, Unit unit,
                                      const std::vector<Metric>& metrics, events::TimeSpan span) {
  SPARROW_CHECK(unit != Unit::kItemDay);
  Experiment everyone;
  everyone.unit = unit;
  everyone.variants.push_back({.name = "everyone"});
  everyone.covariate_days = 0;
  everyone.start_ms = span.from_ms;
  std::int64_t last = span.from_ms;
  std::vector<events::Exposure> exposures;
  std::unordered_map<std::string, std::size_t> known;
  const auto meet = [&](const std::string& name, std::int64_t ms) {
    if (name.empty()) return;
    last = std::max(last, ms);
    const auto [entry, fresh] = known.try_emplace(name, exposures.size());
    if (fresh) exposures.push_back({"", name, "everyone", ms});
    auto& first = exposures[entry->second].time_ms;
    first = std::min(first, ms);
  };
  auto events = records.events(span, [&](const events::Event& event) {
    meet(unit == Unit::kUser ? event.user : event.session, event.time_ms);
  });
  if (!events) return events.error();
  auto lists = records.impressions(span, [&](const events::Impression& impression) {
    meet(unit == Unit::kUser ? impression.user : impression.session, impression.time_ms);
  });
  if (!lists) return lists.error();
  ObserveOptions options;
  options.now_ms = last + 1;
  Observer observer(everyone, metrics, options);
  for (const events::Exposure& exposure : exposures) observer.expose(exposure);
  return observe_exposed(records, observer);
}

}  // namespace sparrow::experiment
