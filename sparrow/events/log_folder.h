// LogFolder: the files of an EventLog: a SQLite database a day (UTC, of the event's own time), and
// one of exposures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/log_files.h"

namespace sparrow::events {

// Used by one thread at a time, but for the const members.
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
  // Deletes days and exposures before now - keep_days, and the oldest days while the rest takes
  // more than keep_bytes; 0: no such bound. Today's file stays.
  void drop_old(int keep_days, std::uint64_t keep_bytes, std::int64_t now_ms);

 private:
  struct Open {
    std::int64_t day;
    std::unique_ptr<LogFile> file;
  };
  std::filesystem::path path_of(std::int64_t day) const;
  std::filesystem::path exposures_path() const { return folder_ / "exposures.db"; }
  void drop(std::int64_t day);

  std::filesystem::path folder_;
  std::list<Open> open_;  // the last used first
  std::unique_ptr<LogFile> exposures_;
};

}  // namespace sparrow::events
