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
  Result<void> insert(const Impression& impression);
  Result<void> insert(const Exposure& exposure);
  // Overwrites what it removes. Of a day: the user's events and lists, and the lists of the
  // sessions that the events name; those are added to `sessions`.
  Result<EventLog::Erased> erase_user(const std::string& user, std::vector<std::string>& sessions);
  // Of exposures: how many there were.
  Result<std::size_t> erase_units(std::span<const std::string> units);
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

 private:
  class Statement;
  LogFile(std::filesystem::path path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  Error failure(std::string_view action) const;
  Result<void> run(const char* text);
  Result<void> set_up(Use use, Kind kind);
  Result<sqlite3_stmt*> prepared(sqlite3_stmt*& kept, const char* text);
  Result<void> finish(sqlite3_stmt* statement);
  Result<std::size_t> erase(const char* text, std::string_view value);
  // Calls `take` at each row until it returns false.
  Result<void> each_row(const Statement& statement, const std::function<bool(sqlite3_stmt*)>& take);
  Result<void> empty_write_ahead();
  Result<void> read_recent();
  Result<void> index_recent();
  Result<bool> is_known(std::int64_t hash);

  std::filesystem::path path_;
  sqlite3* db_;
  bool has_tables_ =
      false;  // not when the disk was full, or the process was killed, as it was made
  sqlite3_stmt* insert_event_ = nullptr;
  sqlite3_stmt* insert_impression_ = nullptr;
  sqlite3_stmt* insert_exposure_ = nullptr;
  sqlite3_stmt* find_known_ = nullptr;
  std::unordered_set<std::int64_t> recent_;  // hashes of ids that are not in `known`
};

}  // namespace sparrow::events
