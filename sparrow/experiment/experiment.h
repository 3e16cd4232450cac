// Experiment: two or more variants of how lists are made, shown to units (users, sessions, items by
// day) that a salted hash assigns, and what is measured of them. Read from JSON, which a file in
// the home and the API share (docs/experiments.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/experiment/metric.h"

namespace sparrow::experiment {

enum class Unit { kUser, kSession, kItemDay };  // kItemDay: "item|YYYY-MM-DD", switchback
// kSplit: each unit has one variant. kInterleave: every list is made of both (rank/explore.h),
// which needs fewer units to say which list people prefer, and says nothing else.
enum class Method { kSplit, kInterleave };
enum class Status { kDraft, kRunning, kStopped, kShipped, kRolledBack };

// Parameters of the list endpoints (model, popularity, diversity, rules, ...) as the query would
// give them.
using Settings = std::map<std::string, std::string>;

struct Variant {
  std::string name;
  double weight = 1;  // its share of the units is weight / sum of weights
  Settings settings;  // empty: lists as they are without the experiment
};

struct Decision {
  std::string time;    // ISO 8601
  std::string action;  // start, stop, ship, roll_back, ...
  std::string note;
};

struct Experiment {
  std::string name;
  std::string hypothesis;
  Unit unit = Unit::kUser;
  Method method = Method::kSplit;
  std::string salt;       // empty in JSON: the name
  std::string layer;      // experiments of one layer have no unit in common; empty: none
  double layer_from = 0;  // of the layer's units, the part [from, to) takes part
  double layer_to = 1;
  std::vector<std::string> scenarios;  // where it holds; empty: everywhere
  std::vector<Variant> variants;       // the first is the control
  std::vector<Metric> metrics;         // the first decides
  std::vector<Metric> guardrails;      // must not get worse
  double minimum_lift = 0.05;  // the smallest relative lift worth finding; of sequential tests too
  int covariate_days = 14;     // before the exposure, for CUPED; 0: without
  std::int64_t start_ms = 0;   // 0: not begun
  std::int64_t stop_ms = 0;    // 0: not ended
  Status status = Status::kDraft;
  std::vector<Decision> decisions;  // oldest first
};

// Whether the list endpoints know a parameter of this name.
using KnownSetting = std::function<bool(std::string_view)>;

// Reads a list of at most 1,000 experiments. `known` decides about names of settings; empty: all
// are right. Errors: kInvalidInput naming the experiment and the member; two experiments of one
// layer that overlap are an error as long as neither has ended.
Result<std::vector<Experiment>> read_experiments(const nlohmann::json& list,
                                                 const KnownSetting& known = {});
nlohmann::json to_json(const Experiment& experiment);

const char* unit_name(Unit unit);        // "user", "session", "item_day"
const char* method_name(Method method);  // "split", "interleave"
const char* status_name(Status status);  // "draft", "running", ...
bool has_ended(Status status);           // stopped, shipped or rolled back

// What people decide: "start" a draft, "stop" what runs, "ship" or "roll_back" what runs or was
// stopped. Writes status, times and the decision. Errors: kConflict where the status does not allow
// it, kInvalidInput for another action or a note of more than 1,000 bytes.
Result<void> decide(Experiment& experiment, std::string_view action, std::int64_t now_ms,
                    std::string note);

// The variant of a unit; null when the unit does not take part (layer). Deterministic, sticky, and
// independent between salts: unit_position() of hash.h, cut by the weights in their order.
const Variant* assign(const Experiment& experiment, std::string_view unit);

}  // namespace sparrow::experiment
