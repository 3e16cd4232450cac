#include "sparrow/experiment/experiment_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/experiment/json_members.h"

namespace sparrow::experiment {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostFileBytes = 64 << 20;

}  // namespace

Experiment* ExperimentFile::find(std::string_view name) {
  const auto found = std::find_if(experiments.begin(), experiments.end(),
                                  [&](const Experiment& one) { return one.name == name; });
  return found == experiments.end() ? nullptr : &*found;
}

Result<ExperimentFile> parse_experiment_file(std::string_view text, const KnownSetting& known) {
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return Error{ErrorCode::kInvalidInput, "this is not JSON"};
  Members members(parsed, "the file");
  members.only({"version", "experiments"});
  ExperimentFile file;
  const json* version = members.find("version");
  if (version != nullptr && !version->is_number_unsigned())
    members.fail("version", "must be a whole number");
  else if (version != nullptr)
    file.version = version->get<std::uint64_t>();
  const json* list = members.find("experiments");
  if (list == nullptr) members.fail("experiments", "is missing");
  if (!members.sound()) return members.error();
  auto experiments = read_experiments(*list, known);
  if (!experiments) return experiments.error();
  file.experiments = std::move(*experiments);
  return file;
}

json to_json(const ExperimentFile& file) {
  json object = {{"version", file.version}, {"experiments", json::array()}};
  for (const Experiment& experiment : file.experiments)
    object["experiments"].push_back(to_json(experiment));
  return object;
}

Result<ExperimentFile> read_experiment_file(const std::filesystem::path& path,
                                            const KnownSetting& known) {
  const auto text = read_file(path, kMostFileBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) return ExperimentFile{};
  if (!text) return text.error();
  auto file = parse_experiment_file(*text, known);
  if (!file) return Error{file.error().code, path.string() + ": " + file.error().message};
  return file;
}

Result<ExperimentFile> change_experiment_file(
    const std::filesystem::path& path, const std::function<Result<void>(ExperimentFile&)>& change) {
  const auto lock = FileLock::take(path.string() + ".lock");
  if (!lock) return lock.error();
  auto file = read_experiment_file(path);
  if (!file) return file;
  if (auto changed = change(*file); !changed) return changed.error();
  ++file->version;
  const std::string text = to_json(*file).dump(2) + "\n";
  auto again = parse_experiment_file(text);  // also what `change` made must be sound
  if (!again) return again.error();
  if (auto written = write_file_atomically(path, text); !written) return written.error();
  return again;
}

}  // namespace sparrow::experiment
