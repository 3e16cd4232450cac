// Intake: what came in during the last hour, by minute of arrival and type, and what was odd about
// it. In memory of this process, so that looking at it costs nothing and reads no file.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "sparrow/events/event_log.h"

namespace sparrow::events {

// Of one minute; all but `refused` and `known` count events that were kept or known.
struct IntakeMinute {
  std::int64_t minute = 0;  // since 1970
  std::map<std::string, std::uint64_t> types;
  std::uint64_t events = 0;
  std::uint64_t known = 0;            // sent before under the same id
  std::uint64_t expired = 0;          // older than what is kept
  std::uint64_t unknown_items = 0;    // the catalogue has no such item
  std::uint64_t without_request = 0;  // of an item, and names no list
  std::uint64_t without_user = 0;     // names neither user nor session
  std::uint64_t ahead = 0;            // the sender's clock is more than kAheadMs ahead of ours
  std::uint64_t late = 0;             // it happened more than kLateMs before it came in
  std::int64_t most_ahead_ms = 0;
  std::uint64_t refused = 0;  // requests whose events were wrong
};

// Safe for use by several threads.
class Intake {
 public:
  static constexpr std::size_t kMinutes = 60;
  static constexpr std::int64_t kAheadMs = 5'000;
  static constexpr std::int64_t kLateMs = 3'600'000;
  static constexpr std::size_t kMostTypes = 40;  // of a minute; further ones are "other"

  // What the log took of `events`, of which `unknown_items` name no item of the catalogue.
  // O(events).
  void take(std::span<const Event> events, const EventLog::Appended& appended,
            std::size_t unknown_items, std::int64_t now_ms);
  void refuse(std::int64_t now_ms);
  // The last kMinutes, oldest first, the present one last; those without anything are there too.
  std::vector<IntakeMinute> minutes(std::int64_t now_ms) const;

 private:
  IntakeMinute& at(std::int64_t minute);  // with mutex_ held

  mutable std::mutex mutex_;
  std::array<IntakeMinute, kMinutes> ring_;  // by minute % kMinutes
};

}  // namespace sparrow::events
