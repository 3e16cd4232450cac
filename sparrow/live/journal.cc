#include "sparrow/live/journal.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/sealed_lines.h"

namespace sparrow::live {

bool JournalKind::fits(const nlohmann::json& entry) const {
  if (!entry.is_object()) return false;
  const auto text = [&](const char* name, bool must) {
    const auto found = entry.find(name);
    return found == entry.end() ? !must : found->is_string();
  };
  if (!std::all_of(texts.begin(), texts.end(), [&](const char* n) { return text(n, true); }) ||
      !std::all_of(may_texts.begin(), may_texts.end(),
                   [&](const char* n) { return text(n, false); }))
    return false;
  if (!graded) return true;
  const auto grade = entry.find("grade");
  return grade != entry.end() &&
         (grade->is_null() || (grade->is_number_integer() && *grade >= 0 && *grade <= 3));
}

Journal::Journal(std::filesystem::path file, JournalKind kind, std::size_t max_bytes)
    : file_(std::move(file)), kind_(std::move(kind)), max_bytes_(max_bytes) {
  const std::lock_guard lock(mutex_);
  (void)load();  // what is wrong is told by notice() and by each call
}

Result<void> Journal::load() const {
  if (loaded_) return {};
  if (file_.empty()) {
    loaded_ = true;
    return {};
  }
  auto lines = mend_sealed_lines(file_);
  if (!lines) {
    notice_ = lines.error().message;
    Error error = lines.error();
    if (error.code != ErrorCode::kExhausted) error.code = ErrorCode::kUnavailable;
    return error;
  }
  for (std::string& line : lines->objects) {
    if (kind_.fits(nlohmann::json::parse(line, nullptr, false)))
      (text_ += line) += '\n';
    else if (++lines->skipped == 1)
      lines->first_skipped = fmt::format("{:.60}", line);
    std::string().swap(line);
  }
  bytes_ = text_.size();
  notice_.clear();
  if (lines->skipped > 0)
    notice_ = fmt::format("{}: {} entries could not be read and are skipped, first {}",
                          file_.string(), lines->skipped, lines->first_skipped);
  loaded_ = true;
  return {};
}

namespace {

bool takes_something_back(const nlohmann::json& entry) {
  const auto grade = entry.find("grade");
  return (grade != entry.end() && grade->is_null()) || text_of(entry, "kind") == "undo";
}

}  // namespace

Result<void> Journal::append_all(std::span<const nlohmann::json> entries) {
  std::vector<std::string> lines;
  lines.reserve(entries.size());
  std::size_t bytes = 0;
  for (const auto& entry : entries) {
    lines.push_back(entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    bytes += lines.back().size() + 1;
  }
  const std::lock_guard one(append_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (auto there = load(); !there) return there;
    // What takes something back is always taken in: the last hundredth is kept for it.
    const bool takes_back = std::all_of(entries.begin(), entries.end(), takes_something_back);
    const std::size_t room = takes_back ? max_bytes_ : max_bytes_ - max_bytes_ / 100;
    if (bytes_ + bytes > room)
      return Error{
          ErrorCode::kExhausted,
          fmt::format("{} holds {:.1f} MB, no more is taken in: move it away and start the "
                      "server again",
                      file_.string(), static_cast<double>(bytes_) / 1e6)};
  }
  if (!file_.empty()) {
    std::error_code code;
    std::filesystem::create_directories(file_.parent_path(), code);
    if (auto appended = append_sealed_lines(file_, lines); !appended) return appended;
  }
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  if (!keeps_) return {};
  for (const auto& line : lines) (text_ += line) += '\n';
  return {};
}

Result<void> Journal::each(const std::function<void(nlohmann::json&&)>& take) const {
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    if (auto there = load(); !there) return there;
    text = text_;
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    take(nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                               text.begin() + static_cast<std::ptrdiff_t>(end)));
    begin = end + 1;
  }
  return {};
}

Result<std::vector<nlohmann::json>> Journal::entries() const {
  std::vector<nlohmann::json> all;
  if (auto read = each([&](nlohmann::json&& entry) { all.push_back(std::move(entry)); }); !read)
    return read.error();
  return all;
}

Result<std::size_t> Journal::remove(const std::function<bool(const nlohmann::json&)>& gone) {
  const std::lock_guard one(append_mutex_);
  const std::lock_guard lock(mutex_);
  if (auto there = load(); !there) return there.error();
  std::vector<std::string> lines;
  if (!file_.empty()) {
    auto read = read_sealed_lines(file_);
    if (!read) return read.error();
    lines = std::move(read->objects);
  } else {
    for (std::size_t begin = 0; begin < text_.size();) {
      const std::size_t end = text_.find('\n', begin);
      lines.push_back(text_.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  const std::size_t before = lines.size();
  std::erase_if(lines, [&](const std::string& line) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    return entry.is_object() && gone(entry);
  });
  if (lines.size() == before) return std::size_t{0};
  if (!file_.empty()) {
    std::string sealed_text;
    for (const std::string& line : lines) (sealed_text += sealed(line)) += '\n';
    if (auto written = write_file_atomically(file_, sealed_text); !written) return written.error();
  }
  text_.clear();
  bytes_ = 0;
  for (const std::string& line : lines) {
    bytes_ += line.size() + 1;
    if (keeps_) (text_ += line) += '\n';
  }
  return before - lines.size();
}

void Journal::let_go() {
  const std::lock_guard lock(mutex_);
  keeps_ = false;
  std::string().swap(text_);
}

std::string Journal::notice() const {
  const std::lock_guard lock(mutex_);
  return notice_;
}

std::vector<nlohmann::json> standing_judgements(std::vector<nlohmann::json> entries) {
  const auto key = [](const nlohmann::json& entry) {
    return std::array{text_of(entry, "seed"), text_of(entry, "item"), text_of(entry, "grader")};
  };
  std::map<std::array<std::string, 3>, std::size_t> taken_back;  // up to this entry
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto grade = entries[i].find("grade");
    if (grade != entries[i].end() && grade->is_null()) taken_back[key(entries[i])] = i;
  }
  if (taken_back.empty()) return entries;
  std::vector<nlohmann::json> standing;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto found = taken_back.find(key(entries[i]));
    if (found == taken_back.end() || found->second < i) standing.push_back(std::move(entries[i]));
  }
  return standing;
}

std::optional<EventKind> event_kind(std::string_view name) {
  if (name == "hide") return EventKind::kHidden;
  if (name == "not_similar") return EventKind::kUnlike;
  if (name == "seen") return EventKind::kSeen;
  if (name == "play") return EventKind::kPlayed;
  if (name == "shown") return EventKind::kShown;
  return std::nullopt;
}

bool UserMarks::take(const nlohmann::json& feedback, Row item) {
  const std::string user = text_of(feedback, "user");
  if (text_of(feedback, "kind") == "undo")
    return take_back(user, item, event_kind(text_of(feedback, "of")));
  if (const auto kind = event_kind(text_of(feedback, "kind"))) add(user, item, *kind);
  return true;
}

bool UserMarks::would_take(const nlohmann::json& feedback, Row item) const {
  return text_of(feedback, "kind") != "undo" ||
         has(text_of(feedback, "user"), item, event_kind(text_of(feedback, "of")));
}

void UserMarks::add(const std::string& user, Row item, EventKind kind) {
  const std::lock_guard lock(mutex_);
  if (kind == EventKind::kShown) return add_shown(user, item);
  auto& items = marks_[user];
  if (!items.contains(item)) {
    if (mark_count_ >= kMaxMarks) return;
    ++mark_count_;
  }
  Mark& mark = items[item];
  if (kind == EventKind::kPlayed) mark.played = true;
  if (kind == EventKind::kHidden) mark.hidden = true;
  if (kind == EventKind::kSeen) mark.seen = true;
  if (kind == EventKind::kUnlike) ++mark.unlike;
}

void UserMarks::add_shown(const std::string& user, Row item) {
  const auto [at, fresh] = shown_.try_emplace(user);
  Shown& shown = at->second;
  if (fresh)
    shown.place = recent_.insert(recent_.end(), user);
  else
    recent_.splice(recent_.end(), recent_, shown.place);
  const auto times = shown.times.find(item);
  if (times != shown.times.end()) {
    ++times->second;
    return;
  }
  if (shown.times.size() >= kMaxShownToOne) return;
  shown.times.emplace(item, 1);
  ++shown_count_;
  while (shown_count_ > kMaxShown && recent_.size() > 1) {
    const auto oldest = shown_.find(recent_.front());
    shown_count_ -= oldest->second.times.size();
    shown_.erase(oldest);
    recent_.pop_front();
  }
}

bool UserMarks::take_back(const std::string& user, Row item, std::optional<EventKind> kind) {
  const std::lock_guard lock(mutex_);
  const auto items = marks_.find(user);
  if (items == marks_.end()) return false;
  const auto found = items->second.find(item);
  if (found == items->second.end()) return false;
  Mark& mark = found->second;
  const auto asked = [&](EventKind one) { return !kind || *kind == one; };
  bool changed = false;
  if (asked(EventKind::kHidden)) changed |= std::exchange(mark.hidden, false);
  if (asked(EventKind::kSeen)) changed |= std::exchange(mark.seen, false);
  if (asked(EventKind::kUnlike)) changed |= std::exchange(mark.unlike, 0U) > 0;
  if (!mark.hidden && !mark.seen && !mark.played && mark.unlike == 0) {
    items->second.erase(found);
    --mark_count_;
    if (items->second.empty()) marks_.erase(items);
  }
  return changed;
}

bool UserMarks::has(const std::string& user, Row item, std::optional<EventKind> kind) const {
  const std::lock_guard lock(mutex_);
  const auto items = marks_.find(user);
  if (items == marks_.end()) return false;
  const auto found = items->second.find(item);
  if (found == items->second.end()) return false;
  const Mark& mark = found->second;
  const auto asked = [&](EventKind one) { return !kind || *kind == one; };
  return (asked(EventKind::kHidden) && mark.hidden) || (asked(EventKind::kSeen) && mark.seen) ||
         (asked(EventKind::kUnlike) && mark.unlike > 0);
}

void UserMarks::take_over(const UserMarks& before, std::span<const Row> rows) {
  const std::scoped_lock lock(mutex_, before.mutex_);
  const auto now_of = [&](Row row) { return row < rows.size() ? rows[row] : kNoRow; };
  marks_.clear();
  mark_count_ = 0;
  for (const auto& [user, items] : before.marks_) {
    for (const auto& [row, mark] : items) {
      if (now_of(row) == kNoRow) continue;
      marks_[user].emplace(now_of(row), mark);
      ++mark_count_;
    }
  }
  shown_.clear();
  recent_.clear();
  shown_count_ = 0;
  for (const std::string& user : before.recent_) {
    Shown shown;
    for (const auto& [row, times] : before.shown_.at(user).times) {
      if (now_of(row) != kNoRow) shown.times.emplace(now_of(row), times);
    }
    if (shown.times.empty()) continue;
    shown_count_ += shown.times.size();
    shown.place = recent_.insert(recent_.end(), user);
    shown_.emplace(user, std::move(shown));
  }
}

void UserMarks::forget(const std::string& user) {
  const std::lock_guard lock(mutex_);
  if (const auto marks = marks_.find(user); marks != marks_.end()) {
    mark_count_ -= marks->second.size();
    marks_.erase(marks);
  }
  const auto shown = shown_.find(user);
  if (shown == shown_.end()) return;
  shown_count_ -= shown->second.times.size();
  recent_.erase(shown->second.place);
  shown_.erase(shown);
}

std::vector<Row> UserMarks::unwanted(const std::string& user, std::size_t fatigue) const {
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  const auto marks = marks_.find(user);
  const auto mark_of = [&](Row row) -> Mark {
    if (marks == marks_.end()) return {};
    const auto found = marks->second.find(row);
    return found == marks->second.end() ? Mark{} : found->second;
  };
  if (marks != marks_.end()) {
    for (const auto& [row, mark] : marks->second) {
      if (mark.hidden || mark.seen) rows.push_back(row);
    }
  }
  if (fatigue == 0) return rows;
  std::unordered_map<Row, std::size_t> times;
  if (const auto shown = shown_.find(user); shown != shown_.end()) {
    for (const auto& [row, count] : shown->second.times) times[row] = count;
  }
  if (marks != marks_.end()) {
    for (const auto& [row, mark] : marks->second) times[row] += mark.unlike;
  }
  for (const auto& [row, count] : times) {
    const Mark mark = mark_of(row);
    if (count >= fatigue && !mark.played && !mark.hidden && !mark.seen) rows.push_back(row);
  }
  return rows;
}

}  // namespace sparrow::live
