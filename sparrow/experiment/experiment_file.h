// The file of experiments in a home: {"version": 3, "experiments": [...]}. Whoever changes it takes
// a lock beside it, so that a server and a command do not overwrite each other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/experiment/experiment.h"

namespace sparrow::experiment {

struct ExperimentFile {
  std::uint64_t version = 0;  // one more with every change
  std::vector<Experiment> experiments;
  Experiment* find(std::string_view name);  // null: there is none
};

// {"version": ..., "experiments": [...]}. Errors as read_experiments().
Result<ExperimentFile> parse_experiment_file(std::string_view text, const KnownSetting& known = {});
nlohmann::json to_json(const ExperimentFile& file);

// Version 0 and no experiments where there is no file. Errors: as above with the path,
// kUnavailable.
Result<ExperimentFile> read_experiment_file(const std::filesystem::path& path,
                                            const KnownSetting& known = {});
// Reads, lets `change` change, checks the whole, and replaces the file under the next version.
// Errors: those of `change`; kConflict while another process changes it; those of writing.
Result<ExperimentFile> change_experiment_file(
    const std::filesystem::path& path, const std::function<Result<void>(ExperimentFile&)>& change);

}  // namespace sparrow::experiment
