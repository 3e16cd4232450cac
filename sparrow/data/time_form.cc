#include "sparrow/data/time_form.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes parts from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  std::string_view rest() const { return text_; }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view of) {
    const auto at = text_.find_first_not_of(of);
    text_.remove_prefix(std::min(at, text_.size()));
  }
  // 1 to `most` digits; -1 when there is none. `digits`: how many there were.
  int number(std::size_t most, std::size_t& digits) {
    int value = 0;
    digits = 0;
    while (digits < most && digits < text_.size() && is_digit(text_[digits]))
      value = value * 10 + (text_[digits++] - '0');
    text_.remove_prefix(digits);
    return digits == 0 ? -1 : value;
  }
  // The month that a name begins with, from 1; 0: none.
  int month_name() {
    std::size_t letters = 0;
    while (letters < text_.size() && is_letter(text_[letters])) ++letters;
    std::string word(text_.substr(0, std::min<std::size_t>(3, letters)));
    for (char& c : word) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    const auto* at = std::find(kMonths.begin(), kMonths.end(), word);
    if (at == kMonths.end()) return 0;
    text_.remove_prefix(letters);
    return static_cast<int>(at - kMonths.begin()) + 1;
  }

 private:
  std::string_view text_;
};

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
};

bool read_date(Scanner& scan, DateOrder order, Date& date) {
  constexpr std::string_view kBetween = "-/. ,";
  std::size_t digits = 0;
  if (const int month = scan.month_name(); month > 0) {  // March 31, 2015
    date.month = month;
    scan.skip(kBetween);
    date.day = scan.number(2, digits);
    scan.skip(kBetween);
    date.year = scan.number(4, digits);
    return date.day > 0 && digits == 4;
  }
  const int first = scan.number(4, digits);
  if (first < 0) return false;
  const bool year_first = digits == 4;
  scan.skip(kBetween);
  if (const int month = scan.month_name(); month > 0) {  // 31-Mar-2015
    date.month = month;
    date.day = first;
    scan.skip(kBetween);
    date.year = scan.number(4, digits);
    return !year_first && digits == 4;
  }
  const int second = scan.number(2, digits);
  if (second < 0) return false;
  scan.skip("-/.");
  if (year_first) {
    date = {first, second, scan.number(2, digits)};
    return date.day >= 0;
  }
  const int year = scan.number(4, digits);
  if (digits != 4) return false;
  date = order == DateOrder::kDayFirst ? Date{year, second, first} : Date{year, first, second};
  return true;
}

// "T23:59:59.5", " 8:26", then "Z", "+02:00", "UTC", "+0200 CEST"; none of it is needed. Seconds
// after midnight UTC.
bool read_clock(Scanner& scan, std::int64_t& seconds) {
  seconds = 0;
  if (!scan.take('T')) scan.skip(" ");
  if (scan.rest().empty()) return true;
  std::size_t digits = 0;
  const int hour = scan.number(2, digits);
  if (hour < 0 || hour > 24 || !scan.take(':')) return false;
  const int minute = scan.number(2, digits);
  int second = 0;
  if (scan.take(':')) second = scan.number(2, digits);
  if (minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  if (scan.take('.') || scan.take(',')) scan.skip("0123456789");
  seconds = std::int64_t{hour} * 3600 + minute * 60 + second;
  scan.skip(" ");
  for (const std::string_view noon : {"AM", "PM", "am", "pm"}) {
    if (!scan.rest().starts_with(noon)) continue;
    const bool late = noon[0] == 'P' || noon[0] == 'p';
    if (late && hour < 12) seconds += 12 * 3600;
    if (!late && hour == 12) seconds -= 12 * 3600;
    scan.skip(noon);
  }
  const std::string_view zone = scan.rest();
  if (zone.empty() || zone == "Z" || zone == "z" || zone == "UTC" || zone == "GMT") return true;
  const bool east = scan.take('+');
  if (!east && !scan.take('-')) return false;
  const int hours = scan.number(2, digits);
  scan.take(':');
  const int minutes = std::max(0, scan.number(2, digits));
  // "+0200 CEST", as Go prints times: the offset says it, the name adds nothing.
  const std::string_view name = trim(scan.rest());
  if (hours < 0 || name.size() > 5 || !std::all_of(name.begin(), name.end(), is_letter))
    return false;
  seconds += (east ? -60 : 60) * (std::int64_t{hours} * 60 + minutes);
  return true;
}

// 20150331
bool parse_compact(std::string_view text, std::int64_t& seconds) {
  constexpr std::size_t kDigits = 8;
  text = trim(text);
  if (text.size() != kDigits || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  const std::string spread =
      fmt::format("{}-{}-{}", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2));
  return parse_date(spread, DateOrder::kDayFirst, seconds);
}

std::chrono::sys_days start_of_year(int year) {
  return std::chrono::sys_days(std::chrono::year(year) / 1 / 1);
}

}  // namespace

bool parse_date(std::string_view text, DateOrder order, std::int64_t& seconds) {
  Scanner scan(trim(text));
  Date date;
  std::int64_t clock = 0;
  if (!read_date(scan, order, date) || !read_clock(scan, clock)) return false;
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day))};
  if (!day.ok()) return false;
  seconds = std::chrono::sys_days(day).time_since_epoch().count() * std::int64_t{86'400} + clock;
  return true;
}

std::int64_t units_a_second(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 1;
    case TimeUnit::kMilliseconds:
      return 1'000;
    case TimeUnit::kMicroseconds:
      return 1'000'000;
    case TimeUnit::kNanoseconds:
      return 1'000'000'000;
    case TimeUnit::kCompactDate:
    case TimeUnit::kDates:
      return 0;
  }
  return 0;
}

bool parse_time(std::string_view text, TimeForm form, std::int64_t& seconds) {
  if (form.unit == TimeUnit::kDates) return parse_date(text, form.order, seconds);
  if (form.unit == TimeUnit::kCompactDate) return parse_compact(text, seconds);
  if (!parse_number(text, seconds)) {
    double real = 0;
    if (!parse_number(text, real) || !(std::abs(real) < 9e18)) return false;
    seconds = static_cast<std::int64_t>(std::floor(real));
  }
  const std::int64_t units = units_a_second(form.unit);
  seconds = seconds / units - (seconds % units < 0 ? 1 : 0);
  return true;
}

bool looks_like_time(std::string_view text) {
  constexpr double kFrom = 1e8;  // 1973
  double number = 0;
  if (parse_number(text, number)) return number >= kFrom && number < 3e18;
  std::int64_t seconds = 0;
  return parse_date(text, DateOrder::kMonthFirst, seconds) ||
         parse_date(text, DateOrder::kDayFirst, seconds);
}

TimeForm find_time_form(std::span<const std::string_view> values) {
  std::vector<double> numbers;
  std::size_t dates = 0;
  std::size_t compact = 0;
  std::size_t fits_month_first = 0;
  std::size_t fits_day_first = 0;
  for (const auto text : values) {
    if (trim(text).empty()) continue;
    double number = 0;
    std::int64_t seconds = 0;
    if (parse_number(text, number)) {
      numbers.push_back(number);
      compact +=
          number >= 19'000'101 && number < 21'000'101 && parse_compact(text, seconds) ? 1U : 0U;
      continue;
    }
    const bool month_first = parse_date(text, DateOrder::kMonthFirst, seconds);
    const bool day_first = parse_date(text, DateOrder::kDayFirst, seconds);
    fits_month_first += month_first ? 1 : 0;
    fits_day_first += day_first ? 1 : 0;
    dates += month_first || day_first ? 1 : 0;
  }
  TimeForm form;
  if (dates > numbers.size()) {
    form.unit = TimeUnit::kDates;
    form.order = fits_day_first > fits_month_first ? DateOrder::kDayFirst : DateOrder::kMonthFirst;
    return form;
  }
  if (numbers.empty()) return form;
  if (compact * 10 >= numbers.size() * 9) {
    form.unit = TimeUnit::kCompactDate;
    return form;
  }
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  form.unit = *middle < 1e11   ? TimeUnit::kSeconds
              : *middle < 1e14 ? TimeUnit::kMilliseconds
              : *middle < 1e17 ? TimeUnit::kMicroseconds
                               : TimeUnit::kNanoseconds;
  return form;
}

std::int64_t first_implausible_time() {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const int year = static_cast<int>(std::chrono::year_month_day(today).year());
  return std::chrono::sys_seconds(start_of_year(year + 2)).time_since_epoch().count();
}

std::string time_form_text(TimeForm form) {
  switch (form.unit) {
    case TimeUnit::kSeconds:
      return "seconds";
    case TimeUnit::kMilliseconds:
      return "milliseconds";
    case TimeUnit::kMicroseconds:
      return "microseconds";
    case TimeUnit::kNanoseconds:
      return "nanoseconds";
    case TimeUnit::kCompactDate:
      return "dates as YYYYMMDD";
    case TimeUnit::kDates:
      return "dates";
  }
  return "";
}

std::string time_text(std::int64_t seconds) {
  const std::chrono::sys_seconds point{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace sparrow::data
