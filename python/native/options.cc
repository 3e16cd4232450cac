#include "options.h"

#include <algorithm>

#include "errors.h"
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sparrow/flags/checks.h"
#include "sparrow/flags/data_flags.h"
#include "sparrow/flags/measure_flags.h"
#include "sparrow/flags/train_flags.h"

namespace sparrow::python {
namespace {

void parse(CLI::App& app, const Flags& flags) {
  app.set_help_flag();
  flags::check_numbers(app);
  try {
    app.parse(Flags(flags.rbegin(), flags.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    std::string message = error.what();
    for (const auto& line : flags::suggestions({&app}, flags)) message += "\n" + line;
    invalid(std::move(message));
  }
}

}  // namespace

data::ReadOptions read_options(const Flags& flags) {
  CLI::App app;
  flags::DataOptions options;
  flags::add_data_options(app, options);
  // What is about the home of the command line, or of another data set.
  for (const char* name : {"--memory", "--force", "--sample"})
    app.remove_option(app.get_option(name));
  app.get_option("--data")->envname("");  // the caller names the data, not SPARROW_DATA
  parse(app, flags);
  return take(flags::read_options(options));
}

embed::TrainOptions train_options(const Flags& flags) {
  CLI::App app;
  embed::TrainOptions options;
  flags::add_train_options(app, options);
  parse(app, flags);
  take(flags::all_options_are_read(flags, {options.method}));
  if (options.picture_weight)
    invalid(
        "--picture-weight: pictures are those of a home, which `sparrow train` reads; here their "
        "vectors are given as a block");
  return options;
}

embed::TrainOptions method_options(const Flags& flags) {
  constexpr std::string_view kOriginal = "--method=original";
  if (std::find(flags.begin(), flags.end(), kOriginal) == flags.end()) {
    embed::TrainOptions options = train_options(flags);
    if (options.name.empty()) options.name = options.method;
    return options;
  }
  Flags rest = flags;
  std::erase(rest, kOriginal);
  const embed::TrainOptions given = train_options(rest);
  embed::TrainOptions options = evaluate::settings_of("original", given);
  if (!given.name.empty()) options.name = given.name;
  return options;
}

evaluate::EvaluateOptions measure_options(const Flags& flags) {
  CLI::App app;
  evaluate::EvaluateOptions options;
  std::vector<std::string> methods;
  flags::add_measure_options(app, methods, options);
  app.remove_option(app.get_option("--methods"));
  parse(app, flags);
  return options;
}

}  // namespace sparrow::python
