// TimeForm: how the times of a file are written. One form for a whole file, told by many of its
// rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sparrow::data {

enum class TimeUnit { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds, kCompactDate, kDates };
// Of dates such as 03/04/2015; dates that begin with a year or name the month need none.
enum class DateOrder { kDayFirst, kMonthFirst };

struct TimeForm {
  TimeUnit unit = TimeUnit::kSeconds;
  DateOrder order = DateOrder::kMonthFirst;
  bool operator==(const TimeForm&) const = default;
};

// The form that most of `values` have.
TimeForm find_time_form(std::span<const std::string_view> values);

// Unix seconds; fractions are cut; times without a zone are UTC. False when `text` is not of the
// form.
bool parse_time(std::string_view text, TimeForm form, std::int64_t& seconds);

// Text only: "2015-03-31 23:59:59", "2015-03-31T23:59:59.5+02:00", "2015/03/31", "31.3.2015 8:26",
// "31-Mar-2015", "March 31, 2015".
bool parse_date(std::string_view text, DateOrder order, std::int64_t& seconds);

// Whether a number or a date can be meant as the time of an event, for guesses about columns.
bool looks_like_time(std::string_view text);

// How many units a second has; 0: text or compact dates.
std::int64_t units_a_second(TimeUnit unit);

// The first second that is no time of an event: the start of the year after next.
std::int64_t first_implausible_time();

// "seconds", "ISO dates", ...; for messages.
std::string time_form_text(TimeForm form);

// "2015-03-31 23:59:59", UTC.
std::string time_text(std::int64_t seconds);

}  // namespace sparrow::data
