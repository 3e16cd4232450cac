// The gate: recorded metrics that a model must keep, and where evaluations are kept. `evaluate` and
// `loop` share it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/home.h"
#include "sparrow/core/result.h"

namespace sparrow::app {

// report: of evaluate::to_json(); its first method is judged. file: JSON of metric pointers and
// recorded values; each may fall by `tolerance`, a share. Returns one sentence a metric. Errors:
// kConflict naming the metric that fell, kInvalidInput where the file is no such thing or names a
// metric that the report lacks.
Result<std::vector<std::string>> check_gate(const nlohmann::json& report, const std::string& file,
                                            double tolerance);

// Every report is kept: HOME/evaluations/<UTC time>-<start of its hash>.json, so that names sort by
// time. Returns the file.
Result<std::filesystem::path> keep_report(const Home& home, const std::string& text);

}  // namespace sparrow::app
