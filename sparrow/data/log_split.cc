// A window is scanned by LogScanner as read_log() scans its pieces. The text of a split ends with
// an empty line, so that a record which reaches the end of the text is one that goes on behind it.
#include "sparrow/data/log_split.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/data/table_file.h"

namespace sparrow::data {
namespace {

template <typename T>
void put(std::string& out, std::size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof(value));
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

}  // namespace

LogSplit::LogSplit(const LogPart& part, const IdTable& items, std::int64_t split, bool begins)
    : part_(part), items_(items), split_(split), at_begin_(begins), scanner_(part.layout, items) {}

void LogSplit::add(std::string_view lines) {
  if (part_.layout.dialect.encoding == Encoding::kUtf8)
    text_ += lines;
  else
    text_ += decode_text(lines, part_.layout.dialect.encoding);
}

// Where the first record begins: behind the header, at the start of a file.
std::size_t LogSplit::window_begin() {
  if (!at_begin_ || text_.empty()) return 0;
  at_begin_ = false;
  if (part_.layout.dialect.form != TextForm::kDelimited) return 0;
  if (!part_.layout.dialect.header) return text_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  RecordReader reader(text_, part_.layout.dialect);
  reader.next();
  content_.lines += static_cast<std::uint64_t>(std::count(
      text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(reader.position()), '\n'));
  return reader.position();
}

void LogSplit::end_window(std::size_t end, Behind behind) {
  if (behind == Behind::kWindow)
    text_.erase(0, end);
  else
    text_.clear();
}

PackedHistories LogSplit::read(Behind behind) {
  PackedHistories out;
  if (part_.layout.dialect.form == TextForm::kDelimited)
    read_delimited(behind, out);
  else
    read_json(out);
  return out;
}

void LogSplit::read_delimited(Behind behind, PackedHistories& out) {
  const std::size_t begin = window_begin();
  if (behind == Behind::kSplit) text_ += '\n';
  const bool last = behind == Behind::kNothing;
  scanner_.scan({text_, begin, text_.size(), last}, chunk_);
  if (behind == Behind::kSplit) {
    unfinished_ = unfinished_ || chunk_.unfinished;
    --chunk_.newlines;
  }
  content_.rows += chunk_.rows;
  content_.unknown_items += chunk_.unknown_items;
  for (Reject& r : chunk_.rejects)
    content_.reject({{}, content_.lines + r.line + 1, std::move(r.reason)});
  content_.lines += chunk_.newlines;
  pack(chunk_, out);
  end_window(chunk_.end, behind);
}

// Lines are whole, and so are records.
void LogSplit::read_json(PackedHistories& out) {
  const TableFile table{part_.path, part_.layout.dialect, part_.columns, {}, part_.filter};
  TableReader reader(table, text_);
  LogChunk chunk;
  while (reader.next()) {
    ++content_.rows;
    std::string reason(reader.problem());
    LogRow row;
    if (reason.empty()) {
      const RowFault fault = read_log_row(reader.fields(), part_.layout, items_, row, reason);
      content_.unknown_items += fault == RowFault::kUnknownItem ? 1 : 0;
    }
    if (!reason.empty()) {
      content_.reject({{}, content_.lines + reader.line(), std::move(reason)});
      continue;
    }
    const std::string_view user = chunk.owned.emplace_back(row.user);
    chunk.runs.push_back({UserRun::kText | static_cast<std::uint32_t>(chunk.texts.size()), 1});
    chunk.texts.push_back(user);
    chunk.items.push_back(row.item);
    chunk.values.push_back(row.value);
    chunk.times.push_back(row.time);
    ++chunk.size;
  }
  content_.lines += static_cast<std::uint64_t>(std::count(text_.begin(), text_.end(), '\n'));
  pack(chunk, out);
  text_.clear();
}

// Groups the interactions of a window by user, in the order of the log.
void LogSplit::pack(const LogChunk& chunk, PackedHistories& out) {
  IdTable users;
  std::vector<std::uint64_t> counts;
  std::vector<std::int64_t> firsts;
  std::vector<std::uint32_t> user_of_run;
  std::int64_t position = taken_;
  for (const UserRun& run : chunk.runs) {
    const bool text = (run.user & UserRun::kText) != 0;
    if (run.count == 0) {
      user_of_run.push_back(kNoRow);
      continue;
    }
    const std::uint32_t user =
        text ? users.add(chunk.texts[run.user & ~UserRun::kText]) : users.add_number(run.user);
    if (user == counts.size()) {
      counts.push_back(0);
      firsts.push_back(position);
    }
    counts[user] += run.count;
    position += run.count;
    user_of_run.push_back(user);
  }
  taken_ = position;
  std::vector<std::size_t> begins(counts.size() + 1, 0);
  for (std::size_t u = 0; u < counts.size(); ++u) begins[u + 1] = begins[u] + counts[u];
  out.events.resize(begins.back() * PackedHistories::kEventBytes);
  std::vector<std::size_t> next(counts.size(), 0);
  std::size_t e = 0;
  for (std::size_t r = 0; r < chunk.runs.size(); ++r) {
    const std::uint32_t user = user_of_run[r];
    if (user == kNoRow) continue;
    const std::size_t base = begins[user] * PackedHistories::kEventBytes;
    for (std::uint32_t i = 0; i < chunk.runs[r].count; ++i, ++e) {
      const std::size_t at = next[user]++;
      put(out.events, base + at * sizeof(Row), chunk.items[e]);
      put(out.events, base + counts[user] * sizeof(Row) + at * sizeof(float), chunk.values[e]);
      put(out.events,
          base + counts[user] * (sizeof(Row) + sizeof(float)) + at * sizeof(std::int64_t),
          chunk.times[e]);
    }
  }
  for (std::size_t u = 0; u < counts.size(); ++u) {
    out.users += users[static_cast<std::uint32_t>(u)];
    out.user_offsets.push_back(static_cast<std::int32_t>(out.users.size()));
    out.splits.push_back(split_);
    out.firsts.push_back(firsts[u]);
    out.event_offsets.push_back(
        static_cast<std::int32_t>(begins[u + 1] * PackedHistories::kEventBytes));
  }
}

SplitItems LogSplit::read_items(Behind behind, std::optional<std::size_t> title) {
  SplitItems found;
  IdTable ids;
  std::string storage;
  const std::size_t begin = window_begin();
  const bool delimited = part_.layout.dialect.form == TextForm::kDelimited;
  if (behind == Behind::kSplit) text_ += '\n';
  const auto use = [&](const Fields& fields) {
    const auto record = static_cast<std::int64_t>(content_.rows++);
    if (fields.size() <= part_.layout.item) return;
    const auto id = formed_id(fields[part_.layout.item], part_.layout.id_form, storage);
    if (!id_problem(id).empty()) return;
    if (ids.add(id) < found.ids.size()) return;
    found.ids.emplace_back(id);
    found.firsts.push_back(record);
    const bool titled = title && *title < fields.size();
    found.titles.emplace_back(titled ? trim(fields[*title]) : std::string_view());
  };
  std::size_t end = text_.size();
  if (delimited) {
    RecordReader reader(
        text_, part_.layout.dialect,
        behind == Behind::kNothing ? RecordReader::Behind::kNothing : RecordReader::Behind::kMore);
    reader.seek(begin);
    end = begin;
    while (reader.next()) {
      if (reader.position() == text_.size() && behind != Behind::kNothing) {
        unfinished_ = unfinished_ || behind == Behind::kSplit;
        break;
      }
      end = reader.position();
      if (reader.problem().empty()) use(reader.fields());
    }
  } else {
    const TableFile table{part_.path, part_.layout.dialect, part_.columns, {}, part_.filter};
    for (TableReader reader(table, text_); reader.next();) {
      if (reader.problem().empty()) use(reader.fields());
    }
  }
  end_window(end, behind);
  return found;
}

void HistoryMerger::add(std::string_view user, std::int64_t split, std::int64_t first,
                        std::string_view events) {
  if (!open_ || user != user_) {
    close();
    open_ = true;
    user_ = user;
    split_ = split;
    first_ = first;
  }
  const std::size_t n = events.size() / PackedHistories::kEventBytes;
  for (std::size_t i = 0; i < n; ++i) {
    events_.push_back(
        {get<std::int64_t>(events, n * (sizeof(Row) + sizeof(float)) + i * sizeof(std::int64_t)),
         get<Row>(events, i * sizeof(Row)),
         get<float>(events, n * sizeof(Row) + i * sizeof(float))});
  }
}

void HistoryMerger::close() {
  if (!open_) return;
  open_ = false;
  const std::size_t n = events_.size();
  const std::size_t base = out_.events.size();
  const std::size_t size = base + n * PackedHistories::kEventBytes;
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) ||
      out_.users.size() + user_.size() >
          static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    too_long_ = true;
    events_.clear();
    return;
  }
  const bool change = order_.find(n, [&](std::size_t i) { return events_[i].time; });
  out_.events.resize(size);
  std::vector<Row> rows(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Event& e = events_[change ? order_.order()[i] : i];
    rows[i] = e.item;
    put(out_.events, base + i * sizeof(Row), e.item);
    put(out_.events, base + n * sizeof(Row) + i * sizeof(float), e.value);
    put(out_.events, base + n * (sizeof(Row) + sizeof(float)) + i * sizeof(std::int64_t), e.time);
  }
  const std::uint64_t before = repeats_.found();
  repeats_.count(rows.data(), n, ++mark_);
  events_.clear();
  out_.users += user_;
  out_.user_offsets.push_back(static_cast<std::int32_t>(out_.users.size()));
  out_.splits.push_back(split_);
  out_.firsts.push_back(first_);
  out_.duplicates.push_back(static_cast<std::int64_t>(repeats_.found() - before));
  out_.event_offsets.push_back(static_cast<std::int32_t>(out_.events.size()));
}

Result<PackedHistories> HistoryMerger::take(bool all) {
  if (all) close();
  if (too_long_)
    return Error{ErrorCode::kExhausted,
                 fmt::format("a user has more than {} interactions, which do not fit one row",
                             std::numeric_limits<std::int32_t>::max() /
                                 static_cast<std::int32_t>(PackedHistories::kEventBytes))};
  return std::exchange(out_, {});
}

namespace {

using nlohmann::json;

template <typename T>
json number_or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

std::optional<std::size_t> position_of(const json& j) {
  return j.is_null() ? std::nullopt : std::optional(j.get<std::size_t>());
}

json layout_json(const LogLayout& l) {
  const Dialect& d = l.dialect;
  return {{"form", d.form},
          {"encoding", d.encoding},
          {"separator", d.separator},
          {"quoting", d.quoting},
          {"spaces", d.spaces},
          {"line_end", d.line_end},
          {"header", d.header},
          {"fields", d.fields},
          {"user", l.user},
          {"item", l.item},
          {"value", number_or_null(l.value)},
          {"time", number_or_null(l.time)},
          {"columns", l.columns},
          {"time_unit", l.time_form.unit},
          {"date_order", l.time_form.order},
          {"id_form", l.id_form},
          {"event_weights", l.event_weights},
          {"time_end", l.time_end}};
}

LogLayout layout_of(const json& j) {
  LogLayout l;
  j.at("form").get_to(l.dialect.form);
  j.at("encoding").get_to(l.dialect.encoding);
  j.at("separator").get_to(l.dialect.separator);
  j.at("quoting").get_to(l.dialect.quoting);
  j.at("spaces").get_to(l.dialect.spaces);
  j.at("line_end").get_to(l.dialect.line_end);
  j.at("header").get_to(l.dialect.header);
  j.at("fields").get_to(l.dialect.fields);
  j.at("user").get_to(l.user);
  j.at("item").get_to(l.item);
  l.value = position_of(j.at("value"));
  l.time = position_of(j.at("time"));
  j.at("columns").get_to(l.columns);
  j.at("time_unit").get_to(l.time_form.unit);
  j.at("date_order").get_to(l.time_form.order);
  j.at("id_form").get_to(l.id_form);
  j.at("event_weights").get_to(l.event_weights);
  j.at("time_end").get_to(l.time_end);
  return l;
}

}  // namespace

std::string log_file_text(const LogFile& log) {
  json parts = json::array();
  for (const LogPart& part : log.parts) {
    parts.push_back({{"layout", layout_json(part.layout)},
                     {"filter_column", part.filter.column},
                     {"filter_values", part.filter.values},
                     {"columns", part.columns}});
  }
  return parts.dump();
}

Result<LogFile> parse_log_file(std::string_view text) {
  LogFile log;
  try {
    for (const json& j : json::parse(text)) {
      LogPart& part = log.parts.emplace_back();
      part.layout = layout_of(j.at("layout"));
      j.at("filter_column").get_to(part.filter.column);
      j.at("filter_values").get_to(part.filter.values);
      j.at("columns").get_to(part.columns);
    }
  } catch (const json::exception& error) {
    return Error{ErrorCode::kInvalidInput, fmt::format("no layouts of a log: {}", error.what())};
  }
  return log;
}

}  // namespace sparrow::data
