// completion: what bash, zsh and fish need to complete subcommands, options and their words.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/app/command.h"
#include "sparrow/app/command_table.h"

namespace sparrow::app {
namespace {

using Table = std::vector<CommandEntry>;

// In single quotes of any of the three shells.
std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// What may stand after a subcommand: its own subcommands and options, and the program's options.
std::vector<std::string> words_after(const CommandEntry& command, const Table& table) {
  std::vector<std::string> words = command.children;
  const auto add = [&](const CommandEntry& one) {
    for (const auto& option : one.options) {
      words.insert(words.end(), option.names.begin(), option.names.end());
      if (option.names.empty())
        words.insert(words.end(), option.values.begin(), option.values.end());
    }
  };
  add(command);
  if (!command.path.empty()) add(table.front());
  words.push_back("--help");
  return words;
}

// The loop that finds the subcommand on the line; the same text in bash and zsh.
std::string path_cases(const Table& table) {
  std::string text;
  for (const CommandEntry& command : table) {
    if (command.path.empty()) continue;
    const auto space = command.path.rfind(' ');
    const std::string before = space == std::string::npos ? "" : command.path.substr(0, space);
    const std::string word = command.path.substr(space == std::string::npos ? 0 : space + 1);
    text += fmt::format("      {}) command={} ;;\n", in_quotes(before + ":" + word),
                        in_quotes(command.path));
  }
  return text;
}

std::string value_cases(const Table& table) {
  std::string text;
  for (const CommandEntry& command : table) {
    for (const auto& option : command.options) {
      if (option.values.empty() || option.names.empty()) continue;
      std::vector<std::string> heads;
      for (const auto& name : option.names) heads.push_back(in_quotes(command.path + ":" + name));
      text += fmt::format("    {}) words={} ;;\n", fmt::join(heads, "|"),
                          in_quotes(fmt::format("{}", fmt::join(option.values, " "))));
    }
  }
  return text;
}

std::string word_cases(const Table& table) {
  std::string text;
  for (const CommandEntry& command : table)
    text += fmt::format("    {}) words={} ;;\n", in_quotes(command.path),
                        in_quotes(fmt::format("{}", fmt::join(words_after(command, table), " "))));
  return text;
}

std::string bash(const Table& table) {
  return fmt::format(
      "# bash completion for sparrow; written by `sparrow completion bash`.\n"
      "_sparrow() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n"
      "  local command='' words='' at\n"
      "  for ((at = 1; at < COMP_CWORD; ++at)); do\n"
      "    case \"$command:${{COMP_WORDS[at]}}\" in\n{}    esac\n"
      "  done\n"
      "  case \"$command:$before\" in\n{}  esac\n"
      "  [ -n \"$words\" ] || case \"$command\" in\n{}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "complete -o default -F _sparrow sparrow\n",
      path_cases(table), value_cases(table), word_cases(table));
}

std::string zsh(const Table& table) {
  return fmt::format(
      "#compdef sparrow\n"
      "# zsh completion for sparrow; written by `sparrow completion zsh`.\n"
      "_sparrow_words() {{\n"
      "  local command='' words='' before=\"$1\" word\n"
      "  shift\n"
      "  for word in \"$@\"; do\n"
      "    case \"$command:$word\" in\n{}    esac\n"
      "  done\n"
      "  case \"$command:$before\" in\n{}  esac\n"
      "  [ -n \"$words\" ] || case \"$command\" in\n{}  esac\n"
      "  print -r -- $words\n"
      "}}\n"
      "_sparrow() {{\n"
      "  compadd -- ${{=$(_sparrow_words \"${{words[CURRENT-1]}}\" "
      "\"${{(@)words[2,CURRENT-1]}}\")}}\n"
      "  _files\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _sparrow ]; then _sparrow \"$@\"; else (( $+functions[compdef] )) "
      "&& "
      "compdef _sparrow sparrow; fi\n",
      path_cases(table), value_cases(table), word_cases(table));
}

std::string fish_condition(const CommandEntry& command) {
  if (command.path.empty()) return "";
  const auto space = command.path.find(' ');
  std::string text = "__fish_seen_subcommand_from " + command.path.substr(0, space);
  if (space != std::string::npos)
    text += "; and __fish_seen_subcommand_from " + command.path.substr(space + 1);
  return " -n " + in_quotes(text);
}

std::string fish(const Table& table) {
  std::string text = "# fish completion for sparrow; written by `sparrow completion fish`.\n";
  for (const CommandEntry& command : table) {
    const auto space = command.path.rfind(' ');
    if (!command.path.empty()) {
      const std::string parent = space == std::string::npos ? std::string("__fish_use_subcommand")
                                                            : "__fish_seen_subcommand_from " +
                                                                  command.path.substr(0, space);
      text +=
          fmt::format("complete -c sparrow -n {} -a {} -d {}\n", in_quotes(parent),
                      in_quotes(command.path.substr(space == std::string::npos ? 0 : space + 1)),
                      in_quotes(command.summary));
    }
    for (const auto& option : command.options) {
      if (option.names.empty()) continue;
      std::string line = "complete -c sparrow" + fish_condition(command);
      for (const auto& name : option.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.takes_value) line += " -r";
      if (!option.values.empty())
        line += " -a " + in_quotes(fmt::format("{}", fmt::join(option.values, " ")));
      text += line + " -d " + in_quotes(option.description) + "\n";
    }
  }
  return text;
}

}  // namespace

Command add_completion(CLI::App& sub) {
  auto shell = std::make_shared<std::string>();
  sub.add_option("shell", *shell, "Whose words they are")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell](const Context& context) -> Result<void> {
    const Table table = command_table(*context.app);
    fmt::print("{}", *shell == "bash" ? bash(table) : *shell == "zsh" ? zsh(table) : fish(table));
    return {};
  };
}

}  // namespace sparrow::app
