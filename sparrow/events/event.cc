#include "sparrow/events/event.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/events/json_reading.h"
#include "sparrow/recall/channel.h"

namespace sparrow::events {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEvents = 10'000;
constexpr std::size_t kMostType = 64;    // bytes
constexpr std::size_t kMostText = 1024;  // bytes of a search's query

bool is_type_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostType &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

void check_type(Reading& reading, const Event& event, const char* name) {
  if (!is_type_name(event.type))
    return reading.fail(name, "must be 1 to 64 of a-z, 0-9, \"_\", \"-\" and \".\"");
  const EventType* type = find_event_type(event.type);
  if (type == nullptr) return;
  if (type->needs_item && event.item.empty())
    reading.fail("item", fmt::format("is missing: a {} is of an item", event.type));
  if (type->needs_value && std::isnan(event.value))
    reading.fail("value", fmt::format("is missing: {}", type->value));
}

void check_members(Reading& reading, const json& object) {
  static constexpr std::string_view kMembers[] = {
      "id", "type", "user", "session", "item", "request_id", "position", "time", "value", "query"};
  for (const auto& [name, value] : object.items()) {
    if (std::find(std::begin(kMembers), std::end(kMembers), name) == std::end(kMembers))
      reading.fail(name.substr(0, 64),
                   "is not a member of an event; there are id, type, user, session, item, "
                   "request_id, position, time, value and query");
  }
}

Event read_own(Reading& reading, const json& object, std::int64_t now_ms) {
  check_members(reading, object);
  Event event;
  event.id = read_text(reading, object, "id", kMostName);
  event.type = read_text(reading, object, "type", kMostType);
  event.user = read_text(reading, object, "user", kMostName);
  event.session = read_text(reading, object, "session", kMostName);
  event.item = read_text(reading, object, "item", kMostItem);
  event.request = read_text(reading, object, "request_id", kMostName);
  event.position = read_position(reading, object, "position", 0);
  event.time_ms = read_time(reading, object, "time", now_ms);
  event.value = read_value(reading, object, "value");
  event.text = read_text(reading, object, "query", kMostText);
  check_type(reading, event, "type");
  return event;
}

// The names that UBI's documents use for what has a name here.
std::string_view ubi_type(std::string_view action) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"click_through", "click"}, {"watch", "play"}, {"on_search", "search"}};
  for (const auto& [theirs, ours] : kNames) {
    if (action == theirs) return ours;
  }
  return action;
}

// A document of User Behavior Insights 1.3: https://github.com/o19s/ubi, schema/1.3.0.
Event read_ubi(Reading& reading, const json& object, std::int64_t now_ms) {
  Event event;
  std::string action = read_text(reading, object, "action_name", 100);
  for (char& c : action)
    c = c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  event.type = ubi_type(action);
  event.user = read_text(reading, object, "user_id", kMostName);
  if (event.user.empty()) event.user = read_text(reading, object, "client_id", kMostName);
  event.session = read_text(reading, object, "session_id", kMostName);
  event.request = read_text(reading, object, "query_id", kMostName);
  event.time_ms = read_time(reading, object, "timestamp", now_ms);
  const auto attributes = object.find("event_attributes");
  if (attributes != object.end() && attributes->is_object()) {
    if (const auto thing = attributes->find("object");
        thing != attributes->end() && thing->is_object()) {
      event.item = read_text(reading, *thing, "object_id", kMostItem);
      if (event.item.empty()) event.item = read_text(reading, *thing, "internal_id", kMostItem);
    }
    if (const auto place = attributes->find("position");
        place != attributes->end() && place->is_object())
      event.position = read_position(reading, *place, "ordinal", 1);
    event.value = read_value(reading, *attributes, "value");
  }
  if (event.type == "search") event.text = read_text(reading, object, "message", kMostText);
  check_type(reading, event, "action_name");
  return event;
}

// The list of events in a body; null: there is none.
const json* list_of(const json& body) {
  if (body.is_array()) return &body;
  if (!body.is_object()) return nullptr;
  const auto found = body.find("events");
  if (found == body.end()) return nullptr;
  return found->is_array() ? &*found : nullptr;
}

// An event without an id is the same event when all that was sent is the same.
std::string id_of(const json& object, bool dated, std::int64_t now_ms, std::size_t number) {
  std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  if (!dated) text += fmt::format("|{}|{}", now_ms, number);
  return sha256_hex(text).substr(0, 32);
}

}  // namespace

const EventType* find_event_type(std::string_view name) {
  const auto* found = std::find_if(std::begin(kEventTypes), std::end(kEventTypes),
                                   [&](const EventType& type) { return type.name == name; });
  return found == std::end(kEventTypes) ? nullptr : found;
}

Result<std::vector<Event>> read_events(const json& body, std::int64_t now_ms) {
  const bool single = body.is_object() && !body.contains("events");
  const json* list = single ? nullptr : list_of(body);
  if (!single && list == nullptr)
    return Error{ErrorCode::kInvalidInput,
                 "the body must be {\"events\":[...]}, one event, or a list of events"};
  const std::size_t count = single ? 1 : list->size();
  if (count == 0) return Error{ErrorCode::kInvalidInput, "\"events\" is empty"};
  if (count > kMostEvents)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{} events at a time; at most {}", count, kMostEvents)};
  std::vector<Event> events;
  events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const json& object = single ? body : (*list)[i];
    Reading reading{"event", i, {}};
    if (!object.is_object())
      return Error{ErrorCode::kInvalidInput, fmt::format("event {} is not an object", i)};
    const bool ubi = object.contains("action_name");
    Event event = ubi ? read_ubi(reading, object, now_ms) : read_own(reading, object, now_ms);
    if (!reading.trouble.empty()) return Error{ErrorCode::kInvalidInput, reading.trouble};
    if (event.id.empty())
      event.id = id_of(object, object.contains(ubi ? "timestamp" : "time"), now_ms, i);
    events.push_back(std::move(event));
  }
  return events;
}

namespace {

void put(json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

}  // namespace

json to_json(const Event& event) {
  json object = {{"id", event.id}, {"type", event.type}, {"time", iso_text(event.time_ms)}};
  put(object, "user", event.user);
  put(object, "session", event.session);
  put(object, "item", event.item);
  put(object, "request_id", event.request);
  if (event.position != kNoPosition) object["position"] = event.position;
  if (!std::isnan(event.value)) object["value"] = event.value;
  put(object, "query", event.text);
  return object;
}

json to_json(const Impression& impression) {
  json object = {{"request_id", impression.request}, {"time", iso_text(impression.time_ms)},
                 {"model", impression.model},        {"rules", impression.rules},
                 {"offset", impression.offset},      {"items", json::array()}};
  put(object, "user", impression.user);
  put(object, "session", impression.session);
  put(object, "scenario", impression.scenario);
  put(object, "variants", impression.variants);
  put(object, "seed", impression.seed);
  if (impression.took_us != kNoDuration) object["took_us"] = impression.took_us;
  if (impression.state != Impression::State::kWhole)
    object["state"] = kStateNames[static_cast<std::size_t>(impression.state)];
  for (const auto& shown : impression.items) {
    json entry = {{"id", shown.item}};
    json channels = json::array();
    for (std::size_t i = 0; i < recall::kChannelNames.size(); ++i) {
      if ((shown.channels >> i & 1U) != 0) channels.push_back(recall::kChannelNames[i]);
    }
    if (!channels.empty()) entry["channels"] = std::move(channels);
    if (shown.propensity < 1) entry["propensity"] = shown.propensity;
    object["items"].push_back(std::move(entry));
  }
  return object;
}

std::optional<Impression::State> state_of(std::string_view name) {
  const auto* found = std::find(std::begin(kStateNames), std::end(kStateNames), name);
  if (found == std::end(kStateNames)) return std::nullopt;
  return static_cast<Impression::State>(found - std::begin(kStateNames));
}

bool is_explored(const Impression& list) {
  return std::any_of(list.items.begin(), list.items.end(),
                     [](const Impression::Shown& shown) { return shown.propensity < 1; });
}

const std::string& unit_of(const Impression& list) {
  return !list.user.empty() ? list.user : !list.session.empty() ? list.session : list.request;
}

std::string_view variant_in(std::string_view variants, std::string_view experiment) {
  while (!variants.empty()) {
    const auto comma = variants.find(',');
    const std::string_view entry = variants.substr(0, comma);
    variants.remove_prefix(comma == std::string_view::npos ? variants.size() : comma + 1);
    const auto colon = entry.find(':');
    if (colon != std::string_view::npos && entry.substr(0, colon) == experiment)
      return entry.substr(colon + 1);
  }
  return {};
}

}  // namespace sparrow::events
