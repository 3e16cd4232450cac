#include "sparrow/events/bus_message.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/events/json_reading.h"
#include "sparrow/recall/channel.h"

namespace sparrow::events {
namespace {

using nlohmann::json;

constexpr int kDeepestMessage = 16;
constexpr std::size_t kMostShown = 10'000;     // items of a list
constexpr std::size_t kMostSessions = 10'000;  // of an erasure
constexpr std::size_t kMostVariants = 4096;    // bytes

std::string text_of_message(json object, const char* kind, std::string_view origin) {
  object["kind"] = kind;
  object["origin"] = origin;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::uint32_t channels_of(Reading& reading, const json& item) {
  const auto found = item.find("channels");
  if (found == item.end()) return 0;
  std::uint32_t bits = 0;
  const auto& names = recall::kChannelNames;
  if (!found->is_array()) reading.fail("channels", "must be a list");
  for (const json& name : *found) {
    const auto at =
        std::find(names.begin(), names.end(), name.is_string() ? name.get<std::string>() : "");
    // A newer replica may have a channel that this one lacks: the list is right without its name.
    if (at != names.end()) bits |= 1U << static_cast<unsigned>(at - names.begin());
  }
  return bits;
}

void read_shown(Reading& reading, const json& object, Impression& list) {
  const auto items = object.find("items");
  if (items == object.end() || !items->is_array() || items->size() > kMostShown)
    return reading.fail("items", fmt::format("must be a list of at most {} items", kMostShown));
  for (const json& item : *items) {
    if (!item.is_object()) return reading.fail("items", "must be objects");
    Impression::Shown shown{read_text(reading, item, "id", kMostItem), channels_of(reading, item),
                            1};
    if (shown.item.empty()) reading.fail("items", "has an item without an id");
    if (item.contains("propensity")) {
      const double share = read_value(reading, item, "propensity");
      if (!(share > 0 && share <= 1)) reading.fail("propensity", "must be above 0, at most 1");
      shown.propensity = static_cast<float>(share);
    }
    list.items.push_back(std::move(shown));
  }
}

Impression read_list(Reading& reading, const json& object, std::int64_t sent_ms) {
  Impression list;
  list.request = read_text(reading, object, "request_id", kMostName);
  list.time_ms = read_time(reading, object, "time", sent_ms);
  list.user = read_text(reading, object, "user", kMostItem);
  list.session = read_text(reading, object, "session", kMostItem);
  list.scenario = read_text(reading, object, "scenario", kMostItem);
  list.model = read_text(reading, object, "model", kMostItem);
  list.rules = read_whole(reading, object, "rules", std::numeric_limits<std::uint32_t>::max());
  list.variants = read_text(reading, object, "variants", kMostVariants);
  list.seed = read_text(reading, object, "seed", kMostItem);
  list.offset = static_cast<std::int32_t>(
      read_whole(reading, object, "offset", std::numeric_limits<std::int32_t>::max()));
  if (object.contains("took_us"))
    list.took_us = static_cast<std::int32_t>(
        read_whole(reading, object, "took_us", std::numeric_limits<std::int32_t>::max()));
  if (const auto name = read_text(reading, object, "state", kMostName); !name.empty()) {
    const auto state = state_of(name);
    if (!state) reading.fail("state", "must be whole, degraded or failed");
    list.state = state.value_or(Impression::State::kWhole);
  }
  read_shown(reading, object, list);
  if (list.request.empty()) reading.fail("request_id", "is missing");
  return list;
}

Exposure read_exposure(Reading& reading, const json& object, std::int64_t sent_ms) {
  Exposure exposure;
  exposure.experiment = read_text(reading, object, "experiment", kMostName);
  exposure.unit = read_text(reading, object, "unit", kMostItem);
  exposure.variant = read_text(reading, object, "variant", kMostName);
  exposure.time_ms = read_time(reading, object, "time", sent_ms);
  if (exposure.experiment.empty()) reading.fail("experiment", "is missing");
  if (exposure.unit.empty()) reading.fail("unit", "is missing");
  if (exposure.variant.empty()) reading.fail("variant", "is missing");
  return exposure;
}

Erasure read_erasure(Reading& reading, const json& object, std::int64_t sent_ms) {
  Erasure erasure;
  erasure.user = read_text(reading, object, "user", kMostItem);
  erasure.until_ms = read_time(reading, object, "until", sent_ms);
  if (erasure.user.empty()) reading.fail("user", "is missing");
  const auto sessions = object.find("sessions");
  if (sessions == object.end()) return erasure;
  if (!sessions->is_array() || sessions->size() > kMostSessions) {
    reading.fail("sessions", fmt::format("must be a list of at most {}", kMostSessions));
    return erasure;
  }
  for (const json& session : *sessions) {
    if (!session.is_string() || session.get_ref<const std::string&>().size() > kMostItem)
      reading.fail("sessions", fmt::format("must be texts of at most {} bytes", kMostItem));
    else
      erasure.sessions.push_back(session.get<std::string>());
  }
  return erasure;
}

json parse_message(std::string_view bytes) {
  bool deep = false;
  json parsed = json::parse(
      bytes.begin(), bytes.end(),
      [&deep](int depth, json::parse_event_t, const json&) {
        deep = deep || depth > kDeepestMessage;
        return !deep;
      },
      false);
  return deep ? json(json::value_t::discarded) : parsed;
}

// What is left of a message without what only messages have.
std::string taken_out(Reading& reading, json& object, const char* name) {
  std::string text = read_text(reading, object, name, kMostName);
  object.erase(name);
  return text;
}

}  // namespace

std::string message_of(const Event& event, std::string_view origin) {
  return text_of_message(to_json(event), "event", origin);
}

std::string message_of(const Impression& list, std::string_view origin) {
  return text_of_message(to_json(list), "list", origin);
}

std::string message_of(const Exposure& exposure, std::string_view origin) {
  return text_of_message({{"experiment", exposure.experiment},
                          {"unit", exposure.unit},
                          {"variant", exposure.variant},
                          {"time", iso_text(exposure.time_ms)}},
                         "exposure", origin);
}

std::string message_of(const Erasure& erasure, std::string_view origin) {
  return text_of_message({{"user", erasure.user},
                          {"sessions", erasure.sessions},
                          {"until", iso_text(erasure.until_ms)}},
                         "erasure", origin);
}

Result<Message> read_message(std::string_view bytes, std::int64_t sent_ms) {
  json object = parse_message(bytes);
  if (!object.is_object() && !object.is_array())
    return Error{ErrorCode::kInvalidInput, "is no JSON object, or one that is nested too deep"};
  Reading reading{"message", 0, {}};
  std::string kind;
  std::string origin;
  if (object.is_object()) {
    kind = taken_out(reading, object, "kind");
    origin = taken_out(reading, object, "origin");
  }
  if (origin.empty()) origin = "-";  // not a replica
  const auto read = [&](auto record) -> Result<Message> {
    if (!reading.trouble.empty()) return Error{ErrorCode::kInvalidInput, reading.trouble};
    record.origin = origin;
    return Message(std::move(record));
  };
  if (kind == "list") return read(read_list(reading, object, sent_ms));
  if (kind == "exposure") return read(read_exposure(reading, object, sent_ms));
  if (kind == "erasure") return read(read_erasure(reading, object, sent_ms));
  if (!kind.empty() && kind != "event")
    reading.fail("kind", "must be event, list, exposure or erasure");
  if (!reading.trouble.empty()) return Error{ErrorCode::kInvalidInput, reading.trouble};
  auto events = read_events(object, sent_ms);
  if (!events) return events.error();
  for (Event& event : *events) event.origin = origin;
  return Message(std::move(*events));
}

}  // namespace sparrow::events
