#include "sparrow/data/list_cells.h"

#include <algorithm>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;

// Python's literals as JSON: strings in either quotes, None, True, False, tuples, sets, and lists
// without commas as NumPy prints them.
class PythonReader {
 public:
  explicit PythonReader(std::string_view text) : text_(text) {}

  bool read(json& value) {
    skip();
    return read_value(value, 0) && (skip(), at_ == text_.size());
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool read_value(json& value, int depth) {
    if (at_ >= text_.size() || depth > kMaxDepth) return false;
    const char c = text_[at_];
    if (c == '\'' || c == '"') return read_text(value);
    if (c == '[' || c == '(') return read_list(value, c == '[' ? ']' : ')', depth);
    if (c == '{') return read_braces(value, depth);
    return read_word(value);
  }

  bool read_text(json& value) {
    const char quote = text_[at_++];
    std::string text;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        const char escaped = text_[at_];
        text += escaped == 'n' || escaped == 't' || escaped == 'r' ? ' ' : escaped;
      } else {
        text += text_[at_];
      }
      ++at_;
    }
    value = std::move(text);
    return take(quote);
  }

  bool read_list(json& value, char close, int depth) {
    ++at_;
    value = json::array();
    for (skip(); !take(close); skip()) {
      json entry;
      if (!read_value(entry, depth + 1)) return false;
      value.push_back(std::move(entry));
      skip();
      take(',');
    }
    return true;
  }

  bool read_braces(json& value, int depth) {
    ++at_;
    json names = json::array();
    json object = json::object();
    for (skip(); !take('}'); skip()) {
      json key;
      if (!read_value(key, depth + 1)) return false;
      skip();
      if (take(':')) {
        skip();
        json entry;
        if (!read_value(entry, depth + 1)) return false;
        object[key.is_string() ? key.get<std::string>() : key.dump()] = std::move(entry);
      } else {
        names.push_back(std::move(key));
      }
      skip();
      take(',');
    }
    value = names.empty() ? std::move(object) : std::move(names);
    return true;
  }

  bool read_word(json& value) {
    const auto end = std::min(text_.find_first_of(",]}):' \n", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    if (word.empty()) return false;
    at_ = end;
    double number = 0;
    if (word == "None" || word == "nan" || word == "NaN" || word == "null")
      value = nullptr;
    else if (parse_number(word, number))
      value = number;
    else
      value = std::string(word);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void add_name(std::string_view text, Names& names) {
  const auto name = trim(text);
  if (!name.empty()) names.emplace_back(name);
}

void add_entry(const json& entry, Names& names) {
  if (entry.is_string()) return add_name(entry.get_ref<const std::string&>(), names);
  if (entry.is_number()) return add_name(number_text(entry.get<double>()), names);
  if (entry.is_array()) {
    for (const json& inner : entry) add_entry(inner, names);
    return;
  }
  if (!entry.is_object()) return;
  for (const char* key : {"name", "title", "label", "tag", "genre", "value", "description"}) {
    if (entry.contains(key) && entry[key].is_string()) return add_entry(entry[key], names);
  }
}

Names names_of(const json& value) {
  Names names;
  if (value.is_object() && !value.contains("name")) {  // {"Indie": 1203, "Action": 7}
    for (const auto& [key, ignored] : value.items()) add_name(key, names);
  } else {
    add_entry(value, names);
  }
  return names;
}

bool in_brackets(std::string_view cell) {
  cell = trim(cell);
  return cell.size() >= 2 && ((cell.front() == '[' && cell.back() == ']') ||
                              (cell.front() == '{' && cell.back() == '}'));
}

Names split_brackets(std::string_view cell) {
  const auto parsed = json::parse(cell, nullptr, false);
  if (!parsed.is_discarded() && (parsed.is_array() || parsed.is_object())) return names_of(parsed);
  json value;
  if (in_brackets(cell) && PythonReader(trim(cell)).read(value)) return names_of(value);
  Names names;
  add_name(cell, names);
  return names;
}

char separator_of(ListForm form) {
  return form == ListForm::kPipe ? '|' : form == ListForm::kSemicolon ? ';' : ',';
}

struct Parts {
  std::size_t count = 0;
  std::size_t distinct = 0;
  std::size_t lists = 0;    // cells with more than one part
  std::size_t longest = 0;  // bytes of a part, at the 95th percentile
};

Parts parts_of(std::span<const std::string_view> cells, char separator) {
  Parts parts;
  std::unordered_set<std::string> seen;
  std::vector<std::size_t> sizes;
  for (const auto cell : cells) {
    const auto names = split_list(cell, separator);
    parts.lists += names.size() > 1 ? 1U : 0U;
    for (const auto& name : names) {
      sizes.push_back(name.size());
      seen.insert(name);
    }
  }
  parts.count = sizes.size();
  parts.distinct = seen.size();
  if (!sizes.empty()) {
    const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() * 95 / 100);
    std::nth_element(sizes.begin(), at, sizes.end());
    parts.longest = *at;
  }
  return parts;
}

}  // namespace

ListForm find_list_form(std::span<const std::string_view> cells, ListExpected expected) {
  std::vector<std::string_view> filled;
  for (const auto cell : cells) {
    if (!trim(cell).empty()) filled.push_back(cell);
  }
  if (filled.empty()) return ListForm::kSingle;
  const auto brackets = std::count_if(filled.begin(), filled.end(), in_brackets);
  if (static_cast<std::size_t>(brackets) * 10 >= filled.size() * 8) return ListForm::kBrackets;
  for (const ListForm form : {ListForm::kPipe, ListForm::kSemicolon, ListForm::kComma}) {
    const Parts parts = parts_of(filled, separator_of(form));
    if (parts.lists == 0) continue;
    constexpr std::size_t kLongestName = 60;
    if (parts.longest > kLongestName) continue;
    if (expected == ListExpected::kYes) return form;
    const bool often = parts.lists * 5 >= filled.size();
    const bool repeats = parts.distinct * 3 <= parts.count;
    if (often && repeats) return form;
  }
  return ListForm::kSingle;
}

Names split_cell(std::string_view cell, ListForm form) {
  if (form == ListForm::kBrackets) return split_brackets(cell);
  if (form != ListForm::kSingle) return split_list(cell, separator_of(form));
  Names names;
  add_name(cell, names);
  return names;
}

const char* list_form_text(ListForm form) {
  switch (form) {
    case ListForm::kSingle:
      return "one name each";
    case ListForm::kPipe:
      return "lists with |";
    case ListForm::kSemicolon:
      return "lists with ;";
    case ListForm::kComma:
      return "lists with commas";
    case ListForm::kBrackets:
      return "lists in brackets";
  }
  return "";
}

}  // namespace sparrow::data
