// The options of reading data as flags of the command line, shared with the Python package.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset_reader.h"

namespace sparrow::flags {

struct DataOptions {
  data::ReadOptions read;
  std::string sample_items;          // items.csv of the bundled sample
  std::vector<std::string> columns;  // "role=name"
  std::string format;                // "separator=;,quote=none,..."
  std::string event_weights;         // "view=1,cart=3"
  bool force = false;
};

// `options` must outlive the parsing.
void add_data_options(CLI::App& sub, DataOptions& options);

// options.read with what its texts say. Errors: kInvalidInput naming the option.
Result<data::ReadOptions> read_options(const DataOptions& options);

}  // namespace sparrow::flags
