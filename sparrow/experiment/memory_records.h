// Records that tests wrote down.
#pragma once

#include <string>
#include <vector>

#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/records.h"

namespace sparrow::experiment {

struct MemoryRecords {
  std::vector<events::Exposure> exposures;
  std::vector<events::Event> events;
  std::vector<events::Impression> impressions;

  // Borrows.
  Records records() const {
    const auto each = [](const auto& list) {
      return [&list](events::TimeSpan span, const auto& take) -> Result<void> {
        for (const auto& record : list) {
          if (record.time_ms >= span.from_ms && record.time_ms < span.to_ms) take(record);
        }
        return {};
      };
    };
    Records records;
    records.exposures = [each, this](const Records::Take<events::Exposure>& take) {
      return each(exposures)(events::TimeSpan{}, take);
    };
    records.events = each(events);
    records.impressions = each(impressions);
    return records;
  }

  void expose(const std::string& unit, const std::string& variant, std::int64_t ms) {
    exposures.push_back({"test", unit, variant, ms});
  }
  void act(const std::string& user, const std::string& type, std::int64_t ms, double value = 1) {
    events::Event event;
    event.type = type;
    event.user = user;
    event.session = user + "-" + std::to_string(ms / kDayMs);
    event.item = "1";
    event.request = "r";
    event.time_ms = ms;
    event.value = value;
    events.push_back(std::move(event));
  }
};

inline constexpr std::int64_t kTestStart = 20'000 * kDayMs;  // 2024-10-04

// "control" and "treatment", half and half, from kTestStart on.
inline Experiment test_experiment(const std::vector<std::string>& metrics) {
  Experiment experiment;
  experiment.name = "test";
  experiment.salt = "test";
  experiment.variants = {{.name = "control"}, {.name = "treatment"}};
  for (const std::string& metric : metrics) experiment.metrics.push_back(*find_metric(metric));
  experiment.start_ms = kTestStart;
  experiment.status = Status::kRunning;
  return experiment;
}

}  // namespace sparrow::experiment
