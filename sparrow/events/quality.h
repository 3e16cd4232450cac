// Quality: whether the newest events can be joined with the lists they came from: the check that
// tells a broken tracker from a bad list.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sparrow/events/event_log.h"

namespace sparrow::events {

// Of clicks, each count is of those before it: a click that names no list cannot be in a wrong one.
struct Quality {
  std::size_t events = 0;  // looked at
  std::size_t lists = 0;
  std::int64_t from_ms = 0;  // of the oldest event looked at; 0: there is none
  std::size_t seen = 0;      // events that say an item was on the screen
  std::size_t clicks = 0;
  std::size_t without_request = 0;  // clicks that name no list
  std::size_t judged = 0;           // clicks whose list would be among those looked at
  std::size_t list_unknown = 0;     // of these: the log has no such list
  std::size_t not_in_list = 0;      // the list did not show that item
  std::size_t wrong_position = 0;   // it showed it elsewhere than the click says
  std::size_t not_seen = 0;         // no impression event says that the item was on the screen
  std::size_t unknown_events = 0;   // of items that the catalogue does not have
  std::vector<std::pair<std::string, std::size_t>> unknown_items;  // the five most frequent
};

struct QualityOptions {
  std::size_t events = 10'000;  // the newest that are looked at
  std::size_t lists = 5'000;
};

// `known`: whether the catalogue has an item. O(events + items in lists); about 0.1 s.
Result<Quality> quality_of_latest(const EventLog& log,
                                  const std::function<bool(std::string_view)>& known,
                                  const QualityOptions& options = {});

}  // namespace sparrow::events
