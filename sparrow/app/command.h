// What every subcommand shares: where things are kept, how progress is drawn, how it is registered.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "sparrow/core/home.h"
#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/live/served_model.h"
#include "sparrow/model/model.h"
#include "sparrow/store/model_store.h"

namespace sparrow::app {

// Set by the signal handler; long work looks at it.
extern std::atomic<bool> interrupted;

// Exit status of a command that stopped because of what it found, though nothing failed: `loop` at
// its gate. 0: that of the error.
extern std::atomic<int> stopped_status;
inline constexpr int kStoppedAtGate = 8;

// Options of the whole program.
struct Context {
  std::string home = ".sparrow";
  std::string store_uri;  // empty: rocksdb in the home
  std::size_t threads = 0;
  bool json = false;
  bool quiet = false;
  const CLI::App* app = nullptr;       // all options, as parsed
  std::vector<std::string> arguments;  // of the command line

  Home paths() const { return {home}; }
  std::string store() const {
    return store_uri.empty() ? "rocksdb:" + paths().default_store().string() : store_uri;
  }
};

using Command = std::function<Result<void>(const Context&)>;

// A subcommand registers its options on `sub` and returns what to run.
struct Subcommand {
  const char* name;
  const char* summary;
  Command (*add)(CLI::App& sub);
};

Command add_prepare(CLI::App& sub);
Command add_train(CLI::App& sub);
Command add_publish(CLI::App& sub);
Command add_promote(CLI::App& sub);
Command add_rollback(CLI::App& sub);
Command add_models(CLI::App& sub);
Command add_prune(CLI::App& sub);
Command add_verify(CLI::App& sub);
Command add_build(CLI::App& sub);
Command add_serve(CLI::App& sub);
Command add_similar(CLI::App& sub);
Command add_evaluate(CLI::App& sub);
Command add_spotcheck(CLI::App& sub);
Command add_export(CLI::App& sub);
Command add_import(CLI::App& sub);
Command add_score(CLI::App& sub);
Command add_synth(CLI::App& sub);
Command add_store(CLI::App& sub);
Command add_config(CLI::App& sub);
Command add_posters(CLI::App& sub);
Command add_rules(CLI::App& sub);
Command add_events(CLI::App& sub);
Command add_ingest(CLI::App& sub);
Command add_loop(CLI::App& sub);
Command add_experiment(CLI::App& sub);
Command add_replay(CLI::App& sub);  // of experiment
Command add_embed_text(CLI::App& sub);
Command add_doctor(CLI::App& sub);
Command add_healthcheck(CLI::App& sub);
Command add_backup(CLI::App& sub);
Command add_restore(CLI::App& sub);
Command add_manual(CLI::App& sub);
Command add_completion(CLI::App& sub);

// Draws a progress bar on stderr (plain lines when it is no terminal; nothing when quiet).
RunControl run_control(const Context& context);
// Ends the bar's line.
void finish_progress();

// "1.23 s", for messages.
std::string since(std::chrono::steady_clock::time_point start);
// Peak resident memory of this process in MB.
double peak_memory_mb();

// The prepared data set and one served model: `version` empty means promoted, else newest in the
// store.
Result<std::shared_ptr<const data::Dataset>> load_prepared(const Context& context);
Result<std::shared_ptr<const live::ServedModel>> load_served(
    const Context& context, std::shared_ptr<const data::Dataset> dataset, const std::string& name,
    const std::string& version);
// A URI without its password.
std::string shown_uri(std::string uri);
// A model by "name", "name@version" or a folder's path.
Result<model::Model> find_model(const Context& context, const std::string& reference);

inline constexpr const char* kDefaultModel = "fusion";

}  // namespace sparrow::app
