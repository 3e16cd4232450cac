// ConfigFile: a TOML file with options, for CLI11. Strict: a key that is no option is an error, and
// every error names file, line and key.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace sparrow::app {

// Leaves to the environment what it sets. [serve] is read by `config explain` and `config check`
// where these are asked.
class ConfigFile final : public CLI::ConfigTOML {
 public:
  explicit ConfigFile(const CLI::App& app) : app_(app) {}

  // Throws CLI::ConfigError, as CLI11 wants it.
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override;

  // An error of CLI11 about a value, with file and line where it came from the file and not from
  // the command line's `arguments`.
  std::string explained(const std::string& message,
                        const std::vector<std::string>& arguments) const;

 private:
  const CLI::App& app_;
  mutable std::map<std::string, std::string> origins_;  // option -> "file:line"
};

}  // namespace sparrow::app
