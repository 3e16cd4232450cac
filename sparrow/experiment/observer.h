// Observer: takes exposures, then events, then lists, and makes observations of them. Of
// observe()'s own; see observations.h.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sparrow/experiment/increments.h"
#include "sparrow/experiment/observations.h"

namespace sparrow::experiment {

// How often items were clicked, played and so on.
class ItemPopularity {
 public:
  void count(const events::Event& event, std::int64_t begin_ms);
  // Uses what came before `begin_ms` where there was anything, so that variants do not change it.
  void settle();
  double popularity(const std::string& item) const;  // ln(1 + interactions)
  double novelty(const std::string& item) const;     // -log2((1 + interactions) / (items + all))

 private:
  struct Count {
    std::uint32_t before = 0;
    std::uint32_t all = 0;
  };
  double interactions(const std::string& item) const;
  std::unordered_map<std::string, Count> counts_;
  double before_ = 0;
  double all_ = 0;
  bool use_before_ = false;
};

class Observer {
 public:
  Observer(const Experiment& experiment, const std::vector<Metric>& metrics,
           const ObserveOptions& options);

  void expose(const events::Exposure& exposure);
  // After the last exposure. The span of events and lists to be read; empty where there are none.
  events::TimeSpan begin();
  bool needs_requests() const { return experiment_.unit == Unit::kItemDay; }
  void note_request(const events::Impression& impression);  // of item-days, before the events
  void take(const events::Event& event);
  void settle() { popularity_.settle(); }           // after the last event
  void take(const events::Impression& impression);  // after that
  Observations finish();

 private:
  static constexpr std::uint32_t kNobody = 0xffff'ffff;
  struct Place {
    std::uint32_t unit = kNobody;
    std::int16_t day = 0;  // kBefore
  };
  std::uint32_t unit_of(const std::string& name) const;
  std::uint32_t unit_of(const events::Impression& impression) const;
  Place place(std::uint32_t unit, std::int64_t time_ms) const;
  std::int16_t day_of(std::int64_t time_ms) const;
  std::uint16_t measure_index(const Measure& measure);
  void add(Place place, std::size_t measure, double amount);
  void add_session(Place place, std::size_t measure, const std::string& session);
  void add_visit(Place place);
  void count_answer(Place at, const events::Impression& list);
  void count_shown(std::uint32_t unit, const events::Impression& impression);
  MetricRows rows(const Metric& metric);
  void fill(const Measure& measure, std::optional<double> cut, bool above, MetricRows& rows);
  void summarise_shown();

  const Experiment& experiment_;
  const std::vector<Metric>& metrics_;
  ObserveOptions options_;
  Observations made_;
  std::vector<std::int64_t> exposed_ms_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  std::vector<bool> switched_;
  std::vector<Measure> measures_;
  bool wants_popularity_ = false;
  Increments increments_;
  std::unordered_set<std::uint64_t> sessions_;                   // of units, hashed
  std::unordered_map<std::uint64_t, std::uint32_t> by_request_;  // of item-days, hashed
  ItemPopularity popularity_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> shown_;  // how often, by variant
};

}  // namespace sparrow::experiment
