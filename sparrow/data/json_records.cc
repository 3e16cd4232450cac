#include "sparrow/data/json_records.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sparrow/data/item.h"

namespace sparrow::data {
namespace {

using nlohmann::json;

constexpr std::size_t kObjects = 1000;  // looked at for columns

std::string cell_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return {};
  if (value.is_number_float()) return number_text(value.get<double>());
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Calls put(column, value) for each column of an object.
template <typename Put>
void each_column(const json& object, const std::string& prefix, const Put& put) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && prefix.empty()) {
      each_column(value, name + ".", put);
    } else if (name == "fields" && value.is_array() && prefix.empty()) {  // Metarank
      for (const json& field : value) {
        if (field.is_object() && field.contains("name") && field["name"].is_string() &&
            field.contains("value"))
          put(field["name"].get<std::string>(), field["value"]);
      }
    } else {
      put(prefix + name, value);
    }
  }
}

// Where the object that begins at `begin` ends: behind its closing brace; npos when it does not.
std::size_t object_end(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool inside = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c == '\\') ++i;
      if (c == '"') inside = false;
      continue;
    }
    if (c == '"') inside = true;
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace

JsonRecords::JsonRecords(std::string_view text, TextForm form, std::vector<std::string> columns)
    : text_(text), form_(form), columns_(std::move(columns)), values_(columns_.size()) {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
}

bool JsonRecords::next_text(std::string_view& object) {
  const auto skip = [&](std::string_view of) {
    while (position_ < text_.size() && of.find(text_[position_]) != std::string_view::npos) {
      next_line_ += text_[position_] == '\n' ? 1U : 0U;
      ++position_;
    }
  };
  skip(form_ == TextForm::kJsonArray ? " \t\r\n,[]" : " \t\r\n");
  if (position_ >= text_.size()) return false;
  line_ = next_line_;
  const std::size_t begin = position_;
  std::size_t end = std::min(text_.find('\n', begin), text_.size());
  if (form_ == TextForm::kJsonArray) {
    const std::size_t closed = object_end(text_, begin);
    end = closed == std::string_view::npos ? text_.size() : closed;
  }
  object = text_.substr(begin, end - begin);
  next_line_ += static_cast<std::uint64_t>(std::count(object.begin(), object.end(), '\n'));
  position_ = end;
  return true;
}

void JsonRecords::fill(const json& object) {
  for (auto& value : values_) value.clear();
  each_column(object, "", [&](const std::string& column, const json& value) {
    const auto at = std::find(columns_.begin(), columns_.end(), column);
    if (at != columns_.end())
      values_[static_cast<std::size_t>(at - columns_.begin())] = cell_of(value);
  });
  fields_.assign(values_.begin(), values_.end());
}

bool JsonRecords::next() {
  std::string_view text;
  if (!next_text(text)) return false;
  problem_.clear();
  const json object = json::parse(text, nullptr, false);
  if (object.is_object()) {
    fill(object);
  } else {
    problem_ = object.is_discarded() ? "is not valid JSON" : "is JSON, but not an object";
    fields_.clear();
  }
  return true;
}

std::vector<std::string> json_columns(std::string_view text, TextForm form) {
  std::vector<std::string> columns;
  JsonRecords records(text, form, {});
  // The records are parsed here once more, as the reader keeps only what it was told to.
  std::size_t begin = 0;
  for (std::size_t n = 0; n < kObjects && records.next(); ++n) {
    const auto from = text.find('{', begin);
    begin = records.position();
    if (from == std::string_view::npos || from >= begin) continue;
    const json object = json::parse(text.substr(from, begin - from), nullptr, false);
    if (!object.is_object()) continue;
    each_column(object, "", [&](const std::string& column, const json&) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
    });
  }
  return columns;
}

}  // namespace sparrow::data
