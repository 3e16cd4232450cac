// What an EventLog holds: its queues, its writer's thread and its files. For event_log.cc and
// event_log_exchange.cc alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sparrow/events/event_log.h"
#include "sparrow/events/log_folder.h"

namespace sparrow::events {

struct EventLog::Files {
  // What one call of append() waits for.
  struct Batch {
    std::span<const Event> events;
    std::promise<Result<Appended>> done;
  };

  explicit Files(EventLogOptions given) : options(std::move(given)), folder(options.folder) {}

  EventLogOptions options;
  LogFolder folder;
  bool writes = false;

  mutable std::mutex mutex;  // of all below
  std::condition_variable work;
  std::condition_variable rest;  // nothing waits any more
  std::deque<Batch*> batches;
  std::deque<Impression> impressions;
  std::deque<Exposure> exposures;
  std::unordered_set<std::uint64_t> known_units;
  bool busy = false;
  bool full = false;  // all files take more than may be
  bool flushing = false;
  bool ended = false;
  Counts counts;

  std::mutex files_mutex;  // of what is open for writing: the writer, and who erases
  std::thread writer;

  // Of the exchange, under files_mutex.
  std::set<std::int64_t> unsent_days;  // that may have rows which were not sent
  bool unsent_units = true;
  bool unsent_known = false;  // unsent_days has all days that there are
  std::uint64_t erased_count = 0;
  bool erased_known = false;
  std::unordered_map<std::int64_t, std::int64_t> erased;  // hash of whom -> until, milliseconds
  std::int64_t last_written = 0;                          // of offsets

  void write_all();
  void write_once(std::deque<Batch*>& taken, std::deque<Impression>& lists,
                  std::deque<Exposure>& units);
  Result<void> write_batches(std::deque<Batch*>& taken, std::vector<Appended>& appended);
  // EventLogOptions::on_kept hears of them.
  void tell(const std::vector<const Event*>& kept) const;
  Result<void> write_lists(const std::deque<Impression>& lists);
  Result<void> write_units(const std::deque<Exposure>& units);
  std::int64_t oldest_kept() const;
  Result<void> know_erased();
  bool is_erased(std::string_view who, std::int64_t time_ms) const;
  // Too old, or of a user who was erased since.
  bool is_gone(const Event& event, std::int64_t oldest) const;
  bool is_gone(const Impression& list, std::int64_t oldest) const;
  bool is_gone(const Exposure& exposure, std::int64_t oldest) const;
  Result<Erased> erase(Erasure erasure, LogFile::Remember remember);
  Result<void> write_received(const Received& received, Taken& taken);
  Result<void> read_user(Erasure& erasure);
  Result<void> erase_days(const Erasure& erasure, Erased& sum);
  Result<void> erase_units(const Erasure& erasure, LogFile::Remember remember, Erased& sum);
};

}  // namespace sparrow::events
