// Metric: what is measured of the units of an experiment, as a ratio of two sums over each unit. A
// mean per unit is the ratio whose denominator is 1 for each. kMetrics is the table of the known
// ones; an experiment may bring its own (docs/experiments.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {

// What a measure adds up, for one unit, between its exposure and the end.
enum class Counted {
  kUnits,       // 1: the unit itself
  kEvents,      // events of certain types
  kValues,      // the values of such events
  kLists,       // lists given to the unit
  kAsked,       // the same and those in whose place an error was answered
  kFailed,      // those in whose place an error was answered
  kDegraded,    // lists for which a part of the engine did not answer in time, or at all
  kTimed,       // lists of which is known how long they took
  kTook,        // milliseconds that they took
  kSlow,        // those that took kSlowListMs or more
  kShown,       // items in them
  kFirstLists,  // lists that begin at position 0
  kShortLists,  // such lists with fewer than kShortList items
  kSessions,    // different sessions of its events
  kReturns,     // later UTC days, after that of the exposure, with an event or a list
  kPopularity,  // over items in lists: ln(1 + interactions with the item)
  kNovelty,     // over items in lists: -log2 of the item's share of all interactions
};
inline constexpr std::size_t kShortList = 5;
inline constexpr std::int32_t kSlowListMs = 50;

enum class Keep { kSum, kAny };  // kAny: 1 where the sum is above 0, else 0

struct Measure {
  Counted counted = Counted::kUnits;
  std::vector<std::string> types;  // of kEvents and kValues
  bool of_lists = false;           // only events that name the request id of a list
  Keep keep = Keep::kSum;
  double factor = 1;  // the sum is multiplied by it: 1/60 makes minutes of seconds
  bool operator==(const Measure&) const = default;
};

enum class Better { kHigher, kLower };

struct Metric {
  std::string name;
  std::string sentence;  // the definition, for people
  Measure numerator;
  Measure denominator;
  std::string unit;  // of the number: "clicks per seen item"
  Better better = Better::kHigher;
  double winsorise = 1;  // larger numerators are cut at this quantile of all units; 1: none is
};

std::span<const Metric> known_metrics();
const Metric* find_metric(std::string_view name);  // null: there is none

// A name of a known metric, or the object of one's own:
//   {"name": "likes", "numerator": {"type": "like"}, "denominator": "unit", "better": "higher",
//    "sentence": "...", "unit": "...", "winsorise": 0.99}
// Errors: kInvalidInput naming the member.
Result<Metric> read_metric(const nlohmann::json& json);
// The name where it is a known one, else the object.
nlohmann::json to_json(const Metric& metric);
// What a measure counts, in words: "clicks on items of lists", "1 for each unit".
std::string describe(const Measure& measure);

}  // namespace sparrow::experiment
