// Usage: what became of the lists that were given, by day, scenario and model: the business metrics
// of everyday, without an experiment. They say what happened, not why.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/events/log_queries.h"
#include "sparrow/experiment/statistics.h"

namespace sparrow::experiment {

struct UsageMetric {
  std::string_view name;
  std::string_view definition;
  std::string_view unit;  // of the number
};
std::span<const UsageMetric> usage_metrics();

struct UsageNumber {
  double y = 0;  // sum of the numerator over units, and of the denominator
  double x = 0;
  double value = 0;   // y / x
  Interval interval;  // 95 %, by the delta method at the unit and the normal distribution
};

// The lists of one day, scenario and model; a unit is a user, else a session, else a list.
struct UsageCell {
  std::optional<std::string> scenario;  // absent: all together; "": lists that named none
  std::optional<std::string> model;     // absent: all together; a name without a version
  std::set<std::string> versions;       // of the models
  std::uint64_t lists = 0;
  std::uint64_t items = 0;  // in them
  std::uint64_t units = 0;
  // As usage_metrics(); absent where there is nothing to divide by, or fewer than two units.
  std::vector<std::optional<UsageNumber>> numbers;
};

struct UsageDay {
  std::int64_t day = 0;      // since 1970, UTC
  std::uint64_t events = 0;  // of items
  std::uint64_t joined = 0;  // of these: name a list of the same day
  bool cut = false;          // more than kMostLists or kMostEvents: the rest was not read
  std::vector<UsageCell> cells;
};
inline constexpr std::uint64_t kMostUsageLists = 2'000'000;
inline constexpr std::uint64_t kMostUsageEvents = 5'000'000;

// Reads a whole day of the log: about a second for half a million events, and 100 bytes a list and
// unit meanwhile. Errors: those of reading; kUnavailable when `stop` says so.
Result<UsageDay> usage_of_day(const events::EventLog& log, std::int64_t day, std::stop_token stop);

// Days that were read are kept until something is added to them. Safe for use by several threads.
class Usage {
 public:
  struct Answer {
    std::vector<std::shared_ptr<const UsageDay>> days;  // those that the log has, ascending
    bool complete = true;  // false: some days are still to be read: ask again
  };
  // The days of [first, last]. Reads no further day once `budget` is over, nor while another thread
  // reads; a day that grows is read at most once a minute.
  Result<Answer> days(const events::EventLog& log, std::int64_t first, std::int64_t last,
                      std::chrono::milliseconds budget, std::stop_token stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    events::DayMark mark;
    Clock::time_point read;
    std::shared_ptr<const UsageDay> day;
  };
  std::mutex reading_;  // held by the one who reads days
  std::mutex mutex_;    // of what follows
  std::map<std::int64_t, Kept> kept_;
};

}  // namespace sparrow::experiment
