#include <fstream>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/json_members.h"
#include "sparrow/experiment/records.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLine = 16 << 20;   // bytes
constexpr std::size_t kMostShown = 10'000;    // items of a list
constexpr std::size_t kMostIdentifier = 512;  // bytes

// A time as text or as milliseconds since 1970.
std::int64_t any_time(Members& members) {
  const json* found = members.find("time");
  if (found == nullptr) members.fail("time", "is missing");
  if (found == nullptr || !found->is_number()) return members.time("time");
  return static_cast<std::int64_t>(members.number("time", 0, 253'402'300'799'999.0, 0));
}

Result<events::Exposure> exposure_of(const json& object, const std::string& place) {
  Members members(object, place);
  members.only({"experiment", "unit", "variant", "time"});
  events::Exposure exposure;
  exposure.experiment = members.name("experiment");
  exposure.unit = members.text("unit", kMostIdentifier);
  if (exposure.unit.empty()) members.fail("unit", "is missing");
  exposure.variant = members.name("variant");
  exposure.time_ms = any_time(members);
  if (!members.sound()) return members.error();
  return exposure;
}

Result<events::Impression> impression_of(const json& object, const std::string& place) {
  Members members(object, place);
  events::Impression impression;
  impression.request = members.text("request_id", kMostIdentifier);
  impression.user = members.text("user", kMostIdentifier);
  impression.session = members.text("session", kMostIdentifier);
  impression.scenario = members.text("scenario", kMostIdentifier);
  impression.seed = members.text("seed", kMostIdentifier);
  impression.offset = static_cast<std::int32_t>(members.number("offset", 0, 1e6, 0));
  impression.time_ms = any_time(members);
  if (object.contains("took_us"))
    impression.took_us = static_cast<std::int32_t>(members.number("took_us", 0, 2e9, 0));
  if (object.contains("state")) {
    const auto state = events::state_of(members.text("state", kMostIdentifier));
    if (!state) members.fail("state", "must be whole, degraded or failed");
    impression.state = state.value_or(events::Impression::State::kWhole);
  }
  if (const json* items = members.list("items", 0, kMostShown); items != nullptr) {
    for (const json& item : *items) {
      Members shown(item, place);
      impression.items.push_back({shown.text("id", kMostIdentifier)});
      if (!shown.sound()) return shown.error();
    }
  }
  if (!members.sound()) return members.error();
  return impression;
}

enum class Kind { kExposure, kImpression, kEvent };

Kind kind_of(const json& object) {
  if (object.contains("experiment")) return Kind::kExposure;
  return object.contains("items") ? Kind::kImpression : Kind::kEvent;
}

// Calls `take` for the objects of one kind, with the place of their line.
Result<void> each_object(const std::filesystem::path& path, Kind kind,
                         const std::function<Result<void>(const json&, const std::string&)>& take) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path.string() + ": cannot be read"};
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string place = fmt::format("{}: line {}", path.string(), number);
    const json object = line.size() > kMostLine ? json() : json::parse(line, nullptr, false);
    if (!object.is_object()) return Error{ErrorCode::kInvalidInput, place + " is not an object"};
    if (kind_of(object) != kind) continue;
    if (auto taken = take(object, place); !taken) return taken;
  }
  return {};
}

bool within(events::TimeSpan span, std::int64_t ms) {
  return ms >= span.from_ms && ms < span.to_ms;
}

Result<void> events_of_file(const std::filesystem::path& path, events::TimeSpan span,
                            const Records::Take<events::Event>& take) {
  // What was accepted once is not asked again how old it is.
  constexpr std::int64_t kEndOfTime = 253'402'300'799'999;
  return each_object(path, Kind::kEvent,
                     [&](const json& object, const std::string& place) -> Result<void> {
                       auto read = events::read_events(object, kEndOfTime);
                       if (!read)
                         return Error{read.error().code, place + ": " + read.error().message};
                       if (!object.contains("time") && !object.contains("timestamp"))
                         return Error{ErrorCode::kInvalidInput, place + ": \"time\" is missing"};
                       for (const events::Event& event : *read) {
                         if (within(span, event.time_ms)) take(event);
                       }
                       return {};
                     });
}

}  // namespace

Records records_of_file(const std::filesystem::path& path) {
  Records records;
  records.exposures = [path](const Records::Take<events::Exposure>& take) {
    return each_object(path, Kind::kExposure,
                       [&](const json& object, const std::string& place) -> Result<void> {
                         const auto exposure = exposure_of(object, place);
                         if (!exposure) return exposure.error();
                         take(*exposure);
                         return {};
                       });
  };
  records.events = [path](events::TimeSpan span, const Records::Take<events::Event>& take) {
    return events_of_file(path, span, take);
  };
  records.impressions = [path](events::TimeSpan span,
                               const Records::Take<events::Impression>& take) {
    return each_object(path, Kind::kImpression,
                       [&](const json& object, const std::string& place) -> Result<void> {
                         const auto impression = impression_of(object, place);
                         if (!impression) return impression.error();
                         if (within(span, impression->time_ms)) take(*impression);
                         return {};
                       });
  };
  return records;
}

json to_json(const events::Exposure& exposure) {
  return {{"experiment", exposure.experiment},
          {"unit", exposure.unit},
          {"variant", exposure.variant},
          {"time", iso_time(exposure.time_ms)}};
}

}  // namespace sparrow::experiment
