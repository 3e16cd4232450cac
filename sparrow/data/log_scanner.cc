// The plain path follows Lemire's "Number parsing at a gigabyte per second" (2021): eight digits at
// a time by multiplication. Lengths that repeat from row to row (user, value, time) are guessed by
// a branch, so that rows overlap in the pipeline instead of waiting for each other's length.
#include "sparrow/data/log_scanner.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

static_assert(std::endian::native == std::endian::little, "digits are read as little-endian words");

constexpr std::ptrdiff_t kLookAhead = 128;  // bytes the plain path may read from a row's begin

std::uint64_t load8(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// How many of the eight bytes are digits before the first that is none.
unsigned leading_digits(std::uint64_t word) {
  const std::uint64_t low = word ^ 0x3030303030303030ULL;
  const std::uint64_t other = ((low + 0x7676767676767676ULL) | low) & 0x8080808080808080ULL;
  return other == 0 ? 8U : static_cast<unsigned>(std::countr_zero(other)) / 8U;
}

// The number that the first `digits` (1 to 8) bytes spell.
std::uint32_t number_of(std::uint64_t word, unsigned digits) {
  std::uint64_t v = (word ^ 0x3030303030303030ULL) << (64U - 8U * digits);
  v = v * 10 + (v >> 8U);
  constexpr std::uint64_t kMask = 0x000000FF000000FFULL;
  v = ((v & kMask) * 0x000F424000000064ULL + ((v >> 16U) & kMask) * 0x0000271000000001ULL) >> 32U;
  return static_cast<std::uint32_t>(v);
}

template <PlainForm form>
std::size_t between_bytes(RowForm row) {
  if constexpr (form == PlainForm::kComma) return 1;
  if constexpr (form == PlainForm::kColons) return 2;
  return row.bytes;
}

template <PlainForm form>
bool at_separator(const char* at, RowForm row) {
  if constexpr (form == PlainForm::kComma) return *at == ',';
  if constexpr (form == PlainForm::kColons) return at[0] == ':' && at[1] == ':';
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return (word & row.mask) == row.between;
}

// Length of a field without quotes, or 0 when it does not end within the look-ahead.
template <PlainForm form>
std::size_t field_bytes(const char* at, RowForm row) {
  constexpr std::size_t kLongest = 40;
  for (std::size_t n = 0; n < kLongest; ++n) {
    if (at_separator<form>(at + n, row)) return n;
    if (at[n] == '\n' || at[n] == '"') return 0;
  }
  return 0;
}

// Reads "d.d" or "d" by table, anything else as a number; nullptr when it is none.
template <PlainForm form>
const char* plain_value(const char* at, const float* decimals, float& value, RowForm row) {
  if (is_digit(at[0]) && at[1] == '.' && is_digit(at[2]) && at_separator<form>(at + 3, row)) {
    value = decimals[std::ptrdiff_t{10} * (at[0] - '0') + (at[2] - '0')];
    return at + 3 + between_bytes<form>(row);
  }
  if (is_digit(at[0]) && at_separator<form>(at + 1, row)) {
    value = decimals[std::ptrdiff_t{10} * (at[0] - '0')];
    return at + 1 + between_bytes<form>(row);
  }
  const std::size_t bytes = field_bytes<form>(at, row);
  if (bytes == 0 || !parse_value({at, bytes}, value)) return nullptr;
  return at + bytes + between_bytes<form>(row);
}

// The line end at `at`; nullptr when there is none.
const char* line_end(const char* at) {
  if (*at == '\r') ++at;
  return *at == '\n' ? at + 1 : nullptr;
}

// Reads the seconds at the end of a row; nullptr when they are no whole number or implausible.
const char* plain_seconds(const char* at, std::int64_t end, std::int64_t& time) {
  const std::uint64_t word = load8(at);
  const unsigned digits = leading_digits(word);
  if (digits == 0) return nullptr;
  std::int64_t seconds = number_of(word, digits);
  at += digits;
  if (digits == 8) {
    if (is_digit(at[0]) && is_digit(at[1]) && at[2] == '\n') {  // 2001 to 2286
      time = seconds * 100 + std::int64_t{10} * (at[0] - '0') + (at[1] - '0');
      return time < end ? at + 3 : nullptr;
    }
    for (int more = 0; more < 8 && is_digit(*at); ++more, ++at)
      seconds = seconds * 10 + (*at - '0');
  }
  time = seconds;
  return seconds < end ? line_end(at) : nullptr;
}

// Days from 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
// Date Algorithms").
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

// Whether the bytes of `word` differ from those of `form` by at most 9 in their lowest bits: digits
// where the form has 0; its other bytes are compared by the caller.
bool has_form(std::uint64_t word, std::uint64_t form) {
  const std::uint64_t low = word ^ form;
  return (((low + 0x7676767676767676ULL) | low) & 0x8080808080808080ULL) == 0;
}

unsigned two_digits(const char* at) {
  return 10U * static_cast<unsigned>(at[0] - '0') + static_cast<unsigned>(at[1] - '0');
}

// The seconds of a day "2015-03-31"; false for what the slow path has to check.
bool plain_day(const char* at, KnownDay& known) {
  constexpr std::uint64_t kForm = 0x2D30302D30303030ULL;  // "0000-00-"
  const std::uint64_t text = load8(at);
  std::uint16_t day_text = 0;
  std::memcpy(&day_text, at + 8, sizeof(day_text));
  if (text == known.text && day_text == known.day) return true;
  if (!has_form(text, kForm) || at[4] != '-' || at[7] != '-' || !is_digit(at[8]) ||
      !is_digit(at[9]))
    return false;
  const unsigned month = two_digits(at + 5);
  const unsigned day = two_digits(at + 8);
  constexpr unsigned kSafeDay = 28;  // of every month
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > kSafeDay && (month == 2 || day > 30)) return false;
  const std::int64_t year = std::int64_t{100} * two_digits(at) + two_digits(at + 2);
  known = {text, day_text, days_of(year, month, day) * 86'400};
  return true;
}

// "2015-03-31 23:59:59" or with a T: one form that is read at once; nullptr for all others.
const char* plain_date(const char* at, KnownDay& known, std::int64_t& time) {
  constexpr std::uint64_t kForm = 0x30303A30303A3030ULL;  // "00:00:00"
  if (!plain_day(at, known) || (at[10] != ' ' && at[10] != 'T')) return nullptr;
  const char* const clock = at + 11;
  if (!has_form(load8(clock), kForm) || clock[2] != ':' || clock[5] != ':') return nullptr;
  const unsigned hour = two_digits(clock);
  const unsigned minute = two_digits(clock + 3);
  const unsigned second = two_digits(clock + 6);
  if (hour > 23 || minute > 59 || second > 59) return nullptr;
  time = known.seconds + std::int64_t{3600} * hour + std::int64_t{60} * minute + second;
  return at + 19;
}

// The time of a row of any form, and what ends the row.
const char* plain_time(const char* at, RowForm row, KnownDay& known, std::int64_t end,
                       std::int64_t& time) {
  if (row.units == 0) {
    at = plain_date(at, known, time);
    if (at == nullptr) return nullptr;
    if (*at == 'Z') ++at;
  } else {
    std::uint64_t units = 0;
    constexpr int kDigits = 19;
    int digits = 0;
    for (; digits < kDigits && is_digit(*at); ++digits, ++at)
      units = units * 10 + static_cast<std::uint64_t>(*at - '0');
    if (digits == 0 || is_digit(*at) || units > static_cast<std::uint64_t>(INT64_MAX))
      return nullptr;
    time = static_cast<std::int64_t>(units) / row.units;
  }
  if (row.quote != 0 && *at++ != row.quote) return nullptr;
  return time >= 0 && time < end ? line_end(at) : nullptr;
}

RowForm row_form(const LogLayout& layout, std::string_view quote) {
  const std::string between = fmt::format("{0}{1}{0}", quote, layout.dialect.separator);
  RowForm row;
  row.quote = quote.empty() ? '\0' : quote[0];
  row.units = units_a_second(layout.time_form.unit);
  row.bytes = static_cast<std::uint32_t>(between.size());
  std::memcpy(&row.between, between.data(), std::min(between.size(), sizeof(row.between)));
  row.mask = between.size() >= sizeof(row.mask) ? ~std::uint32_t{0}
                                                : (std::uint32_t{1} << (8 * between.size())) - 1;
  return row;
}

}  // namespace

void LogChunk::clear() {
  size = 0;
  runs.clear();
  texts.clear();
  owned.clear();
  rejects.clear();
  rows = 0;
  unknown_items = 0;
  newlines = 0;
  end = 0;
  unfinished = false;
}

LogScanner::LogScanner(const LogLayout& layout, const IdTable& items)
    : layout_(layout),
      items_(items),
      decimals_(100),
      bare_(row_form(layout, "")),
      quoted_(row_form(layout, "\"")) {
  for (int d = 0; d < 100; ++d)
    parse_value(fmt::format("{}.{}", d / 10, d % 10), decimals_[static_cast<std::size_t>(d)]);
}

void LogScanner::make_room() {
  capacity_ = std::max<std::size_t>(1024, capacity_ * 2);
  chunk_->items.resize(capacity_);
  chunk_->values.resize(capacity_);
  chunk_->times.resize(capacity_);
}

void LogScanner::start_run(std::uint32_t user) { chunk_->runs.push_back({user, 0}); }

void LogScanner::start_text_run(std::string_view user, bool copy) {
  if (copy) user = chunk_->owned.emplace_back(user);
  start_run(UserRun::kText | static_cast<std::uint32_t>(chunk_->texts.size()));
  chunk_->texts.push_back(user);
}

// Reads a user who is not the last one and starts a run; nullptr when that takes the slow path.
template <PlainForm form>
const char* LogScanner::plain_user(const char* at, RowForm row) {
  const std::uint64_t word = load8(at);
  const unsigned digits = leading_digits(word);
  if (digits == 0 || digits == 8 || !at_separator<form>(at + digits, row) ||
      (digits > 1 && at[0] == '0')) {
    return nullptr;
  }
  const std::uint32_t number = number_of(word, digits);
  if (number >= IdTable::kSmallNumbers) return nullptr;
  user_bytes_ = digits + between_bytes<form>(row);
  user_mask_ = user_bytes_ >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * user_bytes_)) - 1;
  user_word_ = word & user_mask_;
  if (user_bytes_ > 8) {  // one byte of the separator is outside the word: never taken as the same
    user_mask_ = 0;
    user_word_ = 1;
  }
  start_run(number);
  return at + user_bytes_;
}

// Reads plain rows until `end` or the first record that is not plain, which is returned. A row is
// taken only when the whole of it is sound.
template <PlainForm form>
const char* LogScanner::plain_rows(const char* at, const char* end, RowForm row) {
  LogChunk& chunk = *chunk_;
  std::size_t n = chunk.size;
  const std::size_t before = n;
  while (at < end) {
    if (n == capacity_) make_room();
    const std::size_t runs = chunk.runs.size();
    const char* p = at;
    if constexpr (form == PlainForm::kAny) {
      if (row.quote != 0 && *p++ != row.quote) break;
    }
    const bool same = (load8(p) & user_mask_) == user_word_ && runs > 0;
    p = same ? p + user_bytes_ : plain_user<form>(p, row);
    if (p == nullptr) break;
    const std::uint64_t word = load8(p);
    const unsigned digits = leading_digits(word);
    Row item = kNoRow;
    if (digits > 0 && digits < 8 && at_separator<form>(p + digits, row) &&
        (digits == 1 || *p != '0')) {
      item = items_.find_number(number_of(word, digits));
      p += digits + between_bytes<form>(row);
      p = plain_value<form>(p, decimals_.data(), chunk.values[n], row);
      if (p != nullptr) {
        p = form == PlainForm::kAny
                ? plain_time(p, row, known_day_, layout_.time_end, chunk.times[n])
                : plain_seconds(p, layout_.time_end, chunk.times[n]);
      }
    }
    if (item == kNoRow || p == nullptr) {
      if (!same) {
        chunk.runs.resize(runs);
        user_mask_ = 0;
        user_word_ = 1;
      }
      break;
    }
    chunk.items[n] = item;
    ++chunk.runs.back().count;
    ++n;
    at = p;
  }
  chunk.size = n;
  chunk.rows += n - before;
  chunk.newlines += n - before;
  return at;
}

// Takes over one record of the slow path.
void LogScanner::use(const Fields& fields, std::uint64_t line) {
  LogChunk& chunk = *chunk_;
  LogRow row;
  std::string reason;
  const RowFault fault = read_log_row(fields, layout_, items_, row, reason);
  if (fault != RowFault::kNone) {
    chunk.unknown_items += fault == RowFault::kUnknownItem ? 1 : 0;
    chunk.rejects.push_back({{}, line, std::move(reason)});
    return;
  }
  if (const auto number = IdTable::small_number(row.user)) {
    if (chunk.runs.empty() || chunk.runs.back().user != *number) {
      start_run(*number);
      user_mask_ = 0;
      user_word_ = 1;
    }
  } else if (chunk.runs.empty() || (chunk.runs.back().user & UserRun::kText) == 0 ||
             chunk.texts.back() != row.user) {
    const bool inside = row.user.data() >= piece_.text.data() &&
                        row.user.data() < piece_.text.data() + piece_.text.size();
    start_text_run(row.user, !inside);
    user_mask_ = 0;
    user_word_ = 1;
  }
  if (chunk.size == capacity_) make_room();
  chunk.items[chunk.size] = row.item;
  chunk.values[chunk.size] = row.value;
  chunk.times[chunk.size] = row.time;
  ++chunk.size;
  ++chunk.runs.back().count;
}

// One record, wherever it ends.
const char* LogScanner::slow_record(const char* at) {
  const auto begin = static_cast<std::size_t>(at - piece_.text.data());
  reader_.seek(begin);
  reader_.next();
  const std::size_t end = reader_.position();
  if (end == piece_.text.size() && !piece_.last) {
    chunk_->unfinished = true;
    return at;
  }
  ++chunk_->rows;
  if (reader_.problem().empty()) {
    use(reader_.fields(), chunk_->newlines);
  } else {
    chunk_->rejects.push_back({{}, chunk_->newlines, std::string(reader_.problem())});
  }
  const char* after = piece_.text.data() + end;
  chunk_->newlines += static_cast<std::uint64_t>(std::count(at, after, '\n'));
  return after;
}

// Plain rows of whatever separator and times, in quotes or not.
const char* LogScanner::plain_rows_of_any_form(const char* at, const char* end) {
  const bool seconds = layout_.time_form.unit == TimeUnit::kSeconds;
  if (seconds && layout_.dialect.separator == "," && *at != '"')
    return plain_rows<PlainForm::kComma>(at, end, bare_);
  if (seconds && layout_.dialect.separator == "::")
    return plain_rows<PlainForm::kColons>(at, end, bare_);
  const bool quoted = *at == '"' && layout_.dialect.quoting != Quoting::kNone;
  return plain_rows<PlainForm::kAny>(at, end, quoted ? quoted_ : bare_);
}

void LogScanner::scan(const Piece& piece, LogChunk& chunk) {
  chunk.clear();
  piece_ = piece;
  chunk_ = &chunk;
  capacity_ = chunk.items.size();
  user_mask_ = 0;
  user_word_ = 1;
  reader_ = RecordReader(piece.text, layout_.dialect,
                         piece.last ? RecordReader::Behind::kNothing : RecordReader::Behind::kMore);
  const char* const text = piece.text.data();
  const char* const end = text + piece.end;
  const char* const sure =
      std::min(end, text + std::max<std::ptrdiff_t>(
                               0, static_cast<std::ptrdiff_t>(piece.text.size()) - kLookAhead));
  const char* at = text + piece.begin;
  const bool plain = layout_.is_plain() && layout_.dialect.separator.size() <= 2;
  while (at < end && !chunk.unfinished) {
    if (*at == '\n' || *at == '\r') {
      chunk.newlines += *at == '\n' ? 1 : 0;
      ++at;
      continue;
    }
    const char* const before = at;
    if (plain && at < sure) {
      at = plain_rows_of_any_form(at, sure);
      if (at != before) {
        user_mask_ = 0;  // the next rows may have another form
        user_word_ = 1;
      }
    }
    if (at == before) at = slow_record(at);
  }
  chunk.end = static_cast<std::size_t>(at - text);
}

}  // namespace sparrow::data
