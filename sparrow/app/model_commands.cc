// build, train, publish, promote, rollback, models, prune, verify.

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/ingest.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/flags/train_flags.h"
#include "sparrow/live/publish.h"
#include "sparrow/model/model_folder.h"

namespace sparrow::app {
namespace {

struct Named {
  std::string name = kDefaultModel;
  std::string version;
};

void add_name(CLI::App& sub, Named& named) {
  sub.add_option("model", named.name, "Model name")->capture_default_str();
  sub.add_option("--version", named.version, "Version; default: the newest");
}

void add_content_only(CLI::App& sub, bool& allow) {
  sub.add_flag("--allow-content-only", allow,
               "Promote a model that learned from no behavior although there is a log");
}

ContentOnly content_only(bool allow) { return allow ? ContentOnly::kAllow : ContentOnly::kRefuse; }

Result<std::string> version_or_newest(const Context& context, const Named& named) {
  if (!named.version.empty()) return named.version;
  const auto versions = model::list_versions(context.paths().models(), named.name);
  if (versions.empty()) {
    return Error{ErrorCode::kNotFound, fmt::format("no model \"{}\" in {}: train it first",
                                                   named.name, context.paths().models().string())};
  }
  return versions.back();
}

// What of the list could be made; `trouble` is what could not.
nlohmann::json models_json(const Context& context, store::ModelStore* store,
                           Result<void>& trouble) {
  nlohmann::json list = nlohmann::json::array();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(context.paths().models(), ignored)) {
    for (const auto& version :
         model::list_versions(context.paths().models(), entry.path().filename().string())) {
      list.push_back(
          {{"name", entry.path().filename().string()}, {"version", version}, {"where", "disk"}});
    }
  }
  if (store == nullptr) return list;
  const auto names = store->names();
  if (!names) {
    trouble = names.error();
    return list;
  }
  for (const auto& name : *names) {
    const auto versions = store->list(name);
    if (!versions) {
      trouble = versions.error();
      continue;
    }
    for (const auto& v : *versions) {
      list.push_back({{"name", name},
                      {"version", v.manifest.version},
                      {"where", "store"},
                      {"promoted", v.promoted},
                      {"bytes", v.bytes},
                      {"method", v.manifest.method},
                      {"data", v.manifest.data_name},
                      {"data_hash", v.manifest.data_hash},
                      {"created", v.manifest.created},
                      {"encoding", v.encoding},
                      {"item_features", v.items},
                      {"users", v.users},
                      {"metrics", v.manifest.metrics}});
    }
  }
  return list;
}

}  // namespace

Command add_build(CLI::App& sub) {
  struct Options {
    DataOptions data;
    embed::TrainOptions train;
    std::vector<std::string> also;
    bool allow_content_only = false;
    bool events = false;
    IngestOptions ingest;
  };
  auto options = std::make_shared<Options>();
  flags::add_data_options(sub, options->data);
  flags::add_train_options(sub, options->train);
  sub.add_option("--also", options->also, "Further methods to train, publish and promote")
      ->delimiter(',');
  add_content_only(sub, options->allow_content_only);
  auto* events = sub.add_flag("--events", options->events,
                              "Learn from the event log of the home too (docs/events.md); "
                              "--event-weights holds for its events as well");
  for (CLI::Option* option : add_ingest_options(sub, options->ingest)) option->needs(events);
  return [options](const Context& context) -> Result<void> {
    options->ingest.event_weights = options->data.event_weights;
    std::vector<std::string> methods{options->train.method};
    methods.insert(methods.end(), options->also.begin(), options->also.end());
    if (auto sound = flags::all_options_are_read(context.arguments, methods); !sound) return sound;
    std::vector<embed::TrainOptions> runs{options->train};
    for (const auto& method : options->also) {
      runs.push_back(options->train);
      runs.back().method = method;
      runs.back().name = method;
    }
    return build_live(context, options->data, runs, content_only(options->allow_content_only),
                      options->events ? &options->ingest : nullptr);
  };
}

namespace {

// The trials as a table with a bar each, then the choices in sentences.
void explain(const model::Manifest& manifest) {
  const auto trials = manifest.metrics.value("content_weight_trials", nlohmann::json::array());
  const double chosen = manifest.options.value("content_weight", 0.0);
  const auto quality = [](const nlohmann::json& trial) {
    return std::sqrt(trial.at("hit_at_10").get<double>() * trial.at("hit_at_10_ipw").get<double>());
  };
  double best = 0;
  for (const auto& trial : trials) best = std::max(best, quality(trial));
  if (!trials.empty())
    fmt::print("content   next item among ten   rare ones count more   both, against the best\n");
  for (const auto& trial : trials) {
    const double share = best > 0 ? quality(trial) / best : 0;
    fmt::print("{:>7.2f}   {:>21.4f}   {:>20.4f}   {:<30} {:.3f}\n",
               trial.at("content_weight").get<double>(), trial.at("hit_at_10").get<double>(),
               trial.at("hit_at_10_ipw").get<double>(),
               std::string(static_cast<std::size_t>(std::lround(30 * share)), '#'), share);
  }
  if (!trials.empty()) fmt::print("chosen: {:.2f}, by a cubic through these\n\n", chosen);
  for (const auto& sentence : manifest.metrics.value("choices", nlohmann::json::array()))
    fmt::print("- {}\n", sentence.get<std::string>());
  const auto text = manifest.options.find("text");
  if (text != manifest.options.end() && text->value("table", nlohmann::json()).is_null() &&
      !text->contains("vectors"))
    fmt::print("- Texts are compared by their words alone: there was no table of text vectors.\n");
}

}  // namespace

Command add_train(CLI::App& sub) {
  struct Options {
    embed::TrainOptions train;
    bool force = false;
    std::vector<std::string> blocks;
    std::string former;
    std::string events;
    bool explain = false;
    std::optional<float> liked;
  };
  constexpr std::size_t kContinuedEpochs = 5;
  auto options = std::make_shared<Options>();
  flags::add_train_options(sub, options->train);
  add_liked_option(sub, options->liked);
  auto* blocks = add_block_option(sub, options->blocks);
  auto* force = sub.add_flag("--force", options->force, "Train even if the same model is there");
  auto* former = sub.add_option("--continue", options->former,
                                "Learn new events only: a former item2vec model, NAME or "
                                "NAME@VERSION; 5 epochs unless --epochs says otherwise");
  auto* events = sub.add_option("--events", options->events,
                                "--continue: folder of the catalogue and the new events")
                     ->check(CLI::ExistingDirectory);
  sub.add_flag("--explain", options->explain,
               "Show what was tried on held-out users, what was chosen and why");
  former->needs(events)->excludes(force)->excludes(blocks);
  events->needs(former);
  const CLI::App* parsed = &sub;
  return [options, parsed](const Context& context) -> Result<void> {
    Result<model::Model> trained = Error{};
    const std::string method = options->former.empty() ? options->train.method : "item2vec";
    if (auto sound = flags::all_options_are_read(context.arguments, {method}); !sound) return sound;
    if (auto changed = change_liked(context, options->liked); !changed) return changed;
    if (!options->former.empty()) {
      if (parsed->count("--epochs") == 0) options->train.skip_gram.epochs = kContinuedEpochs;
      trained = continue_model(context, options->former, options->events, options->train);
    } else {
      auto dataset = load_prepared(context);
      if (!dataset) return dataset.error();
      if (auto done = load_blocks(context, **dataset, options->blocks, options->train); !done)
        return done;
      trained = train(context, **dataset, options->train, options->force);
    }
    if (!trained) return trained.error();
    finish_progress();
    if (options->explain && !context.json) explain(trained->manifest);
    if (context.json) fmt::print("{}\n", model::to_json(trained->manifest).dump(2));
    return {};
  };
}

Command add_publish(CLI::App& sub) {
  struct Options {
    Named named;
    bool promote = false;
    bool allow_content_only = false;
    std::string encoding;  // empty: as the model has them
  };
  auto options = std::make_shared<Options>();
  add_name(sub, options->named);
  sub.add_flag("--promote", options->promote, "Promote it too");
  add_content_only(sub, options->allow_content_only);
  sub.add_option("--encoding", options->encoding,
                 "How the store keeps the values of vectors; default: as the model has them")
      ->check(CLI::IsMember({"float32", "float16", "int8"}));
  return [options](const Context& context) -> Result<void> {
    auto version = version_or_newest(context, options->named);
    if (!version) return version.error();
    const std::string& name = options->named.name;
    auto loaded = model::read_model(context.paths().models() / name / *version);
    if (!loaded) return loaded.error();
    auto encoding = options->encoding.empty() ? live::encoding_of(*loaded)
                                              : store::encoding_of_name(options->encoding);
    if (!encoding) return encoding.error();
    auto dataset = load_prepared(context);
    if (!dataset && dataset.error().code != ErrorCode::kNotFound) return dataset.error();
    auto done = publish(context, *loaded, dataset ? dataset->get() : nullptr, *encoding);
    if (!done) return done;
    return options->promote
               ? promote(context, name, *version, content_only(options->allow_content_only))
               : Result<void>{};
  };
}

Command add_promote(CLI::App& sub) {
  auto named = std::make_shared<Named>();
  auto allow = std::make_shared<bool>(false);
  add_name(sub, *named);
  add_content_only(sub, *allow);
  return [named, allow](const Context& context) -> Result<void> {
    auto version = version_or_newest(context, *named);
    if (!version) return version.error();
    return promote(context, named->name, *version, content_only(*allow));
  };
}

Command add_rollback(CLI::App& sub) {
  auto named = std::make_shared<Named>();
  sub.add_option("model", named->name, "Model name")->capture_default_str();
  return [named](const Context& context) -> Result<void> {
    auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
    if (!store) return store.error();
    auto version = store::ModelStore(**store).rollback(named->name);
    if (!version) return version.error();
    if (!context.quiet) fmt::print(stderr, "rollback  {} now serves {}\n", named->name, *version);
    return {};
  };
}

Command add_models(CLI::App& /*sub*/) {
  return [](const Context& context) -> Result<void> {
    auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
    std::unique_ptr<store::ModelStore> models;
    if (store) models = std::make_unique<store::ModelStore>(**store);
    Result<void> trouble;  // a home that was never published from is none
    if (!store && store.error().code != ErrorCode::kNotFound) trouble = store.error();
    const auto list = models_json(context, models.get(), trouble);
    if (context.json) {
      fmt::print("{}\n", list.dump(2));
      return trouble;
    }
    fmt::print("{:<16} {:<26} {:<6} {:<9} {}\n", "model", "version", "where", "", "data");
    for (const auto& m : list) {
      fmt::print("{:<16} {:<26} {:<6} {:<9} {}\n", m["name"].get<std::string>(),
                 m["version"].get<std::string>(), m["where"].get<std::string>(),
                 m.value("promoted", false) ? "promoted" : "", m.value("data", ""));
    }
    return trouble;
  };
}

Command add_prune(CLI::App& sub) {
  auto named = std::make_shared<Named>();
  auto keep = std::make_shared<std::size_t>(3);
  sub.add_option("model", named->name, "Model name")->capture_default_str();
  sub.add_option("--keep", *keep, "Newest versions to keep")->capture_default_str();
  return [named, keep](const Context& context) -> Result<void> {
    auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
    if (!store) return store.error();
    auto removed = store::ModelStore(**store).prune(named->name, *keep);
    if (!removed) return removed.error();
    for (const auto& version : *removed) fmt::print("{} {}\n", named->name, version);
    return {};
  };
}

Command add_verify(CLI::App& sub) {
  auto reference = std::make_shared<std::string>(kDefaultModel);
  sub.add_option("model", *reference, "Model name, name@version, or a model's folder")
      ->capture_default_str();
  return [reference](const Context& context) -> Result<void> {
    std::filesystem::path folder = *reference;
    if (!std::filesystem::is_directory(folder)) {
      const auto at = reference->find('@');
      Named named{reference->substr(0, at),
                  at == std::string::npos ? "" : reference->substr(at + 1)};
      auto version = version_or_newest(context, named);
      if (!version) return version.error();
      folder = context.paths().models() / named.name / *version;
    }
    const auto problems = model::verify_model(folder);
    if (problems.empty()) {
      fmt::print("{}: whole\n", folder.string());
      return {};
    }
    std::string all;
    for (const auto& problem : problems) all += "\n  " + problem;
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{}: {} problem(s){}", folder.string(), problems.size(), all)};
  };
}

}  // namespace sparrow::app
