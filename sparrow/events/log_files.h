// The files of an EventLog: a SQLite database a day (UTC, of the event's own time), and one of
// exposures. docs/formats.md has the tables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
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

// One open database. Used by one thread at a time.
class LogFile {
 public:
  enum class Use { kRead, kWrite };
  // Makes the file and its tables for kWrite. Errors: kUnavailable, kExhausted, kInvalidInput (a
  // newer program's), each naming the file.
  static Result<std::unique_ptr<LogFile>> open(const std::filesystem::path& path, Use use,
                                               const char* tables);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // One transaction around `write`; nothing of it is there when it or the disk fails, and then the
  // file is to be closed.
  Result<void> transaction(const std::function<Result<void>()>& write);
  Result<bool> insert(const Event& event);  // false: its id is there already
  Result<void> insert(const Impression& impression);
  Result<void> insert(const Exposure& exposure);
  // Overwrites what it removes.
  Result<EventLog::Erased> erase_user(std::string_view user, bool exposures);
  Result<void> each_event(TimeSpan span, const std::function<bool(const Event&)>& take, bool& more);
  // Appends at most `count`, newest first.
  Result<void> latest(std::size_t count, std::vector<Event>& events);
  Result<void> each_impression(TimeSpan span, const std::function<bool(const Impression&)>& take,
                               bool& more);
  Result<void> each_exposure(std::string_view experiment,
                             const std::function<bool(const Exposure&)>& take);

 private:
  class Statement;
  LogFile(std::filesystem::path path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  Error failure(std::string_view action) const;
  Result<void> run(const char* text);
  Result<void> set_up(Use use, const char* tables);
  Result<sqlite3_stmt*> prepared(sqlite3_stmt*& kept, const char* text);
  Result<void> finish(sqlite3_stmt* statement);
  Result<std::size_t> erase(const char* text, std::string_view user);
  Result<void> read_recent();
  Result<void> index_recent();
  Result<bool> is_known(std::int64_t hash);

  std::filesystem::path path_;
  sqlite3* db_;
  sqlite3_stmt* insert_event_ = nullptr;
  sqlite3_stmt* insert_impression_ = nullptr;
  sqlite3_stmt* insert_exposure_ = nullptr;
  sqlite3_stmt* find_known_ = nullptr;
  std::unordered_set<std::int64_t> recent_;  // hashes of ids that are not in `known`
};

// The folder of an EventLog. Used by one thread at a time, but for the const members.
class LogFolder {
 public:
  explicit LogFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<void> make();                             // the folder
  Result<std::vector<std::int64_t>> days() const;  // since 1970, ascending, that have a file
  std::uint64_t bytes() const;                     // of all files
  Result<LogFile*> to_write(std::int64_t day);
  Result<LogFile*> exposures_to_write();
  Result<std::unique_ptr<LogFile>> to_read(std::int64_t day) const;
  // Null: no unit has been exposed yet.
  Result<std::unique_ptr<LogFile>> exposures_to_read() const;
  // Closes what is open: after an error the next use opens it again.
  void close();
  // Deletes days that end before now - keep_days, and the oldest while the rest takes more than
  // keep_bytes; 0: no such bound. Today's file stays.
  void drop_old(int keep_days, std::uint64_t keep_bytes, std::int64_t now_ms);

 private:
  struct Open {
    std::int64_t day;
    std::unique_ptr<LogFile> file;
  };
  std::filesystem::path path_of(std::int64_t day) const;
  void drop(std::int64_t day);

  std::filesystem::path folder_;
  std::list<Open> open_;  // the last used first
  std::unique_ptr<LogFile> exposures_;
};

}  // namespace sparrow::events
