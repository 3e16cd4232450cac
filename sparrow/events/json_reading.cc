#include "sparrow/events/json_reading.h"

#include <cmath>

#include <fmt/format.h>

#include "sparrow/data/time_form.h"
#include "sparrow/events/event.h"

namespace sparrow::events {

using nlohmann::json;

namespace {

constexpr std::int32_t kMostPosition = 100'000;
constexpr std::int64_t kEarliestMs = 946'684'800'000;   // 2000-01-01
constexpr std::int64_t kMostSeconds = 100'000'000'000;  // larger numbers are milliseconds

}  // namespace

void Reading::fail(std::string_view member, std::string_view message) {
  if (trouble.empty()) trouble = fmt::format("{} {}: \"{}\" {}", what, number, member, message);
}

std::string read_text(Reading& reading, const json& object, const char* name, std::size_t most) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  std::string text;
  if (found->is_string())
    text = found->get<std::string>();
  else if (found->is_number_integer())
    text = found->dump();
  else
    reading.fail(name, "must be a text");
  if (text.size() > most) reading.fail(name, fmt::format("has more than {} bytes", most));
  return text;
}

std::int64_t read_time(Reading& reading, const json& object, const char* name,
                       std::int64_t now_ms) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return now_ms;
  std::int64_t ms = 0;
  if (found->is_number()) {
    const double number = found->get<double>();
    if (!(std::abs(number) < 1e15)) {
      reading.fail(name, "is not a time");
      return now_ms;
    }
    ms = std::abs(number) < static_cast<double>(kMostSeconds)
             ? static_cast<std::int64_t>(std::floor(number * 1000))
             : static_cast<std::int64_t>(number);
  } else {
    const std::string text = found->is_string() ? found->get<std::string>() : std::string();
    std::int64_t seconds = 0;
    if (text.size() > 40 || !data::parse_date(text, data::DateOrder::kDayFirst, seconds)) {
      reading.fail(name, "must be a time such as 2026-11-30T10:00:00Z, or milliseconds since 1970");
      return now_ms;
    }
    ms = seconds * 1000;
    const auto point = text.find('.');
    if (point != std::string::npos) {
      int scale = 100;
      for (std::size_t i = point + 1; i < text.size() && text[i] >= '0' && text[i] <= '9';
           ++i, scale /= 10)
        ms += std::int64_t{text[i] - '0'} * scale;
    }
  }
  if (ms < kEarliestMs || ms > now_ms + kDayMs)
    reading.fail(name, "lies before 2000 or more than a day ahead of this server's clock");
  return ms;
}

double read_value(Reading& reading, const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return kNoValue;
  const double value = found->is_number() ? found->get<double>() : kNoValue;
  if (!(std::abs(value) <= 1e12)) reading.fail(name, "must be a number within ±1e12");
  return value;
}

std::int32_t read_position(Reading& reading, const json& object, const char* name,
                           std::int32_t first) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return kNoPosition;
  if (!found->is_number_integer() || found->get<std::int64_t>() < first ||
      found->get<std::int64_t>() > kMostPosition) {
    reading.fail(name, fmt::format("must be a whole number from {} to {}", first, kMostPosition));
    return kNoPosition;
  }
  return static_cast<std::int32_t>(found->get<std::int64_t>()) - first;
}

std::uint32_t read_whole(Reading& reading, const json& object, const char* name,
                         std::uint32_t most) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return 0;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
    reading.fail(name, fmt::format("must be a whole number from 0 to {}", most));
    return 0;
  }
  return found->get<std::uint32_t>();
}

std::string iso_text(std::int64_t ms) {
  std::string text = data::time_text(ms / 1000);
  if (const auto space = text.find(' '); space != std::string::npos) text[space] = 'T';
  return fmt::format("{}.{:03}Z", text, ms % 1000);
}

}  // namespace sparrow::events
