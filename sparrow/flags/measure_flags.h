// The options of `evaluate` that say what is measured, as flags, shared with the Python package.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sparrow/evaluate/offline.h"

namespace sparrow::flags {

// `methods` and `options` must outlive the parsing.
void add_measure_options(CLI::App& sub, std::vector<std::string>& methods,
                         evaluate::EvaluateOptions& options);

}  // namespace sparrow::flags
