#include "sparrow/app/command_table.h"

namespace sparrow::app {
namespace {

std::string one_paragraph(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == ' ';
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
  }
  return line;
}

// CLI11 describes an option of certain words as "TEXT:{a,b,c}".
std::vector<std::string> words_of(const std::string& type) {
  std::vector<std::string> words;
  const auto begin = type.find('{');
  const auto end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return words;
  for (std::size_t at = begin + 1; at < end;) {
    const auto comma = std::min(type.find(',', at), end);
    const std::string word = type.substr(at, comma - at);
    words.push_back(word.substr(0, word.find("->")));
    at = comma + 1;
  }
  return words;
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  for (const auto& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) entry.names.push_back("-" + name);
  entry.positional = option.get_positional() ? option.get_name(true, false) : "";
  entry.description = one_paragraph(option.get_description());
  entry.default_value = option.get_default_str();
  entry.environment = option.get_envname();
  entry.values = words_of(option.get_type_name());
  entry.takes_value = option.get_items_expected_max() > 0;
  entry.required = option.get_required();
  return entry;
}

void collect(const CLI::App& app, const std::string& path, std::vector<CommandEntry>& table) {
  CommandEntry entry;
  entry.path = path;
  entry.summary = one_paragraph(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_single_name() == "help" || option->get_group().empty()) continue;
    entry.options.push_back(entry_of(*option));
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) entry.children.push_back(child->get_name());
  table.push_back(std::move(entry));
  for (const CLI::App* child : children)
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), table);
}

}  // namespace

std::vector<CommandEntry> command_table(const CLI::App& app) {
  std::vector<CommandEntry> table;
  collect(app, "", table);
  return table;
}

}  // namespace sparrow::app
