#include "sparrow/data/records.h"

#include <algorithm>

namespace sparrow::data {
namespace {

// A quoted field that runs over line ends is at most so long; a longer one is a quote that was
// never closed.
constexpr std::size_t kMaxQuotedBytes = std::size_t{1} << 16;

}  // namespace

RecordReader::RecordReader(std::string_view text, Dialect dialect, Behind behind)
    : text_(text), dialect_(std::move(dialect)), behind_(behind) {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
}

std::size_t RecordReader::line_end(std::size_t from) const {
  return std::min(text_.find('\n', from), text_.size());
}

bool RecordReader::at_separator(std::size_t position) const {
  const std::string& s = dialect_.separator;
  return text_[position] == s[0] &&
         (s.size() == 1 || text_.substr(position, s.size()) == std::string_view(s));
}

bool RecordReader::next() {
  while (position_ < text_.size() && (text_[position_] == '\n' || text_[position_] == '\r')) {
    if (text_[position_] == '\n') ++next_line_;
    ++position_;
  }
  if (position_ >= text_.size()) return false;
  line_ = next_line_;
  const std::size_t begin = position_;
  read_record();
  const std::size_t first_end = line_end(begin);
  const bool runs_over = position_ > std::min(first_end + 1, text_.size());
  if (!runs_over) return true;
  const bool undecided = position_ >= text_.size() && behind_ == Behind::kMore &&
                         text_.size() - begin <= kMaxQuotedBytes;
  const bool as_expected = dialect_.fields == 0 || fields_.size() == dialect_.fields;
  if (undecided || (problem_.empty() && as_expected)) return true;
  problem_ = "a quote is not closed on its line";
  position_ = std::min(first_end + 1, text_.size());
  next_line_ = line_ + 1;
  return true;
}

void RecordReader::read_record() {
  fields_.clear();
  unescaped_used_ = 0;
  problem_ = {};
  do {
    std::size_t quote = position_;
    while (dialect_.spaces && quote < text_.size() && text_[quote] == ' ') ++quote;
    if (dialect_.quoting != Quoting::kNone && quote < text_.size() && text_[quote] == '"') {
      position_ = quote;
      read_quoted();
    } else {
      read_plain();
    }
  } while (end_field());
}

void RecordReader::read_plain() {
  const std::size_t begin = position_;
  while (position_ < text_.size() && text_[position_] != '\n' && !at_separator(position_))
    ++position_;
  std::string_view field = text_.substr(begin, position_ - begin);
  const bool last = position_ >= text_.size() || text_[position_] == '\n';
  if (last && !field.empty() && field.back() == '\r') field.remove_suffix(1);
  fields_.push_back(field);
}

void RecordReader::read_quoted() {
  const std::size_t begin = ++position_;
  const std::size_t bound = std::min(text_.size(), begin + kMaxQuotedBytes);
  bool escaped = false;
  bool closed = false;
  std::uint64_t newlines = 0;
  while (position_ < bound) {
    const char c = text_[position_];
    if (c == '\n') ++newlines;
    if (c == '\\' && dialect_.quoting == Quoting::kBackslash && position_ + 1 < bound) {
      escaped = true;
      position_ += 2;
      continue;
    }
    if (c == '"') {
      closed = position_ + 1 >= text_.size() || text_[position_ + 1] != '"';
      if (closed) break;
      escaped = true;
      ++position_;
    }
    ++position_;
  }
  position_ = std::min(position_, text_.size());
  next_line_ += newlines;
  const std::string_view raw = text_.substr(begin, position_ - begin);
  if (closed)
    ++position_;
  else
    problem_ = "a quoted field is not closed";
  fields_.push_back(escaped ? unescaped(raw) : raw);
}

std::string_view RecordReader::unescaped(std::string_view raw) {
  if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
  std::string& text = unescaped_[unescaped_used_++];
  text.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool backslash = raw[i] == '\\' && dialect_.quoting == Quoting::kBackslash;
    if (backslash && i + 1 < raw.size()) ++i;
    text += raw[i];
    if (raw[i] == '"' && !backslash) ++i;
  }
  return text;
}

// True when another field follows in this record.
bool RecordReader::end_field() {
  const auto skip_blanks = [&] {
    while (position_ < text_.size() && text_[position_] == ' ' && !at_separator(position_))
      ++position_;
    if (position_ < text_.size() && text_[position_] == '\r' &&
        (position_ + 1 == text_.size() || text_[position_ + 1] == '\n'))
      ++position_;
  };
  skip_blanks();
  if (position_ < text_.size() && text_[position_] != '\n' && !at_separator(position_)) {
    if (problem_.empty()) problem_ = "text after a closing quote";
    while (position_ < text_.size() && text_[position_] != '\n' && !at_separator(position_))
      ++position_;
  }
  if (position_ >= text_.size()) return false;
  if (text_[position_] == '\n') {
    ++position_;
    ++next_line_;
    return false;
  }
  position_ += dialect_.separator.size();
  return true;
}

}  // namespace sparrow::data
