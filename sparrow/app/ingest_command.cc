// ingest: the event log as a training log.
#include <cstdio>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/ingest.h"
#include "sparrow/core/file.h"

namespace sparrow::app {
namespace {

struct IngestArguments {
  IngestOptions options;
  std::string out;
  bool keep_unknown = false;
};

Result<void> run_ingest(const Context& context, const IngestArguments& arguments) {
  std::shared_ptr<const data::Dataset> dataset;
  if (auto loaded = load_prepared(context)) dataset = *loaded;
  const float liked = dataset != nullptr ? dataset->info.scale.liked : data::ValueScale{}.liked;
  auto found = read_home_events(context, arguments.options, liked);
  if (!found) return found.error();
  events::TrainingRows& rows = found->rows;
  const auto limited = limit_rows(
      rows, arguments.options, arguments.keep_unknown ? nullptr : dataset.get(), OtherRows::kNone);
  const std::string csv = events::training_csv(rows);
  const bool to_stdout = arguments.out == "-";
  const std::filesystem::path file = arguments.out.empty() ? context.paths().root / "ingested.csv"
                                                           : std::filesystem::path(arguments.out);
  if (to_stdout) {
    std::fwrite(csv.data(), 1, csv.size(), stdout);
  } else if (auto written = write_file_atomically(file, csv); !written) {
    return written;
  }
  nlohmann::json said = ingest_json(*found, limited, arguments.options);
  if (!to_stdout) said["file"] = file.string();
  if (context.json && !to_stdout)
    fmt::print("{}\n", said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  else if (!context.quiet)
    fmt::print(stderr, "ingest    {}{}\n", to_stdout ? "" : file.string() + ": ",
               ingest_text(*found, limited, arguments.options));
  if (dataset == nullptr && !context.quiet)
    fmt::print(stderr,
               "ingest    nothing is prepared in {}: whether the catalogue has the items is "
               "not known\n",
               context.home);
  return {};
}

}  // namespace

Command add_ingest(CLI::App& sub) {
  auto arguments = std::make_shared<IngestArguments>();
  add_ingest_options(sub, arguments->options);
  sub.add_option("--event-weights", arguments->options.event_weights,
                 "How much events speak for their items, where not as usual: "
                 "click=1,added_to_list=3");
  sub.add_option(
      "--out", arguments->out,
      "CSV of user, item, value and time; -: standard output. Default: HOME/ingested.csv");
  sub.add_flag("--keep-unknown", arguments->keep_unknown,
               "Rows of items that the prepared catalogue lacks are kept");
  return [arguments](const Context& context) { return run_ingest(context, *arguments); };
}

}  // namespace sparrow::app
