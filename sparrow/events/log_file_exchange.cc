// LogFile, what replicas exchange: rows that were not sent, offsets, erasures.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/events/log_statement.h"

namespace sparrow::events {

// The first column of the first row.
Result<std::int64_t> LogFile::number_of(const char* text) {
  const auto statement = Statement::of(*this, text);
  if (!statement) return statement.error();
  std::int64_t number = 0;
  auto read = each_row(*statement, [&](sqlite3_stmt* row) {
    number = sqlite3_column_int64(row, 0);
    return false;
  });
  if (!read) return read.error();
  return number;
}

// Old pages lie in the write-ahead log too.
Result<void> LogFile::empty_write_ahead() { return run("PRAGMA wal_checkpoint(TRUNCATE)"); }

Result<void> LogFile::read_user(Erasure& erasure) {
  const auto named =
      Statement::of(*this, "SELECT session,max(time) FROM events WHERE user=? GROUP BY session");
  if (!named) return named.error();
  bind_text(named->get(), 1, erasure.user);
  return each_row(*named, [&](sqlite3_stmt* row) {
    if (std::string session = text_at(row, 0); !session.empty())
      erasure.sessions.push_back(std::move(session));
    erasure.until_ms = std::max(erasure.until_ms, std::int64_t{sqlite3_column_int64(row, 1)});
    return true;
  });
}

namespace {

std::string json_list(std::span<const std::string> texts) {
  auto list = nlohmann::json::array();
  for (const std::string& text : texts) list.push_back(text);
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<EventLog::Erased> LogFile::erase(const Erasure& erasure) {
  EventLog::Erased erased;
  const std::string sessions = json_list(erasure.sessions);
  const auto remove = [&](const char* text, std::size_t& count) -> Result<void> {
    const auto statement = Statement::of(*this, text);
    if (!statement) return statement.error();
    bind_text(statement->get(), 1, erasure.user);
    sqlite3_bind_int64(statement->get(), 2, erasure.until_ms);
    if (sqlite3_bind_parameter_count(statement->get()) > 2)
      bind_text(statement->get(), 3, sessions);
    if (sqlite3_step(statement->get()) != SQLITE_DONE) return failure("cannot be written");
    count = static_cast<std::size_t>(sqlite3_changes(db_));
    return {};
  };
  auto done = transaction([&]() -> Result<void> {
    auto gone = remove(
        "DELETE FROM impressions WHERE time<=?2 AND "
        "(user=?1 OR session IN (SELECT value FROM json_each(?3)))",
        erased.impressions);
    if (!gone) return gone;
    gone = remove("DELETE FROM events WHERE user=?1 AND time<=?2", erased.events);
    if (!gone) return gone;
    // Rows to come may take the numbers of the last that went.
    return run(
        "UPDATE indexed SET until=min(until,(SELECT coalesce(max(rowid),0) FROM events));"
        "UPDATE indexed_lists SET until="
        "  min(until,(SELECT coalesce(max(rowid),0) FROM impressions));"
        "UPDATE sent SET events=min(events,(SELECT coalesce(max(rowid),0) FROM events)),"
        "  lists=min(lists,(SELECT coalesce(max(rowid),0) FROM impressions))");
  });
  if (!done) return done.error();
  if (auto emptied = empty_write_ahead(); !emptied) return emptied.error();
  return erased;
}

Result<std::size_t> LogFile::erase_units(const Erasure& erasure, Remember remember) {
  std::size_t count = 0;
  std::vector<std::string> units = erasure.sessions;
  units.push_back(erasure.user);
  auto done = transaction([&]() -> Result<void> {
    const auto remove = Statement::of(*this,
                                      "DELETE FROM exposures WHERE time<=?1 AND (unit=?3 OR unit "
                                      "IN (SELECT value FROM json_each(?2)))");
    if (!remove) return remove.error();
    const std::string sessions = json_list(erasure.sessions);
    sqlite3_bind_int64(remove->get(), 1, erasure.until_ms);
    bind_text(remove->get(), 2, sessions);
    bind_text(remove->get(), 3, erasure.user);
    if (sqlite3_step(remove->get()) != SQLITE_DONE) return failure("cannot be written");
    count = static_cast<std::size_t>(sqlite3_changes(db_));
    if (remember == Remember::kNothing) return {};
    const auto keep = Statement::of(*this,
                                    "INSERT INTO erased VALUES(?1,?2) ON CONFLICT(who) DO UPDATE "
                                    "SET until=max(until,?2)");
    if (!keep) return keep.error();
    for (const std::string& unit : units) {
      sqlite3_bind_int64(keep->get(), 1, hash_of(unit));
      sqlite3_bind_int64(keep->get(), 2, erasure.until_ms);
      if (sqlite3_step(keep->get()) != SQLITE_DONE) return failure("cannot be written");
      sqlite3_reset(keep->get());
    }
    if (remember != Remember::kToSend) return {};
    const auto wait =
        Statement::of(*this, "INSERT INTO erasures(user,sessions,until) VALUES(?,?,?)");
    if (!wait) return wait.error();
    bind_text(wait->get(), 1, erasure.user);
    bind_text(wait->get(), 2, sessions);
    sqlite3_bind_int64(wait->get(), 3, erasure.until_ms);
    if (sqlite3_step(wait->get()) != SQLITE_DONE) return failure("cannot be written");
    return {};
  });
  if (!done) return done.error();
  if (auto emptied = empty_write_ahead(); !emptied) return emptied.error();
  return count;
}

Result<Unsent::Day> LogFile::read_unsent(std::size_t most, Unsent& unsent) {
  Unsent::Day day;
  const auto read = [&](const char* table, std::string_view columns, const char* sent,
                        const std::function<void(sqlite3_stmt*)>& add) -> Result<std::int64_t> {
    // Rows up to the last there is now: those of other replicas are passed over with them.
    const auto from = number_of(fmt::format("SELECT {} FROM sent", sent).c_str());
    if (!from) return from;
    const auto last =
        number_of(fmt::format("SELECT coalesce(max(rowid),0) FROM {}", table).c_str());
    if (!last) return last;
    day.moved = day.moved || *last > *from;
    const auto rows = Statement::of(
        *this,
        fmt::format("SELECT {},rowid FROM {} WHERE rowid>{} AND rowid<={} AND origin IS NULL "
                    "ORDER BY rowid LIMIT {}",
                    columns, table, *from, *last, most)
            .c_str());
    if (!rows) return rows.error();
    std::size_t count = 0;
    std::int64_t number = *from;
    auto done = each_row(*rows, [&](sqlite3_stmt* row) {
      add(row);
      number = sqlite3_column_int64(row, sqlite3_column_count(row) - 1);
      ++count;
      return true;
    });
    if (!done) return done.error();
    return count < most ? std::max(*from, *last) : number;
  };
  const auto events = read("events", event_columns(), "events",
                           [&](sqlite3_stmt* row) { unsent.events.push_back(event_at(row)); });
  if (!events) return events.error();
  const auto lists = read("impressions", list_columns(), "lists",
                          [&](sqlite3_stmt* row) { unsent.lists.push_back(impression_at(row)); });
  if (!lists) return lists.error();
  day.events = *events;
  day.lists = *lists;
  return day;
}

Result<void> LogFile::set_sent(const Unsent::Day& day) {
  return transaction([&] {
    return run(fmt::format("UPDATE sent SET events={},lists={}", day.events, day.lists).c_str());
  });
}

Result<void> LogFile::set_all_sent() {
  return run(
      "UPDATE sent SET events=(SELECT coalesce(max(rowid),0) FROM events),"
      "lists=(SELECT coalesce(max(rowid),0) FROM impressions)");
}

Result<std::uint64_t> LogFile::count_unsent() {
  const auto count = number_of(
      "SELECT max(0,(SELECT coalesce(max(rowid),0) FROM events)-(SELECT events FROM sent))"
      "+max(0,(SELECT coalesce(max(rowid),0) FROM impressions)-(SELECT lists FROM sent))");
  if (!count) return count.error();
  return static_cast<std::uint64_t>(*count);
}

Result<void> LogFile::read_unsent_units(std::size_t most, Unsent& unsent) {
  const auto units = Statement::of(
      *this,
      fmt::format("SELECT experiment,unit,variant,time FROM exposures INDEXED BY unsent WHERE "
                  "origin IS NULL AND sent IS NULL ORDER BY time LIMIT {}",
                  most)
          .c_str());
  if (!units) return units.error();
  auto read = each_row(*units, [&](sqlite3_stmt* row) {
    unsent.exposures.push_back(
        {text_at(row, 0), text_at(row, 1), text_at(row, 2), sqlite3_column_int64(row, 3), {}});
    return true;
  });
  if (!read) return read;
  const auto erasures = Statement::of(*this, "SELECT number,user,sessions,until FROM erasures");
  if (!erasures) return erasures.error();
  return each_row(*erasures, [&](sqlite3_stmt* row) {
    Erasure erasure{text_at(row, 1), {}, sqlite3_column_int64(row, 3), {}};
    const auto sessions = nlohmann::json::parse(text_at(row, 2), nullptr, false);
    for (const auto& session : sessions) {
      if (session.is_string()) erasure.sessions.push_back(session.get<std::string>());
    }
    unsent.erasure_numbers.push_back(sqlite3_column_int64(row, 0));
    unsent.erasures.push_back(std::move(erasure));
    return true;
  });
}

Result<void> LogFile::set_units_sent(const Unsent& unsent) {
  auto done = transaction([&]() -> Result<void> {
    const auto mark =
        Statement::of(*this, "UPDATE exposures SET sent=1 WHERE experiment=? AND unit=?");
    if (!mark) return mark.error();
    for (const Exposure& exposure : unsent.exposures) {
      bind_text(mark->get(), 1, exposure.experiment);
      bind_text(mark->get(), 2, exposure.unit);
      if (sqlite3_step(mark->get()) != SQLITE_DONE) return failure("cannot be written");
      sqlite3_reset(mark->get());
    }
    for (const std::int64_t number : unsent.erasure_numbers) {
      if (auto gone = run(fmt::format("DELETE FROM erasures WHERE number={}", number).c_str());
          !gone)
        return gone;
    }
    return {};
  });
  if (!done || unsent.erasures.empty()) return done;
  return empty_write_ahead();  // they name users
}

Result<std::uint64_t> LogFile::count_unsent_units() {
  const auto count = number_of(
      "SELECT (SELECT count(*) FROM exposures WHERE origin IS NULL AND sent IS NULL)"
      "+(SELECT count(*) FROM erasures)");
  if (!count) return count.error();
  return static_cast<std::uint64_t>(*count);
}

Result<std::unordered_map<std::int64_t, std::int64_t>> LogFile::erased() {
  std::unordered_map<std::int64_t, std::int64_t> all;
  if (!exchanges()) return all;
  const auto rows = Statement::of(*this, "SELECT who,until FROM erased");
  if (!rows) return rows.error();
  auto read = each_row(*rows, [&](sqlite3_stmt* row) {
    all[sqlite3_column_int64(row, 0)] = sqlite3_column_int64(row, 1);
    return true;
  });
  if (!read) return read.error();
  return all;
}

Result<std::string> LogFile::replica_name(const std::string& new_name) {
  std::string name;
  auto done = transaction([&]() -> Result<void> {
    const auto rows = Statement::of(*this, "SELECT name FROM replica");
    if (!rows) return rows.error();
    auto read = each_row(*rows, [&](sqlite3_stmt* row) {
      name = text_at(row, 0);
      return false;
    });
    if (!read || !name.empty()) return read;
    name = new_name;
    const auto insert = Statement::of(*this, "INSERT INTO replica VALUES(?)");
    if (!insert) return insert.error();
    bind_text(insert->get(), 1, name);
    if (sqlite3_step(insert->get()) != SQLITE_DONE) return failure("cannot be written");
    return {};
  });
  if (!done) return done.error();
  return name;
}

Result<void> LogFile::set_offsets(std::span<const Offset> offsets, std::int64_t written) {
  const auto insert = Statement::of(*this, "INSERT OR REPLACE INTO offsets VALUES(?,?,?,?)");
  if (!insert) return insert.error();
  for (const Offset& offset : offsets) {
    bind_text(insert->get(), 1, offset.topic);
    sqlite3_bind_int(insert->get(), 2, offset.partition);
    sqlite3_bind_int64(insert->get(), 3, offset.next);
    sqlite3_bind_int64(insert->get(), 4, written);
    if (sqlite3_step(insert->get()) != SQLITE_DONE) return failure("cannot be written");
    sqlite3_reset(insert->get());
  }
  return {};
}

Result<void> LogFile::read_offsets(std::vector<Position>& positions) {
  if (!exchanges()) return {};
  const auto rows = Statement::of(*this, "SELECT topic,partition,next,written FROM offsets");
  if (!rows) return rows.error();
  return each_row(*rows, [&](sqlite3_stmt* row) {
    positions.push_back(
        {{text_at(row, 0), sqlite3_column_int(row, 1), sqlite3_column_int64(row, 2)},
         sqlite3_column_int64(row, 3)});
    return true;
  });
}

}  // namespace sparrow::events
