// Journal: what people tell the server: judgements, votes, reports, feedback. Each kind is a file
// of JSON lines that is only appended to (docs/formats.md); all of it is held in memory, bounded.
// UserEvents answers from feedback and impressions what a user should not be shown again.
#pragma once

#include <cstdint>
#include <filesystem>
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

class Journal {
 public:
  // An empty path: kept in memory only. Lines that are no JSON are counted and skipped: a file cut
  // short by a crash must not keep the server from starting.
  explicit Journal(std::filesystem::path file, std::size_t max_entries = 1'000'000);

  // All entries or none; durable on return. Errors: kUnavailable naming the file; kExhausted when
  // the journal would be full.
  Result<void> append_all(std::span<const nlohmann::json> entries);
  Result<void> append(const nlohmann::json& entry) { return append_all({&entry, 1}); }
  std::vector<nlohmann::json> entries() const;
  std::size_t skipped() const { return skipped_; }

 private:
  std::filesystem::path file_;
  std::size_t max_entries_;
  std::size_t skipped_ = 0;
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> entries_;
};

// Judgements without those that a later one of the same grader and pair with `grade` null took
// back.
std::vector<nlohmann::json> standing_judgements(std::vector<nlohmann::json> entries);

enum class EventKind { kShown, kPlayed, kHidden, kSeen, kUnlike };
// "hide", "not_similar", "seen", "play", "shown"; nothing for other names.
std::optional<EventKind> event_kind(std::string_view name);

class UserEvents {
 public:
  void add(const std::string& user, Row item, EventKind kind);
  // What a line of feedback changes. False: an undo that had nothing to take back.
  bool take(const nlohmann::json& feedback, Row item);
  // Forgets that the user hid the item, has seen it or found it unlike; without `kind` all three.
  // False: there was nothing to forget.
  bool take_back(const std::string& user, Row item, std::optional<EventKind> kind);
  // Items the user hid or has seen, and with `fatigue` > 0 those shown so often and never played.
  std::vector<Row> unwanted(const std::string& user, std::size_t fatigue) const;

 private:
  static constexpr std::size_t kMaxUsers = 200'000;
  static constexpr std::size_t kMaxItems = 20'000;
  struct State {
    std::uint32_t shown = 0;
    std::uint32_t unlike = 0;  // counts as shown
    bool played = false;
    bool hidden = false;
    bool seen = false;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::unordered_map<Row, State>> users_;
};

}  // namespace sparrow::live
