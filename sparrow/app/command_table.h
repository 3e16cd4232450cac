// The subcommands and their options as data, read from what CLI11 was told: manual pages and shell
// completions are written from it, so neither can know less than the program.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace sparrow::app {

struct OptionEntry {
  std::vector<std::string> names;  // "--port", "-q"; empty for a positional argument
  std::string positional;          // "file"
  std::string description;         // one paragraph
  std::string default_value;
  std::string environment;
  std::vector<std::string> values;  // where only certain words are accepted
  bool takes_value = false;
  bool required = false;
};

struct CommandEntry {
  std::string path;  // "", "build", "rules check"
  std::string summary;
  std::vector<OptionEntry> options;  // without --help
  std::vector<std::string> children;
};

// The program first, then every subcommand in the order of the table, each before its own.
std::vector<CommandEntry> command_table(const CLI::App& app);

}  // namespace sparrow::app
