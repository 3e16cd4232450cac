#include "sparrow/events/log_queries.h"

#include "sparrow/events/log_folder.h"
#include "sparrow/events/log_statement.h"

namespace sparrow::events {

Result<void> LogFile::each_list_head(const std::function<bool(const ListHead&)>& take) {
  if (!has_tables()) return {};
  const auto statement = Statement::of(
      *this,
      "SELECT request,time,user,session,scenario,model,json_array_length(items) FROM impressions "
      "ORDER BY rowid");
  if (!statement) return statement.error();
  return each_row(*statement, [&](sqlite3_stmt* row) {
    ListHead head;
    head.request = text_at(row, 0);
    head.time_ms = sqlite3_column_int64(row, 1);
    head.user = text_at(row, 2);
    head.session = text_at(row, 3);
    head.scenario = text_at(row, 4);
    head.model = text_at(row, 5);
    head.items = sqlite3_column_int64(row, 6);
    return take(head);
  });
}

Result<DayMark> LogFile::day_mark() {
  DayMark mark;
  if (!has_tables()) return mark;
  const auto statement = Statement::of(*this,
                                       "SELECT (SELECT coalesce(max(rowid),0) FROM events),"
                                       "(SELECT coalesce(max(rowid),0) FROM impressions)");
  if (!statement) return statement.error();
  auto read = each_row(*statement, [&](sqlite3_stmt* row) {
    mark = {sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)};
    return true;
  });
  if (!read) return read.error();
  return mark;
}

Result<void> LogFile::count_exposures(std::string_view experiment, TimeSpan span,
                                      std::map<std::string, std::uint64_t>& counts) {
  if (!has_tables()) return {};
  const auto statement = Statement::of(*this,
                                       "SELECT variant,count(*) FROM exposures WHERE experiment=? "
                                       "AND time>=? AND time<? GROUP BY variant");
  if (!statement) return statement.error();
  bind_text(statement->get(), 1, experiment);
  sqlite3_bind_int64(statement->get(), 2, span.from_ms);
  sqlite3_bind_int64(statement->get(), 3, span.to_ms);
  return each_row(*statement, [&](sqlite3_stmt* row) {
    counts[text_at(row, 0)] = static_cast<std::uint64_t>(sqlite3_column_int64(row, 1));
    return true;
  });
}

Result<std::optional<Exposure>> LogFile::find_exposure(std::string_view experiment,
                                                       std::string_view unit) {
  std::optional<Exposure> found;
  if (!has_tables()) return found;
  const auto statement =
      Statement::of(*this, "SELECT variant,time FROM exposures WHERE experiment=? AND unit=?");
  if (!statement) return statement.error();
  bind_text(statement->get(), 1, experiment);
  bind_text(statement->get(), 2, unit);
  auto read = each_row(*statement, [&](sqlite3_stmt* row) {
    found = Exposure{std::string(experiment), std::string(unit), text_at(row, 0),
                     sqlite3_column_int64(row, 1)};
    return true;
  });
  if (!read) return read.error();
  return found;
}

Result<std::vector<Impression>> latest_lists(const EventLog& log, std::size_t count) {
  const LogFolder folder(log.folder());
  const auto days = folder.days();
  if (!days) return days.error();
  std::vector<Impression> lists;
  for (auto day = days->rbegin(); day != days->rend() && lists.size() < count; ++day) {
    auto file = folder.to_read(*day);
    if (!file) return file.error();
    if (auto read = (*file)->latest(count - lists.size(), lists); !read) return read.error();
  }
  return lists;
}

Result<std::vector<std::int64_t>> days_of(const EventLog& log) {
  return LogFolder(log.folder()).days();
}

Result<DayMark> day_mark(const EventLog& log, std::int64_t day) {
  auto file = LogFolder(log.folder()).to_read(day);
  if (!file) return file.error();
  return (*file)->day_mark();
}

Result<void> each_list_head(const EventLog& log, std::int64_t day,
                            const std::function<bool(const ListHead&)>& take) {
  auto file = LogFolder(log.folder()).to_read(day);
  if (!file) return file.error();
  return (*file)->each_list_head(take);
}

Result<std::map<std::string, std::uint64_t>> count_exposures(const EventLog& log,
                                                             std::string_view experiment,
                                                             TimeSpan span) {
  auto file = LogFolder(log.folder()).exposures_to_read();
  if (!file) return file.error();
  std::map<std::string, std::uint64_t> counts;
  if (*file == nullptr) return counts;
  if (auto read = (*file)->count_exposures(experiment, span, counts); !read) return read.error();
  return counts;
}

Result<std::optional<Exposure>> find_exposure(const EventLog& log, std::string_view experiment,
                                              std::string_view unit) {
  auto file = LogFolder(log.folder()).exposures_to_read();
  if (!file) return file.error();
  if (*file == nullptr) return std::optional<Exposure>();
  return (*file)->find_exposure(experiment, unit);
}

}  // namespace sparrow::events
