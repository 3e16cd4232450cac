// prepare, synth.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/data/synth.h"
#include "sparrow/evaluate/data_card.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {

void add_liked_option(CLI::App& sub, std::optional<float>& liked) {
  sub.add_option("--min-value", liked,
                 "Values at or above this are liked: changed in the prepared data, for everybody");
}

Command add_prepare(CLI::App& sub) {
  auto options = std::make_shared<DataOptions>();
  flags::add_data_options(sub, *options);
  return [options](const Context& context) -> Result<void> {
    auto dataset = prepare(context, *options);
    if (!dataset) return dataset.error();
    if (!context.json) return {};
    nlohmann::json card = evaluate::describe((*dataset)->info);
    card.update(evaluate::card_json(evaluate::data_card(**dataset, context.threads)));
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
      ->check(flags::number_from(0, 1))
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
