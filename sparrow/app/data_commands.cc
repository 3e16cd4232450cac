// prepare, synth.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/data/synth.h"

namespace sparrow::app {

void add_data_options(CLI::App& sub, DataOptions& options) {
  sub.add_option("--data", options.read.directory,
                 "Folder with MovieLens CSV or .dat files, or items.csv + interactions.csv")
      ->envname("SPARROW_DATA");
  sub.add_option("--sample", options.sample_items,
                 "Catalogue of the bundled sample; viewers are simulated");
  sub.add_option("--columns", options.columns,
                 "Column names of generic data, for example user=uid,item=sku,value=stars,time=ts")
      ->delimiter(',');
  sub.add_option("--max-rejects", options.read.max_rejects,
                 "Largest share of rejected rows in a file, 0..1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  sub.add_flag("--force", options.force, "Read the data again even if nothing changed");
}

Command add_prepare(CLI::App& sub) {
  auto options = std::make_shared<DataOptions>();
  add_data_options(sub, *options);
  return [options](const Context& context) -> Result<void> {
    auto dataset = prepare(context, *options);
    if (!dataset) return dataset.error();
    if (context.json) fmt::print("{}\n", describe((*dataset)->info).dump(2));
    return {};
  };
}

Command add_synth(CLI::App& sub) {
  auto options = std::make_shared<data::SynthOptions>();
  auto directory = std::make_shared<std::string>();
  sub.add_option("--out", *directory, "Folder to write; created")->required();
  sub.add_option("--users", options->users)->capture_default_str();
  sub.add_option("--items", options->items)->capture_default_str();
  sub.add_option("--interactions", options->interactions)->capture_default_str();
  sub.add_option("--clusters", options->clusters, "Planted groups of items")->capture_default_str();
  sub.add_option("--seed", options->seed)->capture_default_str();
  return [options, directory](const Context& context) -> Result<void> {
    const auto start = std::chrono::steady_clock::now();
    auto done = data::synth_log(*options, *directory);
    if (!done) return done.error();
    if (!context.quiet) fmt::print(stderr, "wrote {} in {}\n", *directory, since(start));
    return {};
  };
}

}  // namespace sparrow::app
