#include "sparrow/experiment/experiment.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sparrow/experiment/iso_time.h"
#include "sparrow/experiment/json_members.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

constexpr std::size_t kMostExperiments = 1'000;
constexpr std::size_t kMostVariants = 20;
constexpr std::size_t kMostSettings = 50;
constexpr std::size_t kMostScenarios = 100;
constexpr std::size_t kMostMetrics = 20;
constexpr std::size_t kMostDecisions = 1'000;
constexpr std::size_t kMostNote = 1'000;      // bytes, of a note or a hypothesis
constexpr std::size_t kMostSetting = 10'000;  // bytes of one setting
constexpr double kLeastWeight = 1e-6;
constexpr double kMostWeight = 1e6;
constexpr const char* kUnitNames[] = {"user", "session", "item_day"};
constexpr const char* kMethodNames[] = {"split", "interleave"};
constexpr const char* kStatusNames[] = {"draft", "running", "stopped", "shipped", "rolled_back"};
constexpr const char* kDecidingMetrics[] = {"click_through", "watch_minutes"};
constexpr const char* kUsualGuardrails[] = {"failed_lists", "slow_lists", "short_lists",
                                            "rejections"};

// A text as it is; numbers and truth values as a query would give them.
std::optional<std::string> setting_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

Settings read_settings(Members& variant, const KnownSetting& known) {
  Settings settings;
  const json* found = variant.find("settings");
  if (found == nullptr) return settings;
  if (!found->is_object() || found->size() > kMostSettings) {
    variant.fail("settings", fmt::format("must be an object of at most {} members", kMostSettings));
    return settings;
  }
  for (const auto& [name, value] : found->items()) {
    const auto text = setting_text(value);
    if (!is_plain_name(name) || (known && !known(name)))
      variant.fail("settings", fmt::format("has \"{}\", which no list endpoint knows",
                                           is_plain_name(name) ? name : "?"));
    else if (!text || text->size() > kMostSetting)
      variant.fail("settings", fmt::format("has \"{}\", which must be a text, a number, true or "
                                           "false of at most {} bytes",
                                           name, kMostSetting));
    else
      settings[name] = *text;
  }
  return settings;
}

void read_variants(Members& members, const KnownSetting& known, Experiment& experiment) {
  const json* list = members.list("variants", 2, kMostVariants);
  if (list == nullptr) return;
  std::set<std::string> names;
  for (const json& entry : *list) {
    Members variant(entry, fmt::format("variant {}", experiment.variants.size()));
    variant.only({"name", "weight", "settings"});
    Variant read;
    read.name = variant.name("name");
    read.weight = variant.number("weight", kLeastWeight, kMostWeight, 1);
    read.settings = read_settings(variant, known);
    if (!names.insert(read.name).second) variant.fail("name", "is the name of another variant");
    if (!variant.sound()) members.fail("variants", "are not sound: " + variant.error().message);
    experiment.variants.push_back(std::move(read));
  }
}

std::vector<Metric> read_metrics(Members& members, const char* name, std::size_t least,
                                 std::span<const char* const> otherwise) {
  std::vector<Metric> metrics;
  if (members.find(name) == nullptr) {
    for (const char* usual : otherwise) metrics.push_back(*find_metric(usual));
    return metrics;
  }
  const json* list = members.list(name, least, kMostMetrics);
  if (list == nullptr) return metrics;
  for (const json& entry : *list) {
    auto metric = read_metric(entry);
    if (!metric) {
      members.fail(name, "are not sound: " + metric.error().message);
      return metrics;
    }
    if (std::any_of(metrics.begin(), metrics.end(),
                    [&](const Metric& other) { return other.name == metric->name; }))
      members.fail(name, fmt::format("have \"{}\" twice", metric->name));
    metrics.push_back(std::move(*metric));
  }
  return metrics;
}

void read_layer(Members& members, Experiment& experiment) {
  const json* found = members.find("layer");
  if (found == nullptr) return;
  Members layer(*found, members.place() + ": \"layer\"");
  layer.only({"name", "from", "to"});
  experiment.layer = layer.name("name");
  experiment.layer_from = layer.number("from", 0, 1, 0);
  experiment.layer_to = layer.number("to", 0, 1, 1);
  if (experiment.layer_from >= experiment.layer_to) layer.fail("to", "must be above \"from\"");
  if (!layer.sound()) members.fail("layer", "is not sound: " + layer.error().message);
}

void read_scenarios(Members& members, Experiment& experiment) {
  const json* list = members.list("scenarios", 0, kMostScenarios);
  if (list == nullptr) return;
  for (const json& entry : *list) {
    const std::string name = entry.is_string() ? entry.get<std::string>() : std::string();
    if (!is_plain_name(name)) members.fail("scenarios", "must be names of scenarios");
    experiment.scenarios.push_back(name);
  }
}

void read_decisions(Members& members, Experiment& experiment) {
  const json* list = members.list("decisions", 0, kMostDecisions);
  if (list == nullptr) return;
  for (const json& entry : *list) {
    Members decision(entry, fmt::format("decision {}", experiment.decisions.size()));
    decision.only({"time", "action", "note"});
    const std::int64_t ms = decision.time("time");
    experiment.decisions.push_back(
        {iso_time(ms), decision.name("action"), decision.text("note", kMostNote)});
    if (!decision.sound()) members.fail("decisions", "are not sound: " + decision.error().message);
  }
}

void check_times(Members& members, const Experiment& experiment) {
  if (experiment.stop_ms != 0 && experiment.start_ms == 0)
    members.fail("start", "is missing where there is a stop");
  if (experiment.stop_ms != 0 && experiment.stop_ms <= experiment.start_ms)
    members.fail("stop", "must be later than \"start\"");
  if (experiment.status != Status::kDraft && experiment.start_ms == 0)
    members.fail("start", "is missing: the experiment has begun");
}

Result<Experiment> read_experiment(const json& object, std::size_t number,
                                   const KnownSetting& known) {
  const auto named = object.is_object() ? object.find("name") : object.end();
  const bool plain = object.is_object() && named != object.end() && named->is_string() &&
                     is_plain_name(named->get_ref<const std::string&>());
  Members members(object, plain ? fmt::format("experiment \"{}\"", named->get<std::string>())
                                : fmt::format("experiment {}", number));
  members.only({"name", "hypothesis", "unit", "method", "salt", "layer", "scenarios", "variants",
                "metrics", "guardrails", "minimum_lift", "covariate_days", "start", "stop",
                "status", "decisions"});
  Experiment experiment;
  experiment.name = members.name("name");
  experiment.hypothesis = members.text("hypothesis", kMostNote);
  experiment.unit = static_cast<Unit>(members.word("unit", {"user", "session", "item_day"}));
  experiment.method = static_cast<Method>(members.word("method", {"split", "interleave"}));
  experiment.salt = members.text("salt", 128, experiment.name);
  if (experiment.salt.empty()) experiment.salt = experiment.name;
  read_layer(members, experiment);
  read_scenarios(members, experiment);
  read_variants(members, known, experiment);
  experiment.metrics = read_metrics(members, "metrics", 1, kDecidingMetrics);
  experiment.guardrails = read_metrics(members, "guardrails", 0, kUsualGuardrails);
  for (const Metric& guardrail : experiment.guardrails) {
    for (const Metric& metric : experiment.metrics) {
      if (metric.name == guardrail.name)
        members.fail("guardrails", fmt::format("have the metric \"{}\" too", metric.name));
    }
  }
  experiment.minimum_lift = members.number("minimum_lift", 1e-4, 10, experiment.minimum_lift);
  experiment.covariate_days =
      static_cast<int>(members.number("covariate_days", 0, 365, experiment.covariate_days));
  experiment.start_ms = members.time("start");
  experiment.stop_ms = members.time("stop");
  experiment.status = static_cast<Status>(
      members.word("status", {"draft", "running", "stopped", "shipped", "rolled_back"}));
  read_decisions(members, experiment);
  check_times(members, experiment);
  if (experiment.method == Method::kInterleave &&
      (experiment.variants.size() != 2 || experiment.unit == Unit::kItemDay))
    members.fail("method", "\"interleave\" needs two variants, and users or sessions as units");
  if (!members.sound()) return members.error();
  return experiment;
}

bool overlap(const Experiment& a, const Experiment& b) {
  return !a.layer.empty() && a.layer == b.layer && !has_ended(a.status) && !has_ended(b.status) &&
         a.layer_from < b.layer_to && b.layer_from < a.layer_to;
}

// Names are different, and layers do not overlap.
Result<void> check_together(const std::vector<Experiment>& experiments) {
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Experiment& a = experiments[j];
      const Experiment& b = experiments[i];
      if (a.name == b.name)
        return Error{ErrorCode::kInvalidInput,
                     fmt::format("experiment \"{}\": \"name\" is there twice", b.name)};
      if (overlap(a, b))
        return Error{
            ErrorCode::kInvalidInput,
            fmt::format("experiment \"{}\": \"layer\" overlaps in \"{}\" with experiment \"{}\": "
                        "[{}, {}) and [{}, {})",
                        b.name, b.layer, a.name, b.layer_from, b.layer_to, a.layer_from,
                        a.layer_to)};
    }
  }
  return {};
}

json metrics_json(const std::vector<Metric>& metrics) {
  json list = json::array();
  for (const Metric& metric : metrics) list.push_back(to_json(metric));
  return list;
}

}  // namespace

const char* unit_name(Unit unit) { return kUnitNames[static_cast<std::size_t>(unit)]; }
const char* method_name(Method method) { return kMethodNames[static_cast<std::size_t>(method)]; }
const char* status_name(Status status) { return kStatusNames[static_cast<std::size_t>(status)]; }
bool has_ended(Status status) { return status != Status::kDraft && status != Status::kRunning; }

Result<std::vector<Experiment>> read_experiments(const json& list, const KnownSetting& known) {
  if (!list.is_array() || list.size() > kMostExperiments)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("experiments must be a list of at most {}", kMostExperiments)};
  std::vector<Experiment> experiments;
  for (const json& object : list) {
    auto experiment = read_experiment(object, experiments.size(), known);
    if (!experiment) return experiment.error();
    experiments.push_back(std::move(*experiment));
  }
  if (auto sound = check_together(experiments); !sound) return sound.error();
  return experiments;
}

json to_json(const Experiment& experiment) {
  json variants = json::array();
  for (const Variant& variant : experiment.variants)
    variants.push_back(
        {{"name", variant.name}, {"weight", variant.weight}, {"settings", json(variant.settings)}});
  json object = {{"name", experiment.name},
                 {"hypothesis", experiment.hypothesis},
                 {"unit", unit_name(experiment.unit)},
                 {"method", method_name(experiment.method)},
                 {"salt", experiment.salt.empty() ? experiment.name : experiment.salt},
                 {"scenarios", experiment.scenarios},
                 {"variants", std::move(variants)},
                 {"metrics", metrics_json(experiment.metrics)},
                 {"guardrails", metrics_json(experiment.guardrails)},
                 {"minimum_lift", experiment.minimum_lift},
                 {"covariate_days", experiment.covariate_days},
                 {"status", status_name(experiment.status)},
                 {"decisions", json::array()}};
  if (!experiment.layer.empty())
    object["layer"] = {
        {"name", experiment.layer}, {"from", experiment.layer_from}, {"to", experiment.layer_to}};
  if (experiment.start_ms != 0) object["start"] = iso_time(experiment.start_ms);
  if (experiment.stop_ms != 0) object["stop"] = iso_time(experiment.stop_ms);
  for (const Decision& decision : experiment.decisions)
    object["decisions"].push_back(
        {{"time", decision.time}, {"action", decision.action}, {"note", decision.note}});
  return object;
}

Result<void> decide(Experiment& experiment, std::string_view action, std::int64_t now_ms,
                    std::string note) {
  if (note.size() > kMostNote)
    return Error{ErrorCode::kInvalidInput, fmt::format("a note has at most {} bytes", kMostNote)};
  const Status before = experiment.status;
  Status after = before;
  bool allowed = false;
  if (action == "start") {
    allowed = before == Status::kDraft;
    after = Status::kRunning;
  } else if (action == "stop") {
    allowed = before == Status::kRunning;
    after = Status::kStopped;
  } else if (action == "ship" || action == "roll_back") {
    allowed = before == Status::kRunning || before == Status::kStopped;
    after = action == "ship" ? Status::kShipped : Status::kRolledBack;
  } else {
    return Error{ErrorCode::kInvalidInput,
                 "an experiment can be told to start, stop, ship or roll_back"};
  }
  if (!allowed)
    return Error{ErrorCode::kConflict, fmt::format("experiment \"{}\" is {}: it cannot {}",
                                                   experiment.name, status_name(before), action)};
  if (action == "start") {
    experiment.start_ms = now_ms;
    if (experiment.stop_ms <= now_ms) experiment.stop_ms = 0;
  } else if (before == Status::kRunning) {
    experiment.stop_ms = std::max(now_ms, experiment.start_ms + 1);
  }
  experiment.status = after;
  experiment.decisions.push_back({iso_time(now_ms), std::string(action), std::move(note)});
  return {};
}

}  // namespace sparrow::experiment
