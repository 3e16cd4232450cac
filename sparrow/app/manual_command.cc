// manual: the manual pages, written from the table of subcommands in man(7)'s format.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/app/build_info.h"
#include "sparrow/app/command.h"
#include "sparrow/app/command_table.h"
#include "sparrow/core/file.h"

namespace sparrow::app {
namespace {

// Text as man(7) wants it: a minus is no hyphen, a backslash and a leading dot mean themselves.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string option_text(const OptionEntry& option) {
  std::string head = option.names.empty() ? option.positional : "";
  for (const auto& name : option.names) head += (head.empty() ? "" : ", ") + name;
  if (option.takes_value && !option.names.empty()) head += " VALUE";
  std::string text = fmt::format(".TP\n.B {}\n{}.\n", escaped(head), escaped(option.description));
  if (!option.values.empty())
    text += fmt::format("One of {}.\n", escaped(fmt::format("{}", fmt::join(option.values, ", "))));
  if (!option.default_value.empty())
    text += fmt::format("Default: {}.\n", escaped(option.default_value));
  if (!option.environment.empty())
    text += fmt::format("Environment: {}.\n", escaped(option.environment));
  if (option.required) text += "Required.\n";
  return text;
}

std::string page_name(const std::string& path) {
  std::string name = path.empty() ? "sparrow" : "sparrow-" + path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string heading(const CommandEntry& command) {
  std::string upper = page_name(command.path);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string first =
      command.path.empty() ? "related items: what is like this?" : command.summary;
  return fmt::format(".TH {} 1 \"\" \"{}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
                     escaped(upper), escaped(version_text()), escaped(page_name(command.path)),
                     escaped(first));
}

std::string synopsis(const CommandEntry& command) {
  std::string line = command.path.empty() ? "sparrow" : "sparrow " + command.path;
  std::string rest = command.options.empty() ? "" : " [\\fIoptions\\fR]";
  if (!command.children.empty()) rest += " \\fIcommand\\fR";
  for (const auto& option : command.options) {
    if (option.names.empty())
      rest += option.required ? fmt::format(" \\fI{}\\fR", escaped(option.positional))
                              : fmt::format(" [\\fI{}\\fR]", escaped(option.positional));
  }
  return fmt::format(".SH SYNOPSIS\n\\fB{}\\fR{}\n.SH DESCRIPTION\n{}\n", escaped(line), rest,
                     escaped(command.summary));
}

constexpr const char* kEnd =
    ".SH EXIT STATUS\n"
    "0: done. 1: unexpected failure. 2: the request, a file or an option is wrong. 3: what was "
    "named is not there.\n4: something changed meanwhile. 5: try again later. 6: data are damaged. "
    "7: disk, memory or a limit is used up.\n8: `loop` stopped at its gate.\n130: interrupted.\n";

constexpr const char* kFiles =
    ".SH FILES\n.TP\n.I /etc/sparrow/sparrow.toml\nConfiguration of the packaged server; any file "
    "can be named by \\fB\\-\\-config\\fR.\n.TP\n.I /var/lib/sparrow\nHome of the packaged "
    "server.\n.TP\n.I .sparrow\nHome where neither \\fB\\-\\-home\\fR nor SPARROW_HOME is "
    "given.\n";

std::string page_of(const CommandEntry& command, const std::vector<CommandEntry>& table) {
  std::string page = heading(command) + synopsis(command);
  const std::string prefix = command.path.empty() ? "" : command.path + " ";
  if (!command.children.empty()) page += ".SH COMMANDS\n";
  for (const CommandEntry& other : table) {
    const bool below = !other.path.empty() && other.path.starts_with(prefix) &&
                       other.path.find(' ', prefix.size()) == std::string::npos &&
                       other.path.size() > prefix.size();
    if (below)
      page += fmt::format(".TP\n.B {}\n{}.\n", escaped(other.path), escaped(other.summary));
  }
  if (!command.options.empty()) page += ".SH OPTIONS\n";
  for (const OptionEntry& option : command.options) page += option_text(option);
  page += kEnd;
  if (command.path.empty())
    page += kFiles;
  else
    page += ".SH SEE ALSO\n\\fBsparrow\\fR(1) has the options of all commands.\n";
  return page;
}

Result<void> write_all(const std::vector<CommandEntry>& table, const std::string& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  for (const CommandEntry& command : table) {
    const auto file = std::filesystem::path(folder) / (page_name(command.path) + ".1");
    if (auto written = write_file_atomically(file, page_of(command, table)); !written)
      return written;
  }
  return {};
}

}  // namespace

Command add_manual(CLI::App& sub) {
  struct Arguments {
    std::vector<std::string> command;
    std::string out;
  };
  auto o = std::make_shared<Arguments>();
  sub.add_option("command", o->command, "Subcommand whose page is wanted; none: the program's");
  sub.add_option("--out", o->out, "Folder for all pages, instead of one on stdout");
  return [o](const Context& context) -> Result<void> {
    const auto table = command_table(*context.app);
    if (!o->out.empty()) return write_all(table, o->out);
    const std::string path = fmt::format("{}", fmt::join(o->command, " "));
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const CommandEntry& c) { return c.path == path; });
    if (found == table.end())
      return Error{ErrorCode::kNotFound, fmt::format("there is no subcommand \"{}\"; `sparrow "
                                                     "--help` lists them",
                                                     path)};
    fmt::print("{}", page_of(*found, table));
    return {};
  };
}

}  // namespace sparrow::app
