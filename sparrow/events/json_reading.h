// Members of a JSON object from outside, each with its bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace sparrow::events {

inline constexpr std::size_t kMostName = 128;  // bytes of an id, a user, a session
inline constexpr std::size_t kMostItem = 512;  // bytes

// What is wrong with one object; empty as long as nothing is.
struct Reading {
  std::string_view what;  // "event"
  std::size_t number;     // of several, from 0
  std::string trouble;
  void fail(std::string_view member, std::string_view message);
};

// A text, or a whole number written as one; empty when it is absent.
std::string read_text(Reading& reading, const nlohmann::json& object, const char* name,
                      std::size_t most);
// "2026-11-30T10:00:00.250Z", or a number of seconds or milliseconds since 1970; now when absent.
std::int64_t read_time(Reading& reading, const nlohmann::json& object, const char* name,
                       std::int64_t now_ms);
double read_value(Reading& reading, const nlohmann::json& object, const char* name);
std::int32_t read_position(Reading& reading, const nlohmann::json& object, const char* name,
                           std::int32_t first);
// A whole number in 0..most; 0 when it is absent.
std::uint32_t read_whole(Reading& reading, const nlohmann::json& object, const char* name,
                         std::uint32_t most);
// "2026-11-30T10:00:00.250Z"
std::string iso_text(std::int64_t ms);

}  // namespace sparrow::events
