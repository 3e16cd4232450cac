// Journal: what people tell the server: judgements, votes, reports, feedback. Each kind is a file
// of JSON lines that is only appended to (docs/formats.md), bounded in bytes; its text is held in
// memory.
// UserMarks answers from feedback and impressions what a user should not be shown again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"

namespace sparrow::live {

// The text under a name of an entry; empty when it has none.
inline std::string text_of(const nlohmann::json& entry, const char* name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What a line of a journal must hold to be an entry of its kind.
struct JournalKind {
  std::vector<const char*> texts;      // members that must be there, as texts
  std::vector<const char*> may_texts;  // members that must be texts where they are
  bool graded = false;                 // "grade": 0 to 3, or null

  bool fits(const nlohmann::json& entry) const;
};

class Journal {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;  // about 100,000 entries

  // An empty path: kept in memory only. Lines are sealed (core/sealed_lines.h); an end that was
  // torn by a crash is cut off, a line that is no entry is counted and skipped, and neither keeps
  // the server from starting. A file that cannot be read is tried again at each call.
  explicit Journal(std::filesystem::path file, JournalKind kind = {},
                   std::size_t max_bytes = kMaxBytes);

  // All entries or none; durable on return, and not in memory before. Errors: kUnavailable naming
  // the file; kExhausted when the disk or the journal is full. What a file holds already is read
  // whatever its size.
  Result<void> append_all(std::span<const nlohmann::json> entries);
  Result<void> append(const nlohmann::json& entry) { return append_all({&entry, 1}); }
  // Error: the file cannot be read.
  Result<std::vector<nlohmann::json>> entries() const;
  // One after the other: a tenth of the memory of entries().
  Result<void> each(const std::function<void(nlohmann::json&&)>& take) const;
  // Removes the entries for which `gone` is true, from the file too; how many there were. Errors as
  // append_all().
  Result<std::size_t> remove(const std::function<bool(const nlohmann::json&)>& gone);
  // Keeps no text any more: nobody will ask for entries again.
  void let_go();
  // What was skipped or cut off, or why the file cannot be read; empty: nothing.
  std::string notice() const;

 private:
  Result<void> load() const;  // with mutex_ held

  std::filesystem::path file_;
  JournalKind kind_;
  std::size_t max_bytes_;
  std::mutex append_mutex_;  // one append at a time; readers do not wait for the disk
  mutable std::mutex mutex_;
  mutable bool loaded_ = false;
  mutable std::string notice_;
  mutable std::size_t bytes_ = 0;
  mutable std::string text_;  // an entry a line
  bool keeps_ = true;
};

// Judgements without those that a later one of the same grader and pair with `grade` null took
// back.
std::vector<nlohmann::json> standing_judgements(std::vector<nlohmann::json> entries);

enum class EventKind { kShown, kPlayed, kHidden, kSeen, kUnlike };
// "hide", "not_similar", "seen", "play", "shown"; nothing for other names.
std::optional<EventKind> event_kind(std::string_view name);

class UserMarks {
 public:
  void add(const std::string& user, Row item, EventKind kind);
  // What a line of feedback changes. False: an undo that had nothing to take back.
  bool take(const nlohmann::json& feedback, Row item);
  bool would_take(const nlohmann::json& feedback, Row item) const;  // what take() would answer
  // Forgets that the user hid the item, has seen it or found it unlike; without `kind` all three.
  // False: there was nothing to forget.
  bool take_back(const std::string& user, Row item, std::optional<EventKind> kind);
  // What take_back() would answer.
  bool has(const std::string& user, Row item, std::optional<EventKind> kind) const;
  // Becomes what `before` is, with rows[r] in place of row r; kNoRow: the item is gone.
  void take_over(const UserMarks& before, std::span<const Row> rows);
  // Everything that is known of the user.
  void forget(const std::string& user);
  // Items the user hid or has seen, and with `fatigue` > 0 those shown so often and never played.
  std::vector<Row> unwanted(const std::string& user, std::size_t fatigue) const;

 private:
  // What was said of an item: kept as long as the journal has it.
  struct Mark {
    std::uint32_t unlike = 0;  // counts as shown
    bool played = false;
    bool hidden = false;
    bool seen = false;
  };
  // How often items were shown to a user: a hint, forgotten first for who has not come for long.
  struct Shown {
    std::unordered_map<Row, std::uint32_t> times;
    std::list<std::string>::iterator place;  // in recent_
  };
  static constexpr std::size_t kMaxMarks = 300'000;  // at most 80 MB, of as many users
  static constexpr std::size_t kMaxShown = 500'000;  // items of all users; about 35 MB
  static constexpr std::size_t kMaxShownToOne = 5'000;
  void add_shown(const std::string& user, Row item);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::unordered_map<Row, Mark>> marks_;
  std::size_t mark_count_ = 0;
  std::unordered_map<std::string, Shown> shown_;
  std::list<std::string> recent_;  // users of shown_, the latest last
  std::size_t shown_count_ = 0;
};

}  // namespace sparrow::live
