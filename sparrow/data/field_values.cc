#include "sparrow/data/field_values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

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

bool parse_time(std::string_view text, std::int64_t& seconds) {
  if (!parse_number(text, seconds)) {
    double real = 0;
    if (!parse_number(text, real) || !(std::abs(real) < 1e15)) return false;
    seconds = static_cast<std::int64_t>(real);
  }
  if (seconds > kMillisecondsFrom) seconds /= 1000;
  return true;
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

std::string field_count_problem(const Fields& fields, std::size_t columns) {
  bool wrong = fields.size() < columns;
  for (std::size_t extra = columns; extra < fields.size(); ++extra)
    wrong = wrong || !trim(fields[extra]).empty();
  return wrong ? fmt::format("{} fields, {} expected", fields.size(), columns) : std::string();
}

}  // namespace sparrow::data
