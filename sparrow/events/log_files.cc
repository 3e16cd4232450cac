#include "sparrow/events/log_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/core/file.h"
#include "sparrow/events/log_statement.h"

namespace sparrow::events {
namespace {

constexpr int kFormat = 3;  // user_version of the databases

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
// Since format 2. Rows of other replicas have an origin; `sent` has the last rows that were sent to
// them; of `offsets` the one that was written last holds.
constexpr const char* kDayExchange = R"(
  ALTER TABLE events ADD COLUMN origin TEXT;
  ALTER TABLE impressions ADD COLUMN origin TEXT;
  CREATE TABLE sent(events INTEGER NOT NULL, lists INTEGER NOT NULL);
  INSERT INTO sent VALUES(0,0);
  CREATE TABLE indexed_lists(until INTEGER NOT NULL);
  CREATE TABLE offsets(
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    written INTEGER NOT NULL, PRIMARY KEY(topic, partition)) WITHOUT ROWID;
)";
// Since format 3: how long the list took, in microseconds, and its Impression::State.
constexpr const char* kDayStates = R"(
  ALTER TABLE impressions ADD COLUMN took INTEGER;
  ALTER TABLE impressions ADD COLUMN state INTEGER;
)";
constexpr const char* kExposureTables = R"(
  CREATE TABLE IF NOT EXISTS exposures(
    experiment TEXT NOT NULL, unit TEXT NOT NULL, variant TEXT NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY(experiment, unit)) WITHOUT ROWID;
)";
// `erased`: hashes of users, sessions and units. `erasures` wait until they are sent.
constexpr const char* kExposureExchange = R"(
  ALTER TABLE exposures ADD COLUMN origin TEXT;
  ALTER TABLE exposures ADD COLUMN sent INTEGER;
  CREATE INDEX unsent ON exposures(time) WHERE origin IS NULL AND sent IS NULL;
  CREATE TABLE erased(who INTEGER PRIMARY KEY, until INTEGER NOT NULL);
  CREATE TABLE erasures(
    number INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, sessions TEXT NOT NULL,
    until INTEGER NOT NULL);
  CREATE TABLE replica(name TEXT NOT NULL);
  CREATE TABLE offsets(
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    written INTEGER NOT NULL, PRIMARY KEY(topic, partition)) WITHOUT ROWID;
)";

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

// Of all that tells one list of a request from another.
std::int64_t list_hash(std::string_view request, std::string_view seed, std::int32_t offset,
                       std::string_view items) {
  return hash_of(fmt::format("list\n{}\n{}\n{}\n{}", request, seed, offset, items));
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
    if (!items[i].is_string() || !channels[i].is_number_unsigned()) continue;
    Impression::Shown shown;
    shown.item = items[i].get<std::string>();
    shown.channels = channels[i].get<std::uint32_t>();
    if (propensities.is_array() && propensities.size() == items.size() &&
        propensities[i].is_number())
      shown.propensity = propensities[i].get<float>();
    impression.items.push_back(std::move(shown));
  }
}

}  // namespace

Error LogFile::failure(std::string_view action) const {
  const int code = sqlite3_errcode(db_);
  const auto said = fmt::format("{}: {}: {}", path_.string(), action, sqlite3_errmsg(db_));
  return Error{code == SQLITE_FULL                               ? ErrorCode::kExhausted
               : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ErrorCode::kCorrupt
                                                                 : ErrorCode::kUnavailable,
               said};
}

Result<std::unique_ptr<LogFile>> LogFile::open(const std::filesystem::path& path, Use use,
                                               Kind kind) {
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (use == Use::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<LogFile> file(new LogFile(path, raw));
  if (opened != SQLITE_OK) return file->failure("cannot be opened");
  sqlite3_busy_timeout(raw, 5'000);
  if (auto ready = file->set_up(use, kind); !ready) return ready.error();
  return file;
}

Result<void> LogFile::set_up(Use use, Kind kind) {
  auto version = Statement::of(*this, "PRAGMA user_version");
  if (!version) return version.error();
  if (sqlite3_step(version->get()) != SQLITE_ROW) return failure("cannot be read");
  const int found = sqlite3_column_int(version->get(), 0);
  if (found > kFormat) return format_error(path_, found, kFormat);
  format_ = found;
  if (use == Use::kRead) return {};
  sqlite3_reset(version->get());
  // FULL: a commit is on disk when it returns. The id index of a day should stay in the cache.
  for (const char* text :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536",
        "PRAGMA wal_autocheckpoint=4000", "PRAGMA secure_delete=ON"}) {
    if (auto done = run(text); !done) return done;
  }
  // All of it or nothing: a reader takes a file without a version for an empty one.
  auto made = transaction([&]() -> Result<void> {
    const bool day = kind == Kind::kDay;
    if (auto done = run(day ? kDayTables : kExposureTables); !done) return done;
    if (found < 2) {
      if (auto done = run(day ? kDayExchange : kExposureExchange); !done) return done;
    }
    if (found < 3 && day) {
      if (auto done = run(kDayStates); !done) return done;
    }
    return found < kFormat ? run(fmt::format("PRAGMA user_version={}", kFormat).c_str())
                           : Result<void>();
  });
  if (!made) return made;
  format_ = kFormat;
  return kind == Kind::kDay ? read_recent() : Result<void>();
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

Result<void> LogFile::each_row(const Statement& statement,
                               const std::function<bool(sqlite3_stmt*)>& take) {
  for (;;) {
    const int step = sqlite3_step(statement.get());
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot be read");
    if (!take(statement.get())) return {};
  }
}

Result<void> LogFile::read_recent() {
  const auto rows = Statement::of(
      *this, "SELECT id FROM events WHERE rowid>(SELECT coalesce(max(until),0) FROM indexed)");
  if (!rows) return rows.error();
  auto read = each_row(*rows, [&](sqlite3_stmt* row) {
    recent_.insert(hash_of(text_at(row, 0)));
    return true;
  });
  // Lists of an older format are not known at all: so many at a time.
  for (std::int64_t last = -1; read && last != 0;) {
    auto until = last > 0 ? Result<std::int64_t>(last)
                          : number_of("SELECT coalesce(max(until),0) FROM indexed_lists");
    if (!until) return until.error();
    auto next = read_recent_lists(*until);
    if (!next) return next.error();
    last = *next;
    if (recent_.size() >= kMostRecent) read = transaction([] { return Result<void>(); });
  }
  return read;
}

// The number of the last that was read when there may be more, else 0.
Result<std::int64_t> LogFile::read_recent_lists(std::int64_t after) {
  const auto rows = Statement::of(*this,
                                  "SELECT rowid,request,seed,first,items FROM impressions WHERE "
                                  "rowid>? ORDER BY rowid LIMIT ?");
  if (!rows) return rows.error();
  sqlite3_bind_int64(rows->get(), 1, after);
  sqlite3_bind_int64(rows->get(), 2, kMostRecent);
  std::size_t count = 0;
  std::int64_t last = 0;
  auto read = each_row(*rows, [&](sqlite3_stmt* row) {
    recent_.insert(
        list_hash(text_at(row, 1), text_at(row, 2), sqlite3_column_int(row, 3), text_at(row, 4)));
    last = sqlite3_column_int64(row, 0);
    ++count;
    return true;
  });
  if (!read) return read.error();
  return count == kMostRecent ? last : 0;
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
  return run(
      "DELETE FROM indexed; INSERT INTO indexed SELECT coalesce(max(rowid),0) FROM events;"
      "DELETE FROM indexed_lists;"
      "INSERT INTO indexed_lists SELECT coalesce(max(rowid),0) FROM impressions");
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
  const auto found = prepared(insert_event_, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?)");
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
  bind_text(s, 11, event.origin);
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

Result<bool> LogFile::insert(const Impression& impression) {
  std::string items;
  std::string channels;
  std::string propensities;
  lists_of(impression, items, channels, propensities);
  const std::int64_t hash =
      list_hash(impression.request, impression.seed, impression.offset, items);
  const auto known = is_known(hash);
  if (!known) return known.error();
  if (*known) return false;
  const auto found = prepared(insert_impression_,
                              "INSERT INTO impressions VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!found) return found.error();
  sqlite3_stmt* s = *found;
  bind_required(s, 1, impression.request);
  sqlite3_bind_int64(s, 2, impression.time_ms);
  bind_text(s, 3, impression.user);
  bind_text(s, 4, impression.session);
  bind_text(s, 5, impression.scenario);
  bind_required(s, 6, impression.model);
  sqlite3_bind_int64(s, 7, impression.rules);
  bind_text(s, 8, impression.variants);
  bind_text(s, 9, impression.seed);
  sqlite3_bind_int(s, 10, impression.offset);
  bind_text(s, 11, items);
  bind_text(s, 12, channels);
  bind_text(s, 13, propensities);
  bind_text(s, 14, impression.origin);
  if (impression.took_us == kNoDuration)
    sqlite3_bind_null(s, 15);
  else
    sqlite3_bind_int(s, 15, impression.took_us);
  sqlite3_bind_int(s, 16, static_cast<int>(impression.state));
  if (auto done = finish(s); !done) return done.error();
  recent_.insert(hash);
  return true;
}

Result<bool> LogFile::insert(const Exposure& exposure) {
  const auto found = prepared(insert_exposure_,
                              "INSERT INTO exposures(experiment,unit,variant,time,origin) "
                              "VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                              "variant=excluded.variant,time=excluded.time WHERE "
                              "excluded.time<time");
  if (!found) return found.error();
  sqlite3_stmt* s = *found;
  bind_text(s, 1, exposure.experiment);
  bind_text(s, 2, exposure.unit);
  bind_text(s, 3, exposure.variant);
  sqlite3_bind_int64(s, 4, exposure.time_ms);
  bind_text(s, 5, exposure.origin);
  if (auto done = finish(s); !done) return done.error();
  return sqlite3_changes(db_) > 0;
}

Result<void> LogFile::erase_exposures_before(std::int64_t time_ms) {
  return run(fmt::format("DELETE FROM exposures WHERE time<{0}; DELETE FROM erased WHERE until<{0}",
                         time_ms)
                 .c_str());
}

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
  event.origin = text_at(row, 10);
  return event;
}

Impression impression_at(sqlite3_stmt* row) {
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
  if (sqlite3_column_type(row, 13) != SQLITE_NULL) impression.took_us = sqlite3_column_int(row, 13);
  const int state = sqlite3_column_int(row, 14);  // NULL is 0
  if (state >= 0 && state < static_cast<int>(std::size(kStateNames)))
    impression.state = static_cast<Impression::State>(state);
  return impression;
}

std::string_view LogFile::event_columns() const {
  return exchanges() ? "id,type,time,user,session,item,request,position,value,query,origin"
                     : "id,type,time,user,session,item,request,position,value,query,NULL";
}

std::string_view LogFile::list_columns() const {
  constexpr std::string_view kColumns =
      "request,time,user,session,scenario,model,rules,variants,seed,first,items,channels,"
      "propensities,took,state";
  constexpr std::string_view kBeforeStates =
      "request,time,user,session,scenario,model,rules,variants,seed,first,items,channels,"
      "propensities,NULL,NULL";
  return format_ > 2 ? kColumns : kBeforeStates;
}

Result<void> LogFile::each_event(TimeSpan span, const std::function<bool(const Event&)>& take,
                                 bool& more) {
  if (!has_tables()) return {};
  const auto text =
      fmt::format("SELECT {} FROM events WHERE time>=? AND time<? ORDER BY rowid", event_columns());
  const auto statement = Statement::of(*this, text.c_str());
  if (!statement) return statement.error();
  sqlite3_bind_int64(statement->get(), 1, span.from_ms);
  sqlite3_bind_int64(statement->get(), 2, span.to_ms);
  return each_row(*statement, [&](sqlite3_stmt* row) { return more = take(event_at(row)); });
}

Result<void> LogFile::latest(std::size_t count, std::vector<Event>& events) {
  if (!has_tables()) return {};
  const auto text =
      fmt::format("SELECT {} FROM events ORDER BY rowid DESC LIMIT {}", event_columns(), count);
  const auto statement = Statement::of(*this, text.c_str());
  if (!statement) return statement.error();
  return each_row(*statement, [&](sqlite3_stmt* row) {
    events.push_back(event_at(row));
    return true;
  });
}

Result<void> LogFile::latest(std::size_t count, std::vector<Impression>& lists) {
  if (!has_tables()) return {};
  const auto text =
      fmt::format("SELECT {} FROM impressions ORDER BY rowid DESC LIMIT {}", list_columns(), count);
  const auto statement = Statement::of(*this, text.c_str());
  if (!statement) return statement.error();
  return each_row(*statement, [&](sqlite3_stmt* row) {
    lists.push_back(impression_at(row));
    return true;
  });
}

Result<void> LogFile::each_impression(TimeSpan span,
                                      const std::function<bool(const Impression&)>& take,
                                      bool& more) {
  if (!has_tables()) return {};
  const auto statement = Statement::of(
      *this, fmt::format("SELECT {} FROM impressions WHERE time>=? AND time<? ORDER BY rowid",
                         list_columns())
                 .c_str());
  if (!statement) return statement.error();
  sqlite3_bind_int64(statement->get(), 1, span.from_ms);
  sqlite3_bind_int64(statement->get(), 2, span.to_ms);
  return each_row(*statement, [&](sqlite3_stmt* row) { return more = take(impression_at(row)); });
}

Result<void> LogFile::each_exposure(std::string_view experiment,
                                    const std::function<bool(const Exposure&)>& take) {
  if (!has_tables()) return {};
  const auto statement = Statement::of(
      *this, experiment.empty()
                 ? "SELECT experiment,unit,variant,time FROM exposures"
                 : "SELECT experiment,unit,variant,time FROM exposures WHERE experiment=?");
  if (!statement) return statement.error();
  if (!experiment.empty()) bind_text(statement->get(), 1, experiment);
  return each_row(*statement, [&](sqlite3_stmt* row) {
    return take({text_at(row, 0), text_at(row, 1), text_at(row, 2), sqlite3_column_int64(row, 3)});
  });
}

}  // namespace sparrow::events
