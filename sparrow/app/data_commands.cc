// prepare, synth.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/data_card.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/data/synth.h"

namespace sparrow::app {

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

void add_liked_option(CLI::App& sub, std::optional<float>& liked) {
  sub.add_option("--min-value", liked,
                 "Values at or above this are liked: changed in the prepared data, for everybody");
}

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

Command add_prepare(CLI::App& sub) {
  auto options = std::make_shared<DataOptions>();
  add_data_options(sub, *options);
  return [options](const Context& context) -> Result<void> {
    auto dataset = prepare(context, *options);
    if (!dataset) return dataset.error();
    if (!context.json) return {};
    nlohmann::json card = describe((*dataset)->info);
    card.update(card_json(data_card(**dataset, context.threads)));
    fmt::print("{}\n", card.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return {};
  };
}

Command add_synth(CLI::App& sub) {
  struct Options {
    data::SynthOptions log;
    std::string directory;
    std::string shape;
  };
  auto o = std::make_shared<Options>();
  sub.add_option("--out", o->directory, "Folder to write; created")->required();
  auto* shape =
      sub.add_option("--shape", o->shape,
                     "ml-20m: 138,493 users, 26,744 items, about 20 million ratings, 60 clusters");
  shape->check(CLI::IsMember({"ml-20m"}));
  // What is given is given: a shape leaves nothing of it to choose.
  sub.add_option("--users", o->log.users)->capture_default_str()->excludes(shape);
  sub.add_option("--items", o->log.items)->capture_default_str()->excludes(shape);
  sub.add_option("--interactions", o->log.interactions, "About so many")
      ->capture_default_str()
      ->excludes(shape);
  sub.add_option("--clusters", o->log.clusters, "Planted groups of items")
      ->capture_default_str()
      ->excludes(shape);
  sub.add_option("--seed", o->log.seed, "Equal seeds give equal logs")->capture_default_str();
  sub.add_option("--dirty", o->log.dirty, "Share of malformed rows, 0..1")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_flag_callback(
      "--out-of-order", [o] { o->log.order = data::SynthOrder::kShuffled; },
      "Users mixed and times shuffled");
  const std::map<std::string, data::SynthFormat> formats{
      {"movielens", data::SynthFormat::kMovieLens},
      {"dat", data::SynthFormat::kDat},
      {"generic", data::SynthFormat::kGeneric}};
  sub.add_option("--format", o->log.format, "Default: movielens")
      ->transform(CLI::CheckedTransformer(formats));
  const std::map<std::string, data::SynthPacking> packings{{"none", data::SynthPacking::kNone},
                                                           {"gz", data::SynthPacking::kGzip},
                                                           {"zst", data::SynthPacking::kZstd}};
  sub.add_option("--compress", o->log.packing, "Of the log; default: none")
      ->transform(CLI::CheckedTransformer(packings));
  return [o](const Context& context) -> Result<void> {
    const auto start = std::chrono::steady_clock::now();
    if (o->shape == "ml-20m") {
      o->log.users = 138'493;
      o->log.items = 26'744;
      o->log.interactions = 20'000'263;
      o->log.clusters = 60;
    }
    o->log.threads = context.threads;
    auto done = data::synth_log(o->log, o->directory);
    if (!done) return done.error();
    if (!context.quiet) fmt::print(stderr, "wrote {} in {}\n", o->directory, since(start));
    return {};
  };
}

}  // namespace sparrow::app
