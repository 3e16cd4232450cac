// SQLite's statements as log_files.cc and log_file_exchange.cc use them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "sparrow/core/file.h"
#include "sparrow/events/log_files.h"

namespace sparrow::events {

// Two ids have the same with probability 2^-64.
inline std::int64_t hash_of(std::string_view id) {
  return static_cast<std::int64_t>(sha256_prefix(id));
}

// Empty texts are NULL, which takes a byte less and is what SQL calls unknown.
inline void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  if (text.empty())
    sqlite3_bind_null(statement, at);
  else
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

// Into a column that takes no NULL.
inline void bind_required(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text(statement, at, text.empty() ? "" : text.data(), static_cast<int>(text.size()),
                    SQLITE_STATIC);
}

inline std::string text_at(sqlite3_stmt* statement, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

Event event_at(sqlite3_stmt* row);            // of LogFile::event_columns()
Impression impression_at(sqlite3_stmt* row);  // of LogFile::list_columns()

// A statement that is finalised when it goes.
class LogFile::Statement {
 public:
  static Result<Statement> of(LogFile& file, const char* text) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(file.db_, text, -1, &raw, nullptr) != SQLITE_OK)
      return file.failure("cannot be read");
    return Statement(raw);
  }
  Statement(Statement&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(raw_); }
  sqlite3_stmt* get() const { return raw_; }

 private:
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}
  sqlite3_stmt* raw_;
};

}  // namespace sparrow::events
