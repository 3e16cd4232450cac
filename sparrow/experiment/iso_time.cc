#include "sparrow/experiment/iso_time.h"

#include <chrono>

#include <fmt/format.h>

namespace sparrow::experiment {
namespace {

// Reads `digits` digits at the front and takes them off; nothing else may stand there.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = 10 * number + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take_sign(std::string_view& text, char sign) {
  if (text.empty() || text.front() != sign) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_day(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take_sign(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_sign(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1970) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDayMs;
}

std::optional<std::int64_t> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_sign(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take_sign(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 59) return std::nullopt;
  std::int64_t ms = ((*hour * 60 + *minute) * 60 + *second) * std::int64_t{1000};
  if (take_sign(text, '.')) {
    int scale = 100;
    const std::size_t before = text.size();
    while (scale > 0 && !text.empty() && text.front() >= '0' && text.front() <= '9') {
      ms += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
    if (text.size() == before) return std::nullopt;
  }
  return ms;
}

}  // namespace

std::optional<std::int64_t> parse_iso(std::string_view text) {
  const auto day = take_day(text);
  if (!day || text.empty()) return day;
  if (!take_sign(text, 'T')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock || text != "Z") return std::nullopt;
  return *day + *clock;
}

std::string iso_day(std::int64_t ms) {
  const std::chrono::sys_days day{
      std::chrono::floor<std::chrono::days>(std::chrono::milliseconds(ms))};
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string iso_time(std::int64_t ms) {
  const std::int64_t of_day = ((ms % kDayMs) + kDayMs) % kDayMs;
  std::string text = fmt::format("{}T{:02}:{:02}:{:02}", iso_day(ms), of_day / 3'600'000,
                                 of_day / 60'000 % 60, of_day / 1000 % 60);
  if (of_day % 1000 != 0) text += fmt::format(".{:03}", of_day % 1000);
  return text + "Z";
}

}  // namespace sparrow::experiment
