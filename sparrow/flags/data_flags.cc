#include "sparrow/flags/data_flags.h"

#include <map>

#include <fmt/format.h>

#include "sparrow/flags/checks.h"

namespace sparrow::flags {
namespace {

// Where the data are and what they look like.
void add_source_options(CLI::App& sub, DataOptions& options) {
  auto* data = sub.add_option(
      "--data", options.read.directory,
      "Folder, file or .zip: MovieLens of any age, or a log and a catalogue of any names, columns "
      "and dialect (docs/own-data.md)");
  data->envname("SPARROW_DATA");
  sub.add_option("--items", options.read.items, "The catalogue: a file, or a folder of its parts");
  sub.add_option("--interactions", options.read.interactions,
                 "The log: a file, or a folder of its parts");
  sub.add_option("--sample", options.sample_items,
                 "Catalogue of the bundled sample; viewers are simulated");
  sub.add_option(
         "--columns", options.columns,
         "Names of columns, where they are not told: user=uid,item=sku,value=stars,time=ts, "
         "id=sku,title=name,genres=kind")
      ->delimiter(',');
  sub.add_option("--format", options.format,
                 "Dialect, where it is not told: separator=semicolon,quote=none,header=no, "
                 "encoding=windows-1252");
  const std::map<std::string, data::IdForm> forms{{"text", data::IdForm::kAsWritten},
                                                  {"number", data::IdForm::kNumber}};
  sub.add_option("--id-form", options.read.id_form,
                 "text: ids are what is written; number: 5805.0 and 0005805 are 5805")
      ->transform(CLI::CheckedTransformer(forms));
}

// What its values mean, and how much may be wrong with it.
void add_judging_options(CLI::App& sub, DataOptions& options) {
  sub.add_option(
      "--scale", options.read.scale,
      "What values mean, where it is not told: stars, points, percent, zero-one, amounts, "
      "or LOW..HIGH");
  sub.add_option("--min-value", options.read.min_value,
                 "Values at or above this are liked; default: told by the scale");
  sub.add_option("--event-weights", options.event_weights,
                 "Values of events by their names, for example view=1,cart=3,purchase=5");
  sub.add_option("--max-rejects", options.read.max_rejects,
                 "Largest share of rejected lines in a file, 0..1")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--min-joined", options.read.min_joined,
                 "Least share of the log's rows whose item is in the catalogue, 0..1")
      ->check(number_from(0, 1))
      ->capture_default_str();
}

}  // namespace

void add_data_options(CLI::App& sub, DataOptions& options) {
  add_source_options(sub, options);
  add_judging_options(sub, options);
  constexpr std::uint64_t kLeastMemory = std::uint64_t{16} << 20;
  sub.add_option(
         "--memory", options.read.memory_bytes,
         "Memory for the interactions while they are read, for example 500MB, 16MB or more; "
         "a longer log goes through files in the home. 0: no limit")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Validator(
          [](const std::string& text) -> std::string {
            const std::uint64_t bytes = std::stoull(text);
            return bytes == 0 || bytes >= kLeastMemory ? "" : "16MB is the least, or 0: no limit";
          },
          "SIZE"));
  sub.add_flag("--force", options.force, "Read the data again even if nothing changed");
}

Result<data::ReadOptions> read_options(const DataOptions& options) {
  data::ReadOptions read = options.read;
  for (const std::string& column : options.columns) {
    const auto equals = column.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == column.size()) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--columns: \"{}\" is not role=name", column)};
    }
    read.columns[column.substr(0, equals)] = column.substr(equals + 1);
  }
  auto dialect = data::parse_dialect(options.format);
  if (!dialect) return dialect.error();
  read.dialect = *dialect;
  auto weights = data::parse_event_weights(options.event_weights);
  if (!weights) return weights.error();
  read.event_weights = std::move(*weights);
  return read;
}

}  // namespace sparrow::flags
