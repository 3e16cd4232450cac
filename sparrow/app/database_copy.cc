#include "sparrow/app/database_copy.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <sqlite3.h>

namespace sparrow::app {
namespace {

constexpr int kPatienceMs = 60'000;  // for who writes without a write-ahead log

struct CloseDatabase {
  void operator()(sqlite3* one) const { sqlite3_close(one); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Error database_error(const std::filesystem::path& file, int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt,
              fmt::format("{}: is no sound database ({}): move it away to go on without it",
                          file.string(), sqlite3_errstr(code))};
    case SQLITE_FULL:
      return {ErrorCode::kExhausted, fmt::format("{}: the disk is full", file.string())};
    default:
      return {ErrorCode::kUnavailable,
              fmt::format("{}: cannot be copied: {}", file.string(), sqlite3_errstr(code))};
  }
}

Result<Database> open_database(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return database_error(file, code);
  sqlite3_busy_timeout(raw, kPatienceMs);
  return database;
}

}  // namespace

bool is_database(const std::filesystem::path& file) { return file.extension() == ".db"; }

bool is_beside_database(const std::filesystem::path& file) {
  const auto extension = file.extension();
  return extension == ".db-wal" || extension == ".db-shm" || extension == ".db-journal";
}

Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code code;
  if (!std::filesystem::exists(from, code))
    return Error{ErrorCode::kNotFound, from.string() + ": is not there"};
  std::filesystem::remove(to, code);
  // What a killed process left in a write-ahead log can only be read by who may write beside it.
  auto source = open_database(from, SQLITE_OPEN_READWRITE);
  if (!source) source = open_database(from, SQLITE_OPEN_READONLY);
  if (!source) return source.error();
  auto copy = open_database(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!copy) return copy.error();
  sqlite3_exec(copy->get(), "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  sqlite3_backup* backup = sqlite3_backup_init(copy->get(), "main", source->get(), "main");
  if (backup == nullptr) return database_error(to, sqlite3_errcode(copy->get()));
  const int step = sqlite3_backup_step(backup, -1);  // all pages, as one reader sees them
  const int done = sqlite3_backup_finish(backup);
  if (step == SQLITE_DONE && done == SQLITE_OK) return {};
  const bool disk = (step & 0xff) == SQLITE_FULL || (done & 0xff) == SQLITE_FULL;
  return database_error(disk ? to : from, done != SQLITE_OK ? done : step);
}

}  // namespace sparrow::app
