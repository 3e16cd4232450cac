#include "sparrow/data/field_values.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/text.h"

namespace sparrow::data {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

bool parse_value(std::string_view text, float& value) {
  return parse_number(text, value) && std::isfinite(value);
}

bool parse_logged_value(std::string_view text, float& value) {
  if (parse_number(text, value)) return std::isfinite(value);
  text = trim(text);
  if (text == "true" || text == "True" || text == "TRUE") {
    value = 1;
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    value = 0;
    return true;
  }
  const auto comma = text.find(',');
  if (comma == std::string_view::npos || comma + 1 >= text.size() || comma + 3 < text.size())
    return false;
  std::string with_point(text);
  with_point[comma] = '.';
  return parse_number(with_point, value) && std::isfinite(value);
}

std::string_view id_problem(std::string_view id) {
  if (id.empty()) return "the id is empty";
  if (id.size() > kMaxIdBytes) return "the id is longer than 256 bytes";
  if (has_control(id)) return "the id has a control character";
  if (!is_utf8(id)) return "the id is not UTF-8";
  return {};
}

std::vector<std::string> split_list(std::string_view cell, char separator) {
  std::vector<std::string> parts;
  while (!cell.empty()) {
    const auto at = cell.find(separator);
    const auto part = trim(cell.substr(0, at));
    if (!part.empty()) parts.emplace_back(part);
    if (at == std::string_view::npos) break;
    cell.remove_prefix(at + 1);
  }
  return parts;
}

}  // namespace sparrow::data
