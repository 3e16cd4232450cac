// config: what the server would be told by flags, environment and file, and whether it is sound.
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/app/command.h"
#include "sparrow/app/serve_options.h"

namespace sparrow::app {
namespace {

struct Entry {
  std::string name;
  std::string value;
  std::string source;
  std::string environment;
};

bool on_command_line(const Context& context, const CLI::Option& option) {
  for (const auto& argument : context.arguments) {
    const auto name = argument.substr(0, argument.find('='));
    if (name.starts_with("--") && option.check_lname(name.substr(2))) return true;
    if (name.size() == 2 && name[0] == '-' && option.check_sname(name.substr(1))) return true;
  }
  return false;
}

std::string shown_value(const CLI::Option& option) {
  std::vector<std::string> values = option.results();
  if (values.empty()) return option.get_default_str();
  for (std::string& value : values) {
    if (option.get_single_name() == "token") {
      std::vector<std::string> masked;
      for (std::size_t begin = 0; begin < value.size();) {
        const auto end = std::min(value.find(',', begin), value.size());
        const std::string one = value.substr(begin, end - begin);
        masked.push_back(one.substr(0, std::min(one.find(':'), one.size())) + ":***");
        begin = end + 1;
      }
      value = fmt::format("{}", fmt::join(masked, ","));
    }
    value = shown_uri(value);
  }
  return fmt::format("{}", fmt::join(values, ","));
}

void add_entries(const Context& context, const CLI::App& app, std::vector<Entry>& entries) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string& name = option->get_single_name();
    if (name == "help" || name == "version" || name == "config") continue;
    const std::string variable = environment_name(*option);
    const std::string source =
        option->count() == 0                                                         ? "default"
        : on_command_line(context, *option)                                          ? "flag"
        : !option->get_envname().empty() && std::getenv(variable.c_str()) != nullptr ? "environment"
                                                                                     : "file";
    entries.push_back({name, shown_value(*option), source,
                       option->get_envname().empty() ? std::string() : variable});
  }
}

Result<void> explain(const Context& context, const CLI::App& sub) {
  std::vector<Entry> entries;
  add_entries(context, *context.app, entries);
  add_entries(context, sub, entries);
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Entry& e : entries)
      list.push_back({{"name", e.name},
                      {"value", e.value},
                      {"source", e.source},
                      {"environment", e.environment}});
    fmt::print("{}\n", list.dump(2));
    return {};
  }
  for (const Entry& e : entries)
    fmt::print("{:<20} {:<34} {:<12} {}\n", e.name, e.value.empty() ? "-" : e.value, e.source,
               e.environment);
  return {};
}

}  // namespace

Command add_config(CLI::App& sub) {
  sub.require_subcommand(1);
  auto o = std::make_shared<ServeArguments>();
  CLI::App* explain_sub =
      sub.add_subcommand("explain", "Every option, its value, and where that comes from");
  CLI::App* check_sub = sub.add_subcommand("check", "Whether `serve` would accept it");
  for (CLI::App* each : {explain_sub, check_sub}) {
    each->fallthrough();
    add_serve_options(*each, *o);
  }
  return [o, explain_sub](const Context& context) -> Result<void> {
    if (explain_sub->parsed()) return explain(context, *explain_sub);
    if (auto read = read_serve_arguments(*o); !read) return read;
    if (!context.quiet) fmt::print("the configuration is sound\n");
    return {};
  };
}

}  // namespace sparrow::app
