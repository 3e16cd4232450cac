// LogFile: one SQLite database of an EventLog, of a day or of exposures. docs/formats.md has the
// tables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/event.h"
#include "sparrow/events/event_log.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sparrow::events {

struct ListHead;
struct DayMark;

// One open database. Used by one thread at a time.
class LogFile {
 public:
  enum class Use { kRead, kWrite };
  enum class Kind { kDay, kExposures };
  // Makes the file and its tables for kWrite; kRead finds nothing in a file whose tables were never
  // made. Errors: kUnavailable, kExhausted, kInvalidInput (a
  // newer program's), each naming the file.
  static Result<std::unique_ptr<LogFile>> open(const std::filesystem::path& path, Use use,
                                               Kind kind);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // One transaction around `write`; nothing of it is there when it or the disk fails, and then the
  // file is to be closed.
  Result<void> transaction(const std::function<Result<void>()>& write);
  Result<bool> insert(const Event& event);  // false: its id is there already
  // False: the same list, or the unit, is there already.
  Result<bool> insert(const Impression& impression);
  Result<bool> insert(const Exposure& exposure);
  // Of a day: adds the sessions that events of the user name, and how new the newest is.
  Result<void> read_user(Erasure& erasure);
  // Overwrites what it removes. Of a day: events and lists.
  Result<EventLog::Erased> erase(const Erasure& erasure);
  // Of exposures: how many there were. With kForAll the erasure is remembered, with kToSend it also
  // waits to be sent to the other replicas; all in one transaction.
  enum class Remember { kNothing, kForAll, kToSend };
  Result<std::size_t> erase_units(const Erasure& erasure, Remember remember);
  Result<void> erase_exposures_before(std::int64_t time_ms);
  Result<void> each_event(TimeSpan span, const std::function<bool(const Event&)>& take, bool& more);
  // Appends at most `count`, newest first.
  Result<void> latest(std::size_t count, std::vector<Event>& events);
  Result<void> latest(std::size_t count, std::vector<Impression>& lists);
  Result<void> each_impression(TimeSpan span, const std::function<bool(const Impression&)>& take,
                               bool& more);
  Result<void> each_exposure(std::string_view experiment,
                             const std::function<bool(const Exposure&)>& take);
  // log_queries.h says what these are.
  Result<void> each_list_head(const std::function<bool(const ListHead&)>& take);
  Result<DayMark> day_mark();
  Result<void> count_exposures(std::string_view experiment, TimeSpan span,
                               std::map<std::string, std::uint64_t>& counts);
  Result<std::optional<Exposure>> find_exposure(std::string_view experiment, std::string_view unit);

  // For the exchange with other replicas (log_file_exchange.cc). Of a day: appends what was taken
  // in here and is not sent, at most `most` of each kind; then what has been sent.
  Result<Unsent::Day> read_unsent(std::size_t most, Unsent& unsent);
  Result<void> set_sent(const Unsent::Day& day);
  Result<void> set_all_sent();           // inside of a transaction
  Result<std::uint64_t> count_unsent();  // rows behind those that were sent
  // The same of exposures and erasures.
  Result<void> read_unsent_units(std::size_t most, Unsent& unsent);
  Result<void> set_units_sent(const Unsent& unsent);
  Result<std::uint64_t> count_unsent_units();
  Result<std::unordered_map<std::int64_t, std::int64_t>> erased();  // hash -> until, milliseconds
  Result<std::string> replica_name(const std::string& new_name);    // the one there is, else this
  // Inside of a transaction; `written` grows from one to the next.
  Result<void> set_offsets(std::span<const Offset> offsets, std::int64_t written);
  struct Position {
    Offset offset;
    std::int64_t written = 0;
  };
  Result<void> read_offsets(std::vector<Position>& positions);

 private:
  class Statement;
  LogFile(std::filesystem::path path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  Error failure(std::string_view action) const;
  bool has_tables() const { return format_ > 0; }
  bool exchanges() const { return format_ > 1; }
  std::string_view event_columns() const;
  std::string_view list_columns() const;
  Result<void> run(const char* text);
  Result<void> set_up(Use use, Kind kind);
  Result<sqlite3_stmt*> prepared(sqlite3_stmt*& kept, const char* text);
  Result<void> finish(sqlite3_stmt* statement);
  Result<std::int64_t> number_of(const char* text);
  // Calls `take` at each row until it returns false.
  Result<void> each_row(const Statement& statement, const std::function<bool(sqlite3_stmt*)>& take);
  Result<void> empty_write_ahead();
  Result<void> read_recent();
  Result<std::int64_t> read_recent_lists(std::int64_t after);
  Result<void> index_recent();
  Result<bool> is_known(std::int64_t hash);

  std::filesystem::path path_;
  sqlite3* db_;
  int format_ =
      0;  // 0: has no tables; the disk was full, or the process was killed, as it was made
  sqlite3_stmt* insert_event_ = nullptr;
  sqlite3_stmt* insert_impression_ = nullptr;
  sqlite3_stmt* insert_exposure_ = nullptr;
  sqlite3_stmt* find_known_ = nullptr;
  std::unordered_set<std::int64_t> recent_;  // hashes of ids that are not in `known`
};

}  // namespace sparrow::events
