// Reader walks the TOML tables and gives CLI11 one item a key.
#include "sparrow/app/config_file.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "sparrow/app/serve_options.h"

namespace sparrow::app {
namespace {

// Walks one file.
class Reader {
 public:
  Reader(const CLI::App& app, std::string file, std::map<std::string, std::string>& origins)
      : app_(app), file_(std::move(file)), origins_(origins) {}

  void read(const toml::table& table, const CLI::App& owner, std::vector<std::string> parents) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const auto line = key.source().begin.line;
      if (const toml::table* inner = node.as_table()) {
        const auto found =
            owner.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
        if (found.empty()) fail(line, name, "there is no such section");
        auto path = parents;
        path.push_back(name);
        read(*inner, *found[0], std::move(path));
        continue;
      }
      const CLI::Option* option = owner.get_option_no_throw("--" + name);
      if (option == nullptr || name == "help" || name == "config" || name == "version")
        fail(line, name,
             parents.empty() ? "there is no such option; those of the server stand in [serve]"
                             : fmt::format("[{}] has no such option", fmt::join(parents, ".")));
      if (std::getenv(environment_name(*option).c_str()) != nullptr) continue;
      origins_["--" + name] = fmt::format("{}:{}", file_, line);
      items.push_back({redirected(parents), name, values(node, name)});
    }
  }

  std::vector<CLI::ConfigItem> items;

 private:
  [[noreturn]] void fail(std::uint32_t line, const std::string& key,
                         const std::string& what) const {
    throw CLI::ConfigError(fmt::format("{}:{}: {}: {}", file_, line, key, what),
                           CLI::ExitCodes::ConfigError);
  }

  std::string text_of(const toml::node& node, const std::string& key) const {
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
    if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
    if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
    fail(node.source().begin.line, key,
         "must be a text, a number, true or false, or a list of them");
  }

  std::vector<std::string> values(const toml::node& node, const std::string& key) const {
    std::vector<std::string> texts;
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& entry : *list) texts.push_back(text_of(entry, key));
    } else {
      texts.push_back(text_of(node, key));
    }
    return texts;
  }

  std::vector<std::string> redirected(const std::vector<std::string>& parents) const {
    if (parents.empty() || parents[0] != "serve") return parents;
    const auto chosen = app_.get_subcommands();
    for (const char* like_serve : {"doctor", "healthcheck"}) {
      if (!chosen.empty() && chosen[0]->get_name() == like_serve) return {like_serve};
    }
    if (chosen.empty() || chosen[0]->get_name() != "config") return parents;
    const auto inner = chosen[0]->get_subcommands();
    return inner.empty() ? parents : std::vector<std::string>{"config", inner[0]->get_name()};
  }

  const CLI::App& app_;
  std::string file_;
  std::map<std::string, std::string>& origins_;
};

}  // namespace

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& in) const {
  const auto name = app_.get_config_ptr()->as<std::string>();
  std::ostringstream text;
  text << in.rdbuf();
  const std::string bytes = text.str();
  const auto parsed = toml::parse(std::string_view(bytes), std::string_view(name));
  if (!parsed)
    throw CLI::ConfigError(fmt::format("{}:{}: {}", name, parsed.error().source().begin.line,
                                       parsed.error().description()),
                           CLI::ExitCodes::ConfigError);
  Reader reader(app_, name, origins_);
  reader.read(parsed.table(), app_, {});
  return reader.items;
}

std::string ConfigFile::explained(const std::string& message,
                                  const std::vector<std::string>& arguments) const {
  for (const auto& [option, origin] : origins_) {
    const bool flag = std::any_of(arguments.begin(), arguments.end(), [&o = option](const auto& a) {
      return a.substr(0, a.find('=')) == o;
    });
    if (flag) continue;
    const auto at = message.find(option);
    if (at == std::string::npos) continue;
    const auto after = at + option.size();
    const bool whole =
        after == message.size() ||
        (message[after] != '-' && std::isalnum(static_cast<unsigned char>(message[after])) == 0);
    if (whole) return fmt::format("{}: {}", origin, message);
  }
  return message;
}

}  // namespace sparrow::app
