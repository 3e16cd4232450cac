// What the fields of every delimited file may hold: numbers, times, ids, lists.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace sparrow::data {

using Fields = std::vector<std::string_view>;

// Without white space and control characters at both ends.
std::string_view trim(std::string_view text);

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// The whole of `text`, trimmed, as a number.
template <typename Number>
bool parse_number(std::string_view text, Number& value) {
  text = trim(text);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && !text.empty();
}

// A finite number.
bool parse_value(std::string_view text, float& value);
// The same as logs have it too: "2,5" is 2.5 (one or two digits behind the comma), "true" is 1,
// "false" 0.
bool parse_logged_value(std::string_view text, float& value);

// Why `id` cannot be an id; empty when it can.
std::string_view id_problem(std::string_view id);

// The parts between separators, trimmed, without empty ones.
std::vector<std::string> split_list(std::string_view cell, char separator);

}  // namespace sparrow::data
