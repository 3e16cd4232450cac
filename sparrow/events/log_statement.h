// What the sources of LogFile share: prepared statements and texts of their columns.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "sparrow/events/log_files.h"

namespace sparrow::events {

// Empty texts are NULL, which takes a byte less and is what SQL calls unknown.
inline void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  if (text.empty())
    sqlite3_bind_null(statement, at);
  else
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

inline std::string text_at(sqlite3_stmt* statement, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

// A statement that is reset, or finalised, when it goes.
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
