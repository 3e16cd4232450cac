#include "sparrow/data/csv.h"

#include <cstring>

namespace sparrow::data {

CsvReader::CsvReader(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
}

bool CsvReader::next() {
  while (position_ < text_.size() && (text_[position_] == '\n' || text_[position_] == '\r')) {
    if (text_[position_] == '\n') ++next_line_;
    ++position_;
  }
  if (position_ >= text_.size()) return false;
  fields_.clear();
  unescaped_used_ = 0;
  problem_ = {};
  line_ = next_line_;
  do {
    if (position_ < text_.size() && text_[position_] == '"') {
      read_quoted();
    } else {
      read_plain();
    }
  } while (end_field());
  return true;
}

void CsvReader::read_plain() {
  const std::size_t begin = position_;
  while (position_ < text_.size() && text_[position_] != ',' && text_[position_] != '\n')
    ++position_;
  std::string_view field = text_.substr(begin, position_ - begin);
  const bool line_end = position_ >= text_.size() || text_[position_] == '\n';
  if (line_end && !field.empty() && field.back() == '\r') field.remove_suffix(1);
  fields_.push_back(field);
}

void CsvReader::read_quoted() {
  const std::size_t begin = ++position_;
  bool doubled = false;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '\n') ++next_line_;
    if (c == '"') {
      if (position_ + 1 >= text_.size() || text_[position_ + 1] != '"') break;
      doubled = true;
      ++position_;
    }
    ++position_;
  }
  const std::string_view raw = text_.substr(begin, position_ - begin);
  if (position_ >= text_.size()) {
    problem_ = "a quoted field is not closed";
  } else {
    ++position_;
  }
  if (!doubled) {
    fields_.push_back(raw);
    return;
  }
  if (unescaped_used_ == 0) unescaped_.reserve(64);
  if (unescaped_used_ == 64) {
    problem_ = "more than 64 fields with doubled quotes";
    fields_.push_back(raw);
    return;
  }
  if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
  std::string& text = unescaped_[unescaped_used_++];
  text.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text += raw[i];
    if (raw[i] == '"') ++i;
  }
  fields_.push_back(text);
}

// True when another field follows in this record.
bool CsvReader::end_field() {
  if (position_ < text_.size() && text_[position_] == '\r' &&
      (position_ + 1 == text_.size() || text_[position_ + 1] == '\n')) {
    ++position_;
  }
  if (position_ >= text_.size()) return false;
  if (text_[position_] == ',') {
    ++position_;
    return true;
  }
  if (text_[position_] == '\n') {
    ++position_;
    ++next_line_;
    return false;
  }
  if (problem_.empty()) problem_ = "text after a closing quote";
  while (position_ < text_.size() && text_[position_] != ',' && text_[position_] != '\n')
    ++position_;
  return end_field();
}

std::vector<std::string_view> split_dat(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto at = line.find("::");
    fields.push_back(line.substr(0, at));
    if (at == std::string_view::npos) return fields;
    line.remove_prefix(at + 2);
  }
}

std::string latin1_to_utf8(std::string_view text) {
  std::string utf8;
  utf8.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xC0 | (byte >> 6));
      utf8 += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return utf8;
}

}  // namespace sparrow::data
