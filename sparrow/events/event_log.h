// EventLog: events and impressions on disk, one SQLite file a day, in WAL mode. An event is
// acknowledged after its transaction is on disk; what several threads send at the same time is
// written in one transaction (group commit). docs/events.md has tables and figures.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/event.h"
#include "sparrow/events/exchange.h"

namespace sparrow::events {

struct EventLogOptions {
  std::filesystem::path folder;  // of the files
  int keep_days = 90;            // older days are deleted; 0: kept for ever
  // The oldest days go when all files are larger; when today's alone are, nothing more is taken in.
  // 0: no bound.
  std::uint64_t keep_bytes = 0;
  std::size_t most_waiting = 1 << 16;  // impressions not yet written; more are dropped and counted
  bool exchanges = false;              // with other replicas: erasures are kept for them
  // Hears of each event that was kept, once, when it is on disk and before append() returns; not of
  // those that were known. Called by the log's own thread, which waits for it: it must be quick.
  std::function<void(const Event&)> on_kept;
};

// A time span [from, to) in milliseconds since 1970.
struct TimeSpan {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();
};

// Safe for use by several threads.
class EventLog {
 public:
  // Makes the folder. Errors: kUnavailable naming what cannot be opened.
  static Result<std::unique_ptr<EventLog>> open(EventLogOptions options);
  // For reading alone, beside a server that writes; nothing is made or deleted.
  static Result<std::unique_ptr<EventLog>> open_to_read(const std::filesystem::path& folder);
  ~EventLog();

  struct Appended {
    std::size_t kept = 0;
    std::size_t known = 0;    // had been sent before under the same id
    std::size_t expired = 0;  // older than what is kept
  };
  // On disk on return. Errors: kExhausted when the disk is full, kUnavailable; then some days' may
  // be there, and to send all again is right.
  Result<Appended> append(std::span<const Event> events);
  // Soon on disk, or dropped and counted: a list is never late for it.
  void append_later(Impression impression);
  // The first of a unit in an experiment is kept, by way of append_later's queue.
  void append_later(Exposure exposure);
  // A list that the caller did not want kept: counted with those that found no room.
  void drop_list();
  // Waits until what append_later() took is on disk, or cannot be.
  void flush();

  // In the order in which they were written, day after day. `take` returns false to stop. What is
  // written meanwhile may be missed.
  Result<void> each_event(TimeSpan span, const std::function<bool(const Event&)>& take) const;
  Result<void> each_impression(TimeSpan span,
                               const std::function<bool(const Impression&)>& take) const;
  // The last `count` that were written, newest first.
  Result<std::vector<Event>> latest(std::size_t count) const;
  // Those of one experiment; all when it is empty.
  Result<void> each_exposure(std::string_view experiment,
                             const std::function<bool(const Exposure&)>& take) const;

  struct Erased {
    std::size_t events = 0;
    std::size_t impressions = 0;
    std::size_t exposures = 0;
  };
  // Removes everything that names this user, and the lists and exposures of the sessions that their
  // events name, and overwrites it in the files.
  Result<Erased> erase_user(const std::string& user);

  // For an exchange with other replicas (options.exchanges), by one thread for each direction.
  // The name of this log, made once.
  Result<std::string> replica_name();
  // At most `most` records, and all erasures.
  Result<Unsent> unsent(std::size_t most);
  // They need not be sent again. Without effect when a user was erased since they were read: then
  // they are sent twice, and are known where they arrive.
  Result<void> mark_sent(const Unsent& sent);
  // How many rows wait, at most: rows of other replicas between them are counted too.
  Result<std::uint64_t> count_unsent();
  // On disk on return, with the offsets in the last transaction: all of it is there, or will be
  // received again, and what is there already is known. Errors: as append().
  Result<Taken> take(const Received& received);
  // Of a topic, as the last take() left them.
  Result<std::vector<Offset>> offsets(const std::string& topic);

  struct Counts {
    std::uint64_t events = 0;  // since the start
    std::uint64_t known = 0;
    std::uint64_t impressions = 0;
    std::uint64_t dropped = 0;  // impressions and exposures that found no room
    std::uint64_t bytes = 0;    // of all files
    std::string trouble;        // why nothing can be written now; empty: it can
  };
  Counts counts() const;
  // Where the files are; log_queries.h reads them beside the writer.
  const std::filesystem::path& folder() const;

 private:
  struct Files;
  explicit EventLog(EventLogOptions options);
  std::unique_ptr<Files> files_;
};

}  // namespace sparrow::events
