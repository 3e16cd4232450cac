// The plain path follows Lemire's "Number parsing at a gigabyte per second" (2021): eight digits at
// a time by multiplication. Lengths that repeat from row to row (user, value, time) are guessed by
// a branch, so that rows overlap in the pipeline instead of waiting for each other's length.
#include "sparrow/data/log_scanner.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

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

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

template <LogLayout::Form form>
constexpr std::size_t kSeparator = form == LogLayout::Form::kCsv ? 1 : 2;

template <LogLayout::Form form>
bool at_separator(const char* at) {
  if constexpr (form == LogLayout::Form::kCsv) return *at == ',';
  return at[0] == ':' && at[1] == ':';
}

// Length of a field without quotes, or 0 when it does not end within the look-ahead.
template <LogLayout::Form form>
std::size_t field_bytes(const char* at) {
  constexpr std::size_t kLongest = 40;
  for (std::size_t n = 0; n < kLongest; ++n) {
    if (at_separator<form>(at + n)) return n;
    if (at[n] == '\n' || at[n] == '"') return 0;
  }
  return 0;
}

// Reads "d.d" or "d" by table, anything else as a number; nullptr when it is none.
template <LogLayout::Form form>
const char* plain_value(const char* at, const float* decimals, float& value) {
  if (is_digit(at[0]) && at[1] == '.' && is_digit(at[2]) && at_separator<form>(at + 3)) {
    value = decimals[std::ptrdiff_t{10} * (at[0] - '0') + (at[2] - '0')];
    return at + 3 + kSeparator<form>;
  }
  if (is_digit(at[0]) && at_separator<form>(at + 1)) {
    value = decimals[std::ptrdiff_t{10} * (at[0] - '0')];
    return at + 1 + kSeparator<form>;
  }
  const std::size_t bytes = field_bytes<form>(at);
  if (bytes == 0 || !parse_value({at, bytes}, value)) return nullptr;
  return at + bytes + kSeparator<form>;
}

// Reads the time at the end of a row; nullptr when it is no whole number.
const char* plain_time(const char* at, std::int64_t& time) {
  const std::uint64_t word = load8(at);
  const unsigned digits = leading_digits(word);
  if (digits == 0) return nullptr;
  std::int64_t seconds = number_of(word, digits);
  at += digits;
  if (digits == 8) {
    if (is_digit(at[0]) && is_digit(at[1]) && at[2] == '\n') {  // 2001 to 2286
      time = seconds * 100 + std::int64_t{10} * (at[0] - '0') + (at[1] - '0');
      return at + 3;
    }
    for (int more = 0; more < 8 && is_digit(*at); ++more, ++at)
      seconds = seconds * 10 + (*at - '0');
  }
  if (*at == '\r') ++at;
  if (*at != '\n') return nullptr;
  time = seconds > kMillisecondsFrom ? seconds / 1000 : seconds;
  return at + 1;
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
    : layout_(layout), items_(items), decimals_(100) {
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
template <LogLayout::Form form>
const char* LogScanner::plain_user(const char* at) {
  const std::uint64_t word = load8(at);
  const unsigned digits = leading_digits(word);
  if (digits == 0 || digits == 8 || !at_separator<form>(at + digits) ||
      (digits > 1 && at[0] == '0')) {
    return nullptr;
  }
  const std::uint32_t number = number_of(word, digits);
  if (number >= IdTable::kSmallNumbers) return nullptr;
  user_bytes_ = digits + kSeparator<form>;
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
template <LogLayout::Form form>
const char* LogScanner::plain_rows(const char* at, const char* end) {
  LogChunk& chunk = *chunk_;
  std::size_t n = chunk.size;
  const std::size_t before = n;
  while (at < end) {
    if (n == capacity_) make_room();
    const std::size_t runs = chunk.runs.size();
    const bool same = (load8(at) & user_mask_) == user_word_ && runs > 0;
    const char* p = same ? at + user_bytes_ : plain_user<form>(at);
    if (p == nullptr) break;
    const std::uint64_t word = load8(p);
    const unsigned digits = leading_digits(word);
    Row item = kNoRow;
    if (digits > 0 && digits < 8 && at_separator<form>(p + digits) && (digits == 1 || *p != '0')) {
      item = items_.find_number(number_of(word, digits));
      p += digits + kSeparator<form>;
      p = plain_value<form>(p, decimals_.data(), chunk.values[n]);
      if (p != nullptr) p = plain_time(p, chunk.times[n]);
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

// One CSV record, wherever it ends.
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

// One line of a .dat file.
const char* LogScanner::slow_line(const char* at) {
  const std::string_view rest(
      at, static_cast<std::size_t>(piece_.text.data() + piece_.text.size() - at));
  const auto newline = rest.find('\n');
  if (newline == std::string_view::npos && !piece_.last) {
    chunk_->unfinished = true;
    return at;
  }
  std::string_view line = rest.substr(0, newline);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (!line.empty()) {
    ++chunk_->rows;
    use(split_dat(line), chunk_->newlines);
  }
  if (newline == std::string_view::npos) return at + rest.size();
  ++chunk_->newlines;
  return at + newline + 1;
}

void LogScanner::scan(const Piece& piece, LogChunk& chunk) {
  chunk.clear();
  piece_ = piece;
  chunk_ = &chunk;
  capacity_ = chunk.items.size();
  user_mask_ = 0;
  user_word_ = 1;
  const bool csv = layout_.form == LogLayout::Form::kCsv;
  if (csv) reader_ = CsvReader(piece.text);
  const char* const text = piece.text.data();
  const char* const end = text + piece.end;
  const char* const sure =
      std::min(end, text + std::max<std::ptrdiff_t>(
                               0, static_cast<std::ptrdiff_t>(piece.text.size()) - kLookAhead));
  const char* at = text + piece.begin;
  while (at < end && !chunk.unfinished) {
    if (csv && (*at == '\n' || *at == '\r')) {
      chunk.newlines += *at == '\n' ? 1 : 0;
      ++at;
      continue;
    }
    const char* const before = at;
    if (layout_.is_plain() && at < sure) {
      at = csv ? plain_rows<LogLayout::Form::kCsv>(at, sure)
               : plain_rows<LogLayout::Form::kDat>(at, sure);
    }
    if (at == before) at = csv ? slow_record(at) : slow_line(at);
  }
  chunk.end = static_cast<std::size_t>(at - text);
}

}  // namespace sparrow::data
