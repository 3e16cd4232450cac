// The options of training as flags of the command line. The Python package reads its keyword
// arguments by them too: both say the same of a wrong one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sparrow/core/result.h"
#include "sparrow/embed/train.h"

namespace sparrow::flags {

// `options` must outlive the parsing.
void add_train_options(CLI::App& sub, embed::TrainOptions& options);

// Errors: kInvalidInput for an option among `arguments` that only other methods read.
Result<void> all_options_are_read(std::span<const std::string> arguments,
                                  const std::vector<std::string>& methods);

}  // namespace sparrow::flags
