// What pages ask an event log: the newest lists, who was exposed to what, what a day has. Read
// beside the server that writes, each with a stated cost.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/events/event_log.h"

namespace sparrow::events {

// A list without what it showed.
struct ListHead {
  std::string request;
  std::int64_t time_ms = 0;
  std::string user;
  std::string session;
  std::string scenario;
  std::string model;       // "name@version"
  std::int64_t items = 0;  // how many were given
};

// Equal as long as nothing is added to a day.
struct DayMark {
  std::int64_t events = 0;
  std::int64_t lists = 0;
  bool operator==(const DayMark&) const = default;
};

// All of them: those of reading a file.
// The last `count` that were written, newest first. O(count).
Result<std::vector<Impression>> latest_lists(const EventLog& log, std::size_t count);
// Days since 1970 that have a file, ascending.
Result<std::vector<std::int64_t>> days_of(const EventLog& log);
// O(1) of a day that is there.
Result<DayMark> day_mark(const EventLog& log, std::int64_t day);
// All lists of a day in the order in which they were written, until `take` returns false. O(lists).
Result<void> each_list_head(const EventLog& log, std::int64_t day,
                            const std::function<bool(const ListHead&)>& take);
// Units exposed in `span`, by variant. O(units of the experiment).
Result<std::map<std::string, std::uint64_t>> count_exposures(const EventLog& log,
                                                             std::string_view experiment,
                                                             TimeSpan span);
// When this unit met the experiment; O(1).
Result<std::optional<Exposure>> find_exposure(const EventLog& log, std::string_view experiment,
                                              std::string_view unit);

}  // namespace sparrow::events
