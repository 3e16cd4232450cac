// What the logs of several replicas exchange through a bus: what one of them took in and has not
// sent yet, and what it received from the others. EventLog reads and keeps them; kafka_bridge.h
// carries them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/events/event.h"

namespace sparrow::events {

// A unit met its variant for the first time.
struct Exposure {
  std::string experiment;
  std::string unit;
  std::string variant;
  std::int64_t time_ms = 0;
  std::string origin;  // replica that recorded it; empty: this one
};

// A user was forgotten. What names the user, and the lists and exposures of these sessions, go from
// every log and do not come back when they are not newer than `until_ms`.
struct Erasure {
  std::string user;
  std::vector<std::string> sessions;
  std::int64_t until_ms = 0;
  std::string origin;  // replica that was asked
};

// What was taken in here and not sent yet, in the order of writing.
struct Unsent {
  std::vector<Event> events;
  std::vector<Impression> lists;
  std::vector<Exposure> exposures;
  std::vector<Erasure> erasures;

  // How far a day's file has been read: numbers of the last rows.
  struct Day {
    std::int64_t day = 0;
    std::int64_t events = 0;
    std::int64_t lists = 0;
    bool moved = false;  // there was something behind what had been sent
  };
  std::vector<Day> days;
  std::vector<std::int64_t> erasure_numbers;
  std::uint64_t erased = 0;  // how many erasures there had been in this process

  std::size_t size() const {
    return events.size() + lists.size() + exposures.size() + erasures.size();
  }
  bool moved() const { return !days.empty() || !exposures.empty() || !erasures.empty(); }
};

// The next message to read of a partition.
struct Offset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next = 0;
};

// What came from other replicas, and where reading goes on after it.
struct Received {
  std::vector<Event> events;
  std::vector<Impression> lists;
  std::vector<Exposure> exposures;
  std::vector<Erasure> erasures;
  std::vector<Offset> offsets;
};

struct Taken {
  std::size_t kept = 0;
  std::size_t known = 0;    // were there already: sent here, or received before
  std::size_t expired = 0;  // older than what is kept, or than the erasure of their user
};

}  // namespace sparrow::events
