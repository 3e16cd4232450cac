// Event: something a person did that may say how good a list was: a click, a play, a purchase.
// Impression: a list that the server gave. Both are read from JSON and kept by EventLog.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"

namespace sparrow::events {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::int32_t kNoPosition = -1;
inline constexpr std::int32_t kNoDuration = -1;
inline constexpr std::int64_t kDayMs = 86'400'000;

struct Event {
  std::string id;       // an event sent twice under one id is kept once
  std::string type;     // one of kEventTypes, or a name of the sender's own
  std::string user;     // empty: not known
  std::string session;  // empty: not known
  std::string item;     // an item's id, as it was sent; empty where the type has none (search)
  std::string request;  // request id of the list in which the item stood; empty: none
  std::int32_t position = kNoPosition;  // in that list, from 0
  std::int64_t time_ms = 0;             // since 1970, UTC, by the sender's clock
  double value = kNoValue;              // seconds, stars, money, by type; NaN: none
  std::string text;                     // of a search: the query
  std::string origin;  // replica that took it in; empty: this one. Not part of its JSON
};

// What types mean to the rest: whether they name an item, what the value is, and how much one of
// them speaks for its item (event_weights.h).
struct EventType {
  std::string_view name;
  bool needs_item;
  bool needs_value;
  std::string_view value;  // what the value is; empty: it has none
  float weight;            // 0: it does not count
};
inline constexpr EventType kEventTypes[] = {
    {"impression", true, false, "", 0},  // the item was on the screen
    {"click", true, false, "", 1},
    {"play", true, false, "", 2},
    {"watch_seconds", true, true, "seconds watched since the last such event", 1},  // a ten minutes
    {"complete", true, false, "", 3},
    {"like", true, false, "", 4},
    {"dislike", true, false, "", 0},
    {"hide", true, false, "", 0},
    {"seen", true, false, "", 0},  // it is known already: not to be shown
    {"not_similar", true, false, "", 0},
    {"purchase", true, false, "money, in the shop's currency", 5},
    {"rating", true, true, "on the scale of the data", 4},
    {"search", false, false, "", 0},
};
const EventType* find_event_type(std::string_view name);  // null: a name of the sender's own

// Who a list was for, in which experiments it stood, and what it showed.
struct Impression {
  std::string request;  // request id of the answer
  std::int64_t time_ms = 0;
  std::string user;      // empty: not known
  std::string session;   // empty: not known
  std::string scenario;  // empty: none was named
  std::string model;     // "name@version"
  std::uint32_t rules = 0;
  std::string variants;  // "experiment:variant,..." in the order of their names; empty: none
  std::string seed;      // id; the first of several
  struct Shown {
    std::string item;
    std::uint32_t channels = 0;  // bit i: channel i of recall::kChannelNames brought it
    float propensity = 1;  // probability of this item at this position; below 1 where explored
  };
  std::vector<Shown> items;  // the first is at position `offset`
  std::int32_t offset = 0;
  std::int32_t took_us =
      kNoDuration;  // microseconds that the server took for it; kNoDuration: not known
  enum class State { kWhole, kDegraded, kFailed };
  State state =
      State::kWhole;  // kDegraded: a part of the engine did not answer in time, or at all; kFailed:
                      // an error was answered in place of the list, which has no items
  std::string origin;  // as of an event
};

inline constexpr std::string_view kStateNames[] = {"whole", "degraded", "failed"};
// Nothing: there is no state of this name.
std::optional<Impression::State> state_of(std::string_view name);

// Whether chance had a part in it.
bool is_explored(const Impression& list);
// Whose it is: the user, else the session, else the list itself.
const std::string& unit_of(const Impression& list);
// In "experiment:variant,...", the variant of this experiment; empty: it is not named.
std::string_view variant_in(std::string_view variants, std::string_view experiment);

// Reads {"events":[...]}, one event, or a list of User Behavior Insights 1.3 documents (they have
// "action_name"). `now_ms` is the time of events that name none. Errors: kInvalidInput naming the
// event (from 0) and the member; all are right or none is taken. Members and their bounds are in
// docs/events.md.
Result<std::vector<Event>> read_events(const nlohmann::json& body, std::int64_t now_ms);
nlohmann::json to_json(const Event& event);
nlohmann::json to_json(const Impression& impression);

}  // namespace sparrow::events
