// loop: one turn of the closed loop. What people did is learned, judged, and served, or the turn
// stops with a reason. Every stage leaves whole files, so a turn may be killed at any moment and
// begun again; what is promoted changes in the last stage, at once.
#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/app/command.h"
#include "sparrow/app/content_sources.h"
#include "sparrow/app/gate.h"
#include "sparrow/app/home_care.h"
#include "sparrow/app/ingest.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/file.h"
#include "sparrow/evaluate/offline.h"
#include "sparrow/flags/checks.h"
#include "sparrow/flags/train_flags.h"
#include "sparrow/live/publish.h"

namespace sparrow::app {
namespace {

using nlohmann::json;
using LoopClock = std::chrono::steady_clock;

// What a gate is made of where none is given: what the last promoted model reached.
constexpr const char* kGated[] = {"/held_out_users/hit", "/held_out_users/hit_ipw",
                                  "/lists/coverage"};

struct LoopArguments {
  DataOptions data;
  embed::TrainOptions train;
  IngestOptions ingest;
  std::string gate;
  double tolerance = 0.05;
  std::size_t splits = 3;
  bool force = false;
  bool allow_content_only = false;
};

// The stages of one turn: each is one line on standard output, text or JSON, and all are in
// HOME/loop/last.json.
class Turn {
 public:
  explicit Turn(const Context& context) : context_(context), turn_({{"time", utc_now()}}) {}

  void done(const char* stage, const std::string& text, json found = json::object()) {
    say(stage, "done", text, std::move(found));
  }
  // The turn ends here, for a reason that is no failure.
  void stop(const char* stage, const std::string& reason, json found = json::object()) {
    say(stage, "stopped", reason, std::move(found));
  }
  Error fail(const char* stage, const Error& error) {
    say(stage, "failed", error.message, json::object());
    return error;
  }
  std::filesystem::path folder() const { return context_.paths().root / "loop"; }

 private:
  void say(const char* stage, const char* state, const std::string& text, json found) {
    finish_progress();
    // What a stage measured itself does not count for the next one.
    using Seconds = std::chrono::duration<double>;
    const auto now = LoopClock::now();
    const double seconds = found.value("seconds", Seconds(now - began_).count());
    began_ += std::chrono::duration_cast<LoopClock::duration>(Seconds(seconds));
    found.update({{"stage", stage}, {"state", state}, {"seconds", seconds}, {"text", text}});
    if (context_.json)
      fmt::print("{}\n", found.dump(-1, ' ', false, json::error_handler_t::replace));
    else
      fmt::print("{:<9} {:<7} {:>6.1f} s  {}\n", stage, state, seconds, text);
    std::fflush(stdout);
    turn_["stages"].push_back(std::move(found));
    (void)write_file_atomically(folder() / "last.json",
                                turn_.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  }

  const Context& context_;
  json turn_;
  LoopClock::time_point began_ = LoopClock::now();
};

Result<json> evaluate_model(const Context& context, const data::Dataset& dataset,
                            const LoopArguments& arguments) {
  evaluate::EvaluateOptions options;
  options.methods = {evaluate::settings_of(arguments.train.method, arguments.train)};
  options.splits = arguments.splits;
  options.threads = context.threads;
  options.baselines = false;
  if (const auto content = load_content(context, dataset, options.methods.back()); !content)
    return content.error();
  auto report = evaluate::evaluate_offline(dataset, options, run_control(context));
  if (!report) return report.error();
  json found = evaluate::to_json(*report);
  if (auto kept = keep_report(context.paths(), found.dump(2) + "\n"); !kept) return kept.error();
  return found;
}

// The given gate, else what the model promoted last reached, else nothing.
std::string gate_file(const Turn& turn, const LoopArguments& arguments) {
  if (!arguments.gate.empty()) return arguments.gate;
  const auto own = turn.folder() / "gate.json";
  std::error_code code;
  return std::filesystem::exists(own, code) ? own.string() : "";
}

Result<void> remember_gate(const Turn& turn, const json& report) {
  json floors = json::object();
  for (const char* path : kGated) {
    const json::json_pointer pointer(path);
    const json& method = report["methods"][0];
    if (method.contains(pointer) && method.at(pointer).is_number())
      floors[path] = method.at(pointer);
  }
  return write_file_atomically(turn.folder() / "gate.json", floors.dump(2) + "\n");
}

Result<std::string> promoted_version(const Context& context, const std::string& name) {
  auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
  if (!store) {
    if (store.error().code == ErrorCode::kNotFound) return std::string();
    return store.error();
  }
  const auto now = store::ModelStore(**store).promoted(name);
  if (!now) return now.error();
  return now->value_or("");
}

// Sentences of the gate; the error stops the turn.
Result<std::string> judge(const Turn& turn, const LoopArguments& arguments, const json& report) {
  const std::string file = gate_file(turn, arguments);
  if (file.empty()) return std::string("no gate yet: what this model reaches is the next one's");
  const auto kept = check_gate(report, file, arguments.tolerance);
  if (!kept) return kept.error();
  return fmt::format("{}: {}", file, fmt::join(*kept, "; "));
}

// From data to a trained model; null where it is the one that is served already.
Result<std::unique_ptr<model::Model>> learn(const Context& context, Turn& turn,
                                            const LoopArguments& arguments,
                                            std::shared_ptr<const data::Dataset>& dataset) {
  const Context quiet = [&] {
    Context copy = context;
    copy.quiet = true;
    return copy;
  }();
  json found;
  auto prepared = prepare(quiet, arguments.data, &arguments.ingest, &found);
  if (!prepared) return turn.fail("prepare", prepared.error());
  dataset = *prepared;
  const data::DatasetInfo& info = dataset->info;
  turn.done("ingest",
            fmt::format("{} events, {} rows, {} left out by the guard ({:.4g} %)",
                        found.value("events", 0), found.value("rows", 0), found.value("dropped", 0),
                        arguments.ingest.most_caused),
            found);
  turn.done("prepare", fmt::format("{} items, {} users, {} interactions", info.items, info.users,
                                   info.interactions));
  auto trained = train(quiet, *dataset, arguments.train, arguments.force);
  if (!trained) return turn.fail("train", trained.error());
  const model::Manifest& manifest = trained->manifest;
  const auto served = promoted_version(context, manifest.name);
  if (!served) return turn.fail("train", served.error());
  if (*served == manifest.version && !arguments.force) {
    turn.stop("train", fmt::format("nothing new to learn: {} {} is served already", manifest.name,
                                   manifest.version));
    return std::unique_ptr<model::Model>();
  }
  turn.done("train", fmt::format("{} {}", manifest.name, manifest.version),
            {{"model", manifest.name}, {"version", manifest.version}});
  return std::make_unique<model::Model>(std::move(*trained));
}

Result<void> run_turn(const Context& context, Turn& turn, const LoopArguments& arguments) {
  std::shared_ptr<const data::Dataset> dataset;
  auto trained = learn(context, turn, arguments, dataset);
  if (!trained) return trained.error();
  if (*trained == nullptr) return {};
  const model::Model& model = **trained;
  const auto report = evaluate_model(context, *dataset, arguments);
  if (!report) return turn.fail("evaluate", report.error());
  const auto judged = judge(turn, arguments, *report);
  if (!judged) {
    if (judged.error().code != ErrorCode::kConflict) return turn.fail("evaluate", judged.error());
    turn.stop("evaluate", judged.error().message);
    stopped_status = kStoppedAtGate;
    return Error{ErrorCode::kConflict, "the loop stopped at its gate: " + judged.error().message +
                                           "; what was served is served on"};
  }
  turn.done("evaluate", *judged);
  Context quiet = context;
  quiet.quiet = true;
  if (auto published = publish(quiet, model, dataset.get(), live::encoding_of(model)); !published)
    return turn.fail("publish", published.error());
  turn.done("publish", shown_uri(context.store()));
  if (interrupted) return turn.fail("promote", Error{ErrorCode::kUnavailable, "interrupted"});
  const std::string& name = model.manifest.name;
  if (auto promoted =
          promote(quiet, name, model.manifest.version,
                  arguments.allow_content_only ? ContentOnly::kAllow : ContentOnly::kRefuse);
      !promoted)
    return turn.fail("promote", promoted.error());
  if (auto noted = remember_gate(turn, *report); !noted) return turn.fail("promote", noted.error());
  turn.done("promote", fmt::format("{} {} is served", name, model.manifest.version));
  return {};
}

Result<void> run_loop(const Context& context, LoopArguments arguments) {
  if (auto sound = flags::all_options_are_read(context.arguments, {arguments.train.method}); !sound)
    return sound;
  arguments.ingest.event_weights = arguments.data.event_weights;
  if (!arguments.gate.empty() && !std::filesystem::exists(arguments.gate))
    return Error{ErrorCode::kNotFound, "--gate: there is no file " + arguments.gate};
  const auto folder = context.paths().root / "loop";
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const auto lock = FileLock::take(folder / "lock");
  if (!lock) {
    if (lock.error().code != ErrorCode::kConflict) return lock.error();
    return Error{ErrorCode::kUnavailable,
                 "another turn of the loop is under way in this home; wait until it ends"};
  }
  remove_leftovers(context.paths());
  Turn turn(context);
  return run_turn(context, turn, arguments);
}

}  // namespace

Command add_loop(CLI::App& sub) {
  auto o = std::make_shared<LoopArguments>();
  flags::add_data_options(sub, o->data);
  sub.remove_option(sub.get_option("--force"));
  flags::add_train_options(sub, o->train);
  add_ingest_options(sub, o->ingest);
  sub.add_option("--gate", o->gate,
                 "JSON of metric pointers and recorded values that the model must keep; default: "
                 "what the model that this command promoted last reached");
  sub.add_option("--tolerance", o->tolerance, "Share that a gated metric may fall")
      ->check(flags::number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--splits", o->splits, "Of held-out users, that the evaluation takes the mean of")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  sub.add_flag("--force", o->force, "Train, judge and promote though nothing is new");
  sub.add_flag("--allow-content-only", o->allow_content_only,
               "Promote a model that learned from no behavior although there is a log");
  return [o](const Context& context) { return run_loop(context, *o); };
}

}  // namespace sparrow::app
