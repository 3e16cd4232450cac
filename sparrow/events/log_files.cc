#include "sparrow/events/log_files.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "sparrow/core/file.h"
#include "sparrow/data/time_form.h"

namespace sparrow::events {
namespace {

constexpr int kFormat = 1;  // user_version of the databases
constexpr std::size_t kMostOpen = 8;
constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".db";

constexpr std::size_t kMostRecent = 100'000;  // ids that are not yet in the table `known`

// Ids come in no order: a unique index of them would rewrite a page for each. `known` is filled
// with many at a time, in order; the ids of rows beyond `indexed` are held in memory (recent_).
constexpr const char* kDayTables = R"(
  CREATE TABLE IF NOT EXISTS events(
    id TEXT NOT NULL, type TEXT NOT NULL, time INTEGER NOT NULL, user TEXT, session TEXT,
    item TEXT, request TEXT, position INTEGER, value REAL, query TEXT);
  CREATE TABLE IF NOT EXISTS known(hash INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS indexed(until INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS impressions(
    request TEXT NOT NULL, time INTEGER NOT NULL, user TEXT, session TEXT, scenario TEXT,
    model TEXT NOT NULL, rules INTEGER NOT NULL, variants TEXT, seed TEXT, first INTEGER NOT NULL,
    items TEXT NOT NULL, channels TEXT NOT NULL, propensities TEXT);
)";
constexpr const char* kExposureTables = R"(
  CREATE TABLE IF NOT EXISTS exposures(
    experiment TEXT NOT NULL, unit TEXT NOT NULL, variant TEXT NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY(experiment, unit)) WITHOUT ROWID;
)";

// Two ids have the same with probability 2^-64.
std::int64_t hash_of(std::string_view id) { return static_cast<std::int64_t>(sha256_prefix(id)); }

// Empty texts are NULL, which takes a byte less and is what SQL calls unknown.
void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  if (text.empty())
    sqlite3_bind_null(statement, at);
  else
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

std::string text_at(sqlite3_stmt* statement, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

// ["1","2"], [3,1], [1,0.5]: lists that SQLite's json_each() reads.
void lists_of(const Impression& impression, std::string& items, std::string& channels,
              std::string& propensities) {
  bool explored = false;
  items = channels = propensities = "[";
  for (const auto& shown : impression.items) {
    const char* comma = items.size() > 1 ? "," : "";
    items += comma;
    items +=
        nlohmann::json(shown.item).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    fmt::format_to(std::back_inserter(channels), "{}{}", comma, shown.channels);
    fmt::format_to(std::back_inserter(propensities), "{}{}", comma, shown.propensity);
    explored = explored || shown.propensity < 1;
  }
  for (std::string* list : {&items, &channels, &propensities}) *list += ']';
  if (!explored) propensities.clear();
}

void read_lists(sqlite3_stmt* row, Impression& impression) {
  const auto parse = [&](int column) {
    return nlohmann::json::parse(text_at(row, column), nullptr, false);
  };
  const auto items = parse(10);
  const auto channels = parse(11);
  const auto propensities = parse(12);
  if (!items.is_array() || !channels.is_array() || channels.size() != items.size()) return;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Impression::Shown shown;
    shown.item = items[i].get<std::string>();
    shown.channels = channels[i].get<std::uint32_t>();
    if (propensities.is_array() && propensities.size() == items.size())
      shown.propensity = propensities[i].get<float>();
    impression.items.push_back(std::move(shown));
  }
}

}  // namespace

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

Error LogFile::failure(std::string_view action) const {
  const int code = sqlite3_errcode(db_);
  const auto said = fmt::format("{}: {}: {}", path_.string(), action, sqlite3_errmsg(db_));
  return Error{code == SQLITE_FULL                               ? ErrorCode::kExhausted
               : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ErrorCode::kCorrupt
                                                                 : ErrorCode::kUnavailable,
               said};
}

Result<std::unique_ptr<LogFile>> LogFile::open(const std::filesystem::path& path, Use use,
                                               const char* tables) {
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (use == Use::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<LogFile> file(new LogFile(path, raw));
  if (opened != SQLITE_OK) return file->failure("cannot be opened");
  sqlite3_busy_timeout(raw, 5'000);
  if (auto ready = file->set_up(use, tables); !ready) return ready.error();
  return file;
}

Result<void> LogFile::set_up(Use use, const char* tables) {
  auto version = Statement::of(*this, "PRAGMA user_version");
  if (!version) return version.error();
  if (sqlite3_step(version->get()) != SQLITE_ROW) return failure("cannot be read");
  const int found = sqlite3_column_int(version->get(), 0);
  if (found > kFormat) return format_error(path_, found, kFormat);
  if (use == Use::kRead) return {};
  sqlite3_reset(version->get());
  // FULL: a commit is on disk when it returns. The id index of a day should stay in the cache.
  for (const char* text : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                           "PRAGMA cache_size=-65536", "PRAGMA wal_autocheckpoint=4000",
                           "PRAGMA secure_delete=ON", tables, "PRAGMA user_version=1"}) {
    if (auto done = run(text); !done) return done;
  }
  return tables == kDayTables ? read_recent() : Result<void>();
}

LogFile::~LogFile() {
  for (sqlite3_stmt* statement : {insert_event_, insert_impression_, insert_exposure_, find_known_})
    sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Result<void> LogFile::run(const char* text) {
  if (sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure("cannot be written");
}

Result<sqlite3_stmt*> LogFile::prepared(sqlite3_stmt*& kept, const char* text) {
  if (kept == nullptr &&
      sqlite3_prepare_v3(db_, text, -1, SQLITE_PREPARE_PERSISTENT, &kept, nullptr) != SQLITE_OK)
    return failure("cannot be written");
  return kept;
}

Result<void> LogFile::transaction(const std::function<Result<void>()>& write) {
  if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = write();
  const bool many = recent_.size() >= kMostRecent;
  if (done && many) done = index_recent();
  if (done) done = run("COMMIT");
  if (!done) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  if (done && many) recent_.clear();
  return done;
}

Result<void> LogFile::read_recent() {
  const auto rows = Statement::of(
      *this, "SELECT id FROM events WHERE rowid>(SELECT coalesce(max(until),0) FROM indexed)");
  if (!rows) return rows.error();
  for (;;) {
    const int step = sqlite3_step(rows->get());
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    recent_.insert(hash_of(text_at(rows->get(), 0)));
  }
}

Result<void> LogFile::index_recent() {
  std::vector<std::int64_t> hashes(recent_.begin(), recent_.end());
  std::sort(hashes.begin(), hashes.end());
  const auto insert = Statement::of(*this, "INSERT INTO known VALUES(?) ON CONFLICT DO NOTHING");
  if (!insert) return insert.error();
  for (const std::int64_t hash : hashes) {
    sqlite3_bind_int64(insert->get(), 1, hash);
    if (sqlite3_step(insert->get()) != SQLITE_DONE) return failure("cannot be written");
    sqlite3_reset(insert->get());
  }
  return run("DELETE FROM indexed; INSERT INTO indexed SELECT coalesce(max(rowid),0) FROM events");
}

Result<bool> LogFile::is_known(std::int64_t hash) {
  if (recent_.contains(hash)) return true;
  const auto found = prepared(find_known_, "SELECT 1 FROM known WHERE hash=?");
  if (!found) return found.error();
  sqlite3_bind_int64(*found, 1, hash);
  const int step = sqlite3_step(*found);
  Result<bool> known = step == SQLITE_ROW;
  if (step != SQLITE_ROW && step != SQLITE_DONE) known = failure("cannot be read");
  sqlite3_reset(*found);
  return known;
}

Result<bool> LogFile::insert(const Event& event) {
  const std::int64_t hash = hash_of(event.id);
  const auto known = is_known(hash);
  if (!known) return known.error();
  if (*known) return false;
  const auto found = prepared(insert_event_, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?)");
  if (!found) return found.error();
  sqlite3_stmt* s = *found;
  bind_text(s, 1, event.id);
  bind_text(s, 2, event.type);
  sqlite3_bind_int64(s, 3, event.time_ms);
  bind_text(s, 4, event.user);
  bind_text(s, 5, event.session);
  bind_text(s, 6, event.item);
  bind_text(s, 7, event.request);
  if (event.position == kNoPosition)
    sqlite3_bind_null(s, 8);
  else
    sqlite3_bind_int(s, 8, event.position);
  if (std::isnan(event.value))
    sqlite3_bind_null(s, 9);
  else
    sqlite3_bind_double(s, 9, event.value);
  bind_text(s, 10, event.text);
  if (auto done = finish(s); !done) return done.error();
  recent_.insert(hash);
  return true;
}

Result<void> LogFile::finish(sqlite3_stmt* statement) {
  Result<void> result;
  if (sqlite3_step(statement) != SQLITE_DONE) result = failure("cannot be written");
  sqlite3_reset(statement);
  return result;
}

Result<void> LogFile::insert(const Impression& impression) {
  const auto found =
      prepared(insert_impression_, "INSERT INTO impressions VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!found) return found.error();
  sqlite3_stmt* s = *found;
  std::string items;
  std::string channels;
  std::string propensities;
  lists_of(impression, items, channels, propensities);
  bind_text(s, 1, impression.request);
  sqlite3_bind_int64(s, 2, impression.time_ms);
  bind_text(s, 3, impression.user);
  bind_text(s, 4, impression.session);
  bind_text(s, 5, impression.scenario);
  bind_text(s, 6, impression.model);
  sqlite3_bind_int64(s, 7, impression.rules);
  bind_text(s, 8, impression.variants);
  bind_text(s, 9, impression.seed);
  sqlite3_bind_int(s, 10, impression.offset);
  bind_text(s, 11, items);
  bind_text(s, 12, channels);
  bind_text(s, 13, propensities);
  return finish(s);
}

Result<void> LogFile::insert(const Exposure& exposure) {
  const auto found =
      prepared(insert_exposure_, "INSERT INTO exposures VALUES(?,?,?,?) ON CONFLICT DO NOTHING");
  if (!found) return found.error();
  sqlite3_stmt* s = *found;
  bind_text(s, 1, exposure.experiment);
  bind_text(s, 2, exposure.unit);
  bind_text(s, 3, exposure.variant);
  sqlite3_bind_int64(s, 4, exposure.time_ms);
  return finish(s);
}

Result<std::size_t> LogFile::erase(const char* text, std::string_view user) {
  const auto statement = Statement::of(*this, text);
  if (!statement) return statement.error();
  bind_text(statement->get(), 1, user);
  if (sqlite3_step(statement->get()) != SQLITE_DONE) return failure("cannot be written");
  return static_cast<std::size_t>(sqlite3_changes(db_));
}

Result<EventLog::Erased> LogFile::erase_user(std::string_view user, bool exposures) {
  EventLog::Erased erased;
  auto done = transaction([&]() -> Result<void> {
    using Part = std::pair<const char*, std::size_t*>;
    const Part of_day[] = {{"DELETE FROM events WHERE user=?", &erased.events},
                           {"DELETE FROM impressions WHERE user=?", &erased.impressions}};
    const Part of_exposures[] = {{"DELETE FROM exposures WHERE unit=?", &erased.exposures}};
    for (const auto& [text, count] :
         exposures ? std::span<const Part>(of_exposures) : std::span<const Part>(of_day)) {
      const auto removed = erase(text, user);
      if (!removed) return removed.error();
      *count = *removed;
    }
    // Rows to come may take the numbers of the last that went.
    if (!exposures)
      return run("UPDATE indexed SET until=min(until,(SELECT coalesce(max(rowid),0) FROM events))");
    return {};
  });
  if (!done) return done.error();
  // Old pages lie in the write-ahead log too: it is emptied.
  if (auto emptied = run("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied) return emptied.error();
  return erased;
}

namespace {

#define SPARROW_EVENT_COLUMNS "id,type,time,user,session,item,request,position,value,query"

Event event_at(sqlite3_stmt* row) {
  Event event;
  event.id = text_at(row, 0);
  event.type = text_at(row, 1);
  event.time_ms = sqlite3_column_int64(row, 2);
  event.user = text_at(row, 3);
  event.session = text_at(row, 4);
  event.item = text_at(row, 5);
  event.request = text_at(row, 6);
  if (sqlite3_column_type(row, 7) != SQLITE_NULL) event.position = sqlite3_column_int(row, 7);
  if (sqlite3_column_type(row, 8) != SQLITE_NULL) event.value = sqlite3_column_double(row, 8);
  event.text = text_at(row, 9);
  return event;
}

}  // namespace

Result<void> LogFile::each_event(TimeSpan span, const std::function<bool(const Event&)>& take,
                                 bool& more) {
  const auto statement =
      Statement::of(*this, "SELECT " SPARROW_EVENT_COLUMNS
                           " FROM events WHERE time>=? AND time<? ORDER BY rowid");
  if (!statement) return statement.error();
  sqlite3_bind_int64(statement->get(), 1, span.from_ms);
  sqlite3_bind_int64(statement->get(), 2, span.to_ms);
  for (;;) {
    const int step = sqlite3_step(statement->get());
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    if (!take(event_at(statement->get()))) {
      more = false;
      return {};
    }
  }
}

Result<void> LogFile::latest(std::size_t count, std::vector<Event>& events) {
  const auto statement = Statement::of(
      *this, "SELECT " SPARROW_EVENT_COLUMNS " FROM events ORDER BY rowid DESC LIMIT ?");
  if (!statement) return statement.error();
  sqlite3_bind_int64(statement->get(), 1, static_cast<sqlite3_int64>(count));
  for (;;) {
    const int step = sqlite3_step(statement->get());
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    events.push_back(event_at(statement->get()));
  }
}

Result<void> LogFile::each_impression(TimeSpan span,
                                      const std::function<bool(const Impression&)>& take,
                                      bool& more) {
  const auto statement = Statement::of(
      *this,
      "SELECT request,time,user,session,scenario,model,rules,variants,seed,first,items,channels,"
      "propensities FROM impressions WHERE time>=? AND time<? ORDER BY rowid");
  if (!statement) return statement.error();
  sqlite3_stmt* row = statement->get();
  sqlite3_bind_int64(row, 1, span.from_ms);
  sqlite3_bind_int64(row, 2, span.to_ms);
  for (;;) {
    const int step = sqlite3_step(row);
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    Impression impression;
    impression.request = text_at(row, 0);
    impression.time_ms = sqlite3_column_int64(row, 1);
    impression.user = text_at(row, 2);
    impression.session = text_at(row, 3);
    impression.scenario = text_at(row, 4);
    impression.model = text_at(row, 5);
    impression.rules = static_cast<std::uint32_t>(sqlite3_column_int64(row, 6));
    impression.variants = text_at(row, 7);
    impression.seed = text_at(row, 8);
    impression.offset = sqlite3_column_int(row, 9);
    read_lists(row, impression);
    if (!take(impression)) {
      more = false;
      return {};
    }
  }
}

Result<void> LogFile::each_exposure(std::string_view experiment,
                                    const std::function<bool(const Exposure&)>& take) {
  const auto statement = Statement::of(
      *this, experiment.empty()
                 ? "SELECT experiment,unit,variant,time FROM exposures"
                 : "SELECT experiment,unit,variant,time FROM exposures WHERE experiment=?");
  if (!statement) return statement.error();
  sqlite3_stmt* row = statement->get();
  if (!experiment.empty()) bind_text(row, 1, experiment);
  for (;;) {
    const int step = sqlite3_step(row);
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    const Exposure exposure{text_at(row, 0), text_at(row, 1), text_at(row, 2),
                            sqlite3_column_int64(row, 3)};
    if (!take(exposure)) return {};
  }
}

Result<void> LogFolder::make() {
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  if (code) return file_error(folder_, "be made", code.value());
  return {};
}

std::filesystem::path LogFolder::path_of(std::int64_t day) const {
  return folder_ / fmt::format("{}{}{}", kPrefix,
                               data::time_text(day * (kDayMs / 1000)).substr(0, 10), kSuffix);
}

Result<std::vector<std::int64_t>> LogFolder::days() const {
  std::vector<std::int64_t> days;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string date =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    std::int64_t seconds = 0;
    if (data::parse_date(date, data::DateOrder::kDayFirst, seconds))
      days.push_back(seconds / (kDayMs / 1000));
  }
  if (code && code != std::errc::no_such_file_or_directory)
    return file_error(folder_, "be read", code.value());
  std::sort(days.begin(), days.end());
  return days;
}

std::uint64_t LogFolder::bytes() const {
  std::uint64_t sum = 0;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    const auto size = entry.file_size(code);
    if (!code) sum += size;
  }
  return sum;
}

Result<LogFile*> LogFolder::to_write(std::int64_t day) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.day == day; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().file.get();
  }
  auto file = LogFile::open(path_of(day), LogFile::Use::kWrite, kDayTables);
  if (!file) return file.error();
  if (open_.size() == kMostOpen) open_.pop_back();
  open_.push_front({day, std::move(*file)});
  return open_.front().file.get();
}

Result<LogFile*> LogFolder::exposures_to_write() {
  if (exposures_ == nullptr) {
    auto file = LogFile::open(folder_ / "exposures.db", LogFile::Use::kWrite, kExposureTables);
    if (!file) return file.error();
    exposures_ = std::move(*file);
  }
  return exposures_.get();
}

Result<std::unique_ptr<LogFile>> LogFolder::to_read(std::int64_t day) const {
  return LogFile::open(path_of(day), LogFile::Use::kRead, kDayTables);
}

Result<std::unique_ptr<LogFile>> LogFolder::exposures_to_read() const {
  const auto path = folder_ / "exposures.db";
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::unique_ptr<LogFile>();
  return LogFile::open(path, LogFile::Use::kRead, kExposureTables);
}

void LogFolder::close() {
  open_.clear();
  exposures_.reset();
}

void LogFolder::drop(std::int64_t day) {
  std::erase_if(open_, [&](const Open& open) { return open.day == day; });
  const std::string path = path_of(day).string();
  std::error_code code;
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end, code);
}

void LogFolder::drop_old(int keep_days, std::uint64_t keep_bytes, std::int64_t now_ms) {
  auto all = days();
  if (!all) return;
  std::vector<std::int64_t>& found = *all;
  const std::int64_t today = now_ms / kDayMs;
  std::size_t first = 0;
  while (first < found.size() && keep_days > 0 && found[first] + keep_days < today)
    drop(found[first++]);
  while (first < found.size() && keep_bytes > 0 && found[first] < today && bytes() > keep_bytes)
    drop(found[first++]);
}

}  // namespace sparrow::events
