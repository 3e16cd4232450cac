#include "sparrow/experiment/metric.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/experiment/json_members.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

constexpr double kOutlier = 0.99;  // quantile at which amounts are cut
constexpr double kMostFactor = 1e6;

Measure events_of(std::vector<std::string> types) {
  return {.counted = Counted::kEvents, .types = std::move(types)};
}
Measure in_lists(std::vector<std::string> types) {
  return {.counted = Counted::kEvents, .types = std::move(types), .of_lists = true};
}
Measure any_of_type(const char* type) {
  return {.counted = Counted::kEvents, .types = {type}, .keep = Keep::kAny};
}
Measure sum_of(const char* type, double factor) {
  return {.counted = Counted::kValues, .types = {type}, .factor = factor};
}
Measure counted(Counted what) { return {.counted = what}; }
Measure units() { return {}; }

std::vector<Metric> make_metrics() {
  return {
      {"click_through", "Clicks on items of lists, divided by items of lists that were seen.",
       in_lists({"click"}), in_lists({"impression"}), "clicks per seen item"},
      {"click_through_served",
       "Clicks on items of lists, divided by items that were given in lists, seen or not.",
       in_lists({"click"}), counted(Counted::kShown), "clicks per given item"},
      {"play_rate", "Plays of items of lists, divided by items of lists that were seen.",
       in_lists({"play"}), in_lists({"impression"}), "plays per seen item"},
      {"watch_minutes",
       "Minutes watched by a unit, of whatever it found; amounts above the 99th percentile of all "
       "units count as that percentile.",
       sum_of("watch_seconds", 1.0 / 60), units(), "minutes per unit", Better::kHigher, kOutlier},
      {"completion", "Items watched to the end, divided by plays.", events_of({"complete"}),
       events_of({"play"}), "completions per play"},
      {"items_per_session", "Items clicked, divided by sessions.", events_of({"click"}),
       counted(Counted::kSessions), "clicks per session"},
      {"conversion", "Share of units that purchased anything.", any_of_type("purchase"), units(),
       "share of units"},
      {"revenue",
       "Money spent by a unit; amounts above the 99th percentile of all units count as that "
       "percentile.",
       sum_of("purchase", 1), units(), "money per unit", Better::kHigher, kOutlier},
      {"return_rate",
       "Share of units that came back on a later UTC day than that of the exposure.",
       {.counted = Counted::kReturns, .keep = Keep::kAny},
       units(),
       "share of units"},
      {"rejections",
       "Items hidden, disliked or called not similar, divided by items of lists that were seen.",
       in_lists({"hide", "dislike", "not_similar"}), in_lists({"impression"}),
       "rejections per seen item", Better::kLower},
      {"short_lists",
       fmt::format("Lists of fewer than {} items, divided by lists; only those that begin at "
                   "position 0.",
                   kShortList),
       counted(Counted::kShortLists), counted(Counted::kFirstLists), "share of lists",
       Better::kLower},
      {"failed_lists",
       "Requests for lists that were answered with an error of the server, divided by requests for "
       "lists.",
       counted(Counted::kFailed), counted(Counted::kAsked), "share of requests", Better::kLower},
      {"degraded_lists",
       "Lists for which a part of the engine did not answer in time, or at all, divided by lists.",
       counted(Counted::kDegraded), counted(Counted::kLists), "share of lists", Better::kLower},
      {"slow_lists",
       fmt::format("Lists that took {} milliseconds or more in the server, divided by lists.",
                   kSlowListMs),
       counted(Counted::kSlow), counted(Counted::kTimed), "share of lists", Better::kLower},
      {"latency", "Milliseconds that the server took for a list, on average.",
       counted(Counted::kTook), counted(Counted::kTimed), "milliseconds per list", Better::kLower},
      {"popularity",
       "Mean over items in lists of ln(1 + interactions that the log has with the item).",
       counted(Counted::kPopularity), counted(Counted::kShown), "ln of interactions",
       Better::kLower},
      {"novelty",
       "Mean over items in lists of -log2 of the item's share of all interactions in the log.",
       counted(Counted::kNovelty), counted(Counted::kShown), "bits"},
  };
}

constexpr std::pair<std::string_view, Counted> kCountedNames[] = {
    {"unit", Counted::kUnits},
    {"lists", Counted::kLists},
    {"asked", Counted::kAsked},
    {"failed", Counted::kFailed},
    {"degraded", Counted::kDegraded},
    {"timed", Counted::kTimed},
    {"took", Counted::kTook},
    {"slow", Counted::kSlow},
    {"shown", Counted::kShown},
    {"first_lists", Counted::kFirstLists},
    {"short_lists", Counted::kShortLists},
    {"sessions", Counted::kSessions},
    {"returns", Counted::kReturns},
    {"popularity", Counted::kPopularity},
    {"novelty", Counted::kNovelty}};

std::vector<std::string_view> names_of_counted() {
  std::vector<std::string_view> names;
  for (const auto& [name, what] : kCountedNames) names.push_back(name);
  return names;
}

bool is_event_type(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

// "type": one type of event, or a list of at most ten.
std::vector<std::string> read_types(Members& members) {
  const json* found = members.find("type");
  std::vector<std::string> types;
  if (found != nullptr && found->is_string()) types.push_back(found->get<std::string>());
  if (found != nullptr && found->is_array() && found->size() <= 10) {
    for (const json& type : *found)
      types.push_back(type.is_string() ? type.get<std::string>() : std::string());
  }
  if (types.empty() || !std::all_of(types.begin(), types.end(), is_event_type))
    members.fail("type", "must be a type of event, or a list of at most 10 of them");
  return types;
}

Measure read_event_measure(const json& object, Members& outer, const char* name) {
  Members members(object, outer.place() + ": \"" + name + "\"");
  members.only({"type", "sum", "any", "of_lists", "factor"});
  Measure measure = events_of(read_types(members));
  const auto flag = [&](const char* flag_name) {
    const json* found = members.find(flag_name);
    if (found != nullptr && !found->is_boolean()) members.fail(flag_name, "must be true or false");
    return found != nullptr && found->is_boolean() && found->get<bool>();
  };
  if (flag("sum")) measure.counted = Counted::kValues;
  if (flag("any")) measure.keep = Keep::kAny;
  measure.of_lists = flag("of_lists");
  measure.factor = members.number("factor", 1 / kMostFactor, kMostFactor, 1);
  if (!members.sound()) outer.fail(name, "is not sound: " + members.error().message);
  return measure;
}

Measure read_measure(Members& members, const char* name) {
  const json* found = members.find(name);
  if (found == nullptr) {
    members.fail(name, "is missing");
    return {};
  }
  if (found->is_object()) return read_event_measure(*found, members, name);
  const std::string word = found->is_string() ? found->get<std::string>() : std::string();
  const auto* known = std::find_if(std::begin(kCountedNames), std::end(kCountedNames),
                                   [&](const auto& entry) { return entry.first == word; });
  if (known == std::end(kCountedNames)) {
    members.fail(name, fmt::format("must be {{\"type\": ...}} or one of {}",
                                   fmt::join(names_of_counted(), ", ")));
    return {};
  }
  Measure measure = counted(known->second);
  if (known->second == Counted::kReturns) measure.keep = Keep::kAny;
  return measure;
}

json measure_json(const Measure& measure) {
  for (const auto& [name, what] : kCountedNames) {
    if (measure.counted == what) return name;
  }
  json object;
  if (measure.types.size() == 1)
    object["type"] = measure.types.front();
  else
    object["type"] = measure.types;
  if (measure.counted == Counted::kValues) object["sum"] = true;
  if (measure.keep == Keep::kAny) object["any"] = true;
  if (measure.of_lists) object["of_lists"] = true;
  if (measure.factor < 1 || measure.factor > 1) object["factor"] = measure.factor;
  return object;
}

}  // namespace

std::span<const Metric> known_metrics() {
  static const std::vector<Metric> metrics = make_metrics();
  return metrics;
}

const Metric* find_metric(std::string_view name) {
  const auto metrics = known_metrics();
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

std::string describe(const Measure& measure) {
  const std::string types = fmt::format("{}", fmt::join(measure.types, ", "));
  switch (measure.counted) {
    case Counted::kUnits:
      return "1 for each unit";
    case Counted::kEvents:
    case Counted::kValues: {
      std::string text = fmt::format(
          "{}{} events", measure.counted == Counted::kValues ? "values of " : "", types);
      if (measure.of_lists) text += " on items of lists";
      return measure.keep == Keep::kAny ? "1 where there are " + text + ", else 0" : text;
    }
    case Counted::kLists:
      return "lists";
    case Counted::kAsked:
      return "requests for lists";
    case Counted::kFailed:
      return "requests for lists that were answered with an error of the server";
    case Counted::kDegraded:
      return "lists for which a part of the engine did not answer";
    case Counted::kTimed:
      return "lists of which is known how long they took";
    case Counted::kTook:
      return "milliseconds that lists took";
    case Counted::kSlow:
      return fmt::format("lists that took {} milliseconds or more", kSlowListMs);
    case Counted::kShown:
      return "items given in lists";
    case Counted::kFirstLists:
      return "lists that begin at position 0";
    case Counted::kShortLists:
      return fmt::format("lists of fewer than {} items", kShortList);
    case Counted::kSessions:
      return "sessions";
    case Counted::kReturns:
      return "1 where the unit came back on a later day, else 0";
    case Counted::kPopularity:
      return "ln(1 + interactions) of items given";
    case Counted::kNovelty:
      return "-log2 of the share of interactions of items given";
  }
  return "";
}

Result<Metric> read_metric(const json& input) {
  if (input.is_string()) {
    const auto& name = input.get_ref<const std::string&>();
    if (const Metric* known = find_metric(name)) return *known;
    std::vector<std::string_view> names;
    for (const Metric& metric : known_metrics()) names.push_back(metric.name);
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("\"{}\" is not a metric; there are {}",
                             is_plain_name(name) ? name : "?", fmt::join(names, ", "))};
  }
  if (!input.is_object())
    return Error{ErrorCode::kInvalidInput, "a metric must be a name or an object"};
  const auto named = input.find("name");
  const bool plain = named != input.end() && named->is_string() &&
                     is_plain_name(named->get_ref<const std::string&>());
  Members members(input, plain ? "metric \"" + named->get<std::string>() + "\"" : "metric");
  members.only({"name", "sentence", "numerator", "denominator", "unit", "better", "winsorise"});
  Metric metric;
  metric.name = members.name("name");
  if (find_metric(metric.name) != nullptr)
    members.fail("name", "is the name of a known metric; a metric of one's own needs another");
  metric.numerator = read_measure(members, "numerator");
  metric.denominator = read_measure(members, "denominator");
  metric.sentence = members.text(
      "sentence", 500,
      fmt::format("{}, divided by {}.", describe(metric.numerator), describe(metric.denominator)));
  metric.unit = members.text("unit", 100, "ratio");
  metric.better =
      members.word("better", {"higher", "lower"}) == 0 ? Better::kHigher : Better::kLower;
  metric.winsorise = members.number("winsorise", 0.5, 1, 1);
  if (!members.sound()) return members.error();
  return metric;
}

json to_json(const Metric& metric) {
  if (find_metric(metric.name) != nullptr) return metric.name;
  json object = {{"name", metric.name},
                 {"sentence", metric.sentence},
                 {"numerator", measure_json(metric.numerator)},
                 {"denominator", measure_json(metric.denominator)},
                 {"unit", metric.unit},
                 {"better", metric.better == Better::kHigher ? "higher" : "lower"}};
  if (metric.winsorise < 1) object["winsorise"] = metric.winsorise;
  return object;
}

}  // namespace sparrow::experiment
