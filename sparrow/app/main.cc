// The one table of subcommands, and what happens with their errors.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <vector>

#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "sparrow/app/build_info.h"
#include "sparrow/app/command.h"
#include "sparrow/app/config_file.h"
#include "sparrow/app/home_care.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/flags/checks.h"

namespace sparrow::app {
namespace {

constexpr Subcommand kSubcommands[] = {
    {"build", "prepare + train the default model + publish + promote", add_build},
    {"prepare", "Read a data set, check it, put it in order", add_prepare},
    {"train", "Train a model on the prepared data", add_train},
    {"publish", "Put a trained model into the store", add_publish},
    {"promote", "Make a published version the one that is served", add_promote},
    {"rollback", "Go back to the version promoted before", add_rollback},
    {"models", "List models, versions and metrics", add_models},
    {"prune", "Remove old versions from the store", add_prune},
    {"verify", "Check every byte of a model", add_verify},
    {"serve", "Answer requests: API and pages", add_serve},
    {"similar", "Print what is like an item, by id or title", add_similar},
    {"evaluate", "Measure methods on held-out behavior and ground truth", add_evaluate},
    {"spotcheck", "Look at lists of chosen seeds, models side by side", add_spotcheck},
    {"export", "Write vectors or neighbor lists for other programs", add_export},
    {"import", "Make a model of vectors from another program", add_import},
    {"score", "Append the served similarity to pairs of items", add_score},
    {"synth", "Generate a rating log of any size", add_synth},
    {"embed-text", "Tokens and vectors of texts, as training sees them", add_embed_text},
    {"posters", "Make the small pictures that pages show of a folder of pictures", add_posters},
    {"rules", "Show or check rules, and what they would change", add_rules},
    {"events", "Export what people did and what they were shown", add_events},
    {"ingest", "Make a training log of the event log", add_ingest},
    {"loop", "Learn from the event log: ingest, train, evaluate, publish, promote", add_loop},
    {"experiment", "List, start, stop, plan and judge experiments (A/B tests)", add_experiment},
    {"config", "Show or check how the server is configured", add_config},
    {"store", "Look into a store, copy models between stores", add_store},
    {"doctor", "Say what is wrong with machine, home and data, and what to do", add_doctor},
    {"healthcheck", "Ask the running server whether it answers", add_healthcheck},
    {"backup", "Write a home into one file, also while it is served", add_backup},
    {"restore", "Make a home of a file that `backup` wrote", add_restore},
    {"manual", "Print the manual page, of the program or of a subcommand", add_manual},
    {"completion", "Print what makes a shell complete sparrow's words", add_completion},
};

int unknown_subcommand(const std::string& word) {
  const auto nearest = std::min_element(
      std::begin(kSubcommands), std::end(kSubcommands), [&](const auto& x, const auto& y) {
        return flags::edit_distance(word, x.name) < flags::edit_distance(word, y.name);
      });
  fmt::print(stderr, "sparrow: there is no subcommand \"{}\".", word);
  if (flags::edit_distance(word, nearest->name) <= 3)
    fmt::print(stderr, " Did you mean \"{}\"?", nearest->name);
  fmt::print(stderr, "\n`sparrow --help` lists them.\n");
  return 2;
}

// What CLI11 found wrong, with the option that was perhaps meant.
int wrong_usage(const CLI::App& app, const std::vector<std::string>& arguments,
                const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& asked = chosen.empty() ? app : *chosen.front();
  fmt::print(stderr, "sparrow: {}\n", error.what());
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    for (const auto& line : flags::suggestions({&app, &asked}, arguments))
      fmt::print(stderr, "{}\n", line);
  }
  fmt::print(stderr, "`sparrow {}--help` lists what there is.\n",
             chosen.empty() ? "" : asked.get_name() + " ");
  return 2;
}

void on_interrupt(int) { interrupted.store(true); }

int fail(const Context& context, const Error& error) {
  finish_progress();
  if (context.json) {
    const nlohmann::json body = {
        {"error", {{"code", error_code_name(error.code)}, {"message", error.message}}}};
    fmt::print(stderr, "{}\n", body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print(stderr, "sparrow: {}\n", error.message);
  }
  if (interrupted.load()) return 130;
  return stopped_status != 0 ? stopped_status.load() : error_exit_status(error.code);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Sparrow answers one question well: what is like this?\n"
      "Learns item embeddings from what people watched and what items are, and serves \"more like "
      "this\".",
      "sparrow"};
  Context context;
  app.add_option("--home", context.home, "Folder that holds everything the program writes")
      ->envname("SPARROW_HOME")
      ->capture_default_str();
  app.add_option(
         "--store", context.store_uri,
         "Feature store: rocksdb:PATH, redis://[user][:password]@HOST:PORT/DB, redis+unix:PATH,\n"
         "redis+sentinel://HOST,HOST/SERVICE/DB, redis+cluster://HOST,HOST (default: rocksdb\n"
         "in the home). A password is safer in SPARROW_STORE than here.")
      ->envname("SPARROW_STORE");
  app.add_option("--threads", context.threads, "Threads; 0 means one per core")
      ->check(CLI::Range(0, 1024))
      ->envname("SPARROW_THREADS")
      ->capture_default_str();
  app.add_flag("--json", context.json, "Results as JSON, where a program might read them");
  app.add_flag("--quiet,-q", context.quiet, "No progress on stderr");
  app.set_version_flag(
      "--version", [&context] { return context.json ? version_json() : version_text(); },
      "Print the version and exit; with --json also commit, compiler, instruction set, libraries");
  app.set_config("--config", "", "TOML file with options; see docs/configuration.md")
      ->envname("SPARROW_CONFIG");
  app.allow_config_extras(CLI::config_extras_mode::error);
  const auto config_file = std::make_shared<ConfigFile>(app);
  app.config_formatter(config_file);
  app.require_subcommand(1);
  app.fallthrough();
  std::map<const CLI::App*, Command> commands;
  for (const Subcommand& entry : kSubcommands) {
    CLI::App* sub = app.add_subcommand(entry.name, entry.summary);
    commands[sub] = entry.add(*sub);
  }
  flags::check_numbers(app);
  const std::string first = argc > 1 ? argv[1] : "";
  if (!first.empty() && first[0] != '-' &&
      std::none_of(std::begin(kSubcommands), std::end(kSubcommands),
                   [&](const auto& s) { return first == s.name; })) {
    return unknown_subcommand(first);
  }
  context.app = &app;
  context.arguments.assign(argv + 1, argv + argc);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string told = config_file->explained(error.what(), context.arguments);
    if (error.get_name() == "ConfigError" || told != error.what()) {
      fmt::print(stderr, "sparrow: {}\n", told);
      return 2;
    }
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);  // --help
    return wrong_usage(app, context.arguments, error);
  }
  if (const std::string& wrong = simd::forced_target_error(); !wrong.empty())
    return fail(context, Error{ErrorCode::kInvalidInput, wrong});
  const CLI::App* chosen = app.get_subcommands().front();
  if (auto known = check_home(context.paths()); !known) return fail(context, known.error());
  const Result<void> result = commands[chosen](context);
  finish_progress();
  return result ? 0 : fail(context, result.error());
}

}  // namespace
}  // namespace sparrow::app

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Large buffers go back to the system when they are freed. Else glibc raises its threshold with
  // each, and a model of a million items takes a twentieth more to publish and to load.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  std::signal(SIGINT, sparrow::app::on_interrupt);
  std::signal(SIGTERM, sparrow::app::on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error of write(), not the end
  try {
    return sparrow::app::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "sparrow: unexpected: {}\n", error.what());
    return 1;
  }
}
