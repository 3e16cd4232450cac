// Experiment: two or more variants of how lists are made, shown to units (users, sessions, items by
// day) that a salted hash assigns, and what is measured of them. Read from JSON, which a file in
// the home and the API share (docs/experiments.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"

namespace sparrow::experiment {

enum class Unit { kUser, kSession, kItemDay };  // kItemDay: "item|YYYY-MM-DD", switchback
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
  std::string salt;       // empty in JSON: the name
  std::string layer;      // experiments of one layer have no unit in common; empty: none
  double layer_from = 0;  // of the layer's units, the part [from, to) takes part
  double layer_to = 1;
  std::vector<std::string> scenarios;  // where it holds; empty: everywhere
  std::vector<Variant> variants;       // the first is the control
  std::vector<std::string> metrics;    // names of metrics.h; the first decides
  std::vector<std::string> guardrails;
  std::int64_t start_ms = 0;  // 0: not begun
  std::int64_t stop_ms = 0;   // 0: not ended
  Status status = Status::kDraft;
  std::vector<Decision> decisions;
};

// Errors: kInvalidInput naming the experiment and the member; two experiments of one layer that
// overlap are an error.
Result<std::vector<Experiment>> read_experiments(const nlohmann::json& list);
nlohmann::json to_json(const Experiment& experiment);

// The variant of a unit; null when the unit does not take part (layer). Deterministic, sticky, and
// independent between salts.
const Variant* assign(const Experiment& experiment, std::string_view unit);

}  // namespace sparrow::experiment
