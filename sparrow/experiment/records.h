// Records: where exposures, events and lists come from: the server's log, or a file of JSON lines
// that was exported from one.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/events/event_log.h"

namespace sparrow::experiment {

// Each function calls `take` for every record there is, in any order, and may be called again.
struct Records {
  template <typename T>
  using Take = std::function<void(const T&)>;
  std::function<Result<void>(const Take<events::Exposure>&)> exposures;  // of all experiments
  std::function<Result<void>(events::TimeSpan, const Take<events::Event>&)> events;
  std::function<Result<void>(events::TimeSpan, const Take<events::Impression>&)> impressions;
};

// `log` must outlive the result.
Records records_of(const events::EventLog& log);

// One record a line, told apart by their members: an exposure has "experiment", "unit", "variant"
// and "time"; a list has "items" and is as to_json(Impression) writes it; all else is an event,
// read by events::read_events(). Empty lines are skipped. Errors: kNotFound, kInvalidInput naming
// the line.
Records records_of_file(const std::filesystem::path& path);
nlohmann::json to_json(const events::Exposure& exposure);

}  // namespace sparrow::experiment
