// embed-text: the tokens and the vector of each line of a file, as training sees texts.

#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/embed/text_table.h"

namespace sparrow::app {
namespace {

struct Arguments {
  std::string file;
  std::string table;
};

// A line is a JSON string, so that a text may have line ends, or the text itself.
std::string text_of_line(const std::string& line) {
  if (!line.starts_with('"')) return line;
  const auto quoted = nlohmann::json::parse(line, nullptr, false);
  return quoted.is_string() ? quoted.get<std::string>() : line;
}

Result<void> run(const Context& context, const Arguments& arguments) {
  const std::filesystem::path folder =
      arguments.table.empty() ? context.paths().text() : std::filesystem::path(arguments.table);
  const auto table = embed::TextTable::open(folder);
  if (!table) return table.error();
  std::ifstream file;
  if (arguments.file != "-") {
    file.open(arguments.file);
    if (!file)
      return Error{
          ErrorCode::kNotFound,
          fmt::format("{}: cannot be read: which file has the texts, one a line?", arguments.file)};
  }
  std::istream& in = arguments.file == "-" ? std::cin : file;
  std::vector<float> vector(table->dim());
  for (std::string line; std::getline(in, line);) {
    const std::string text = text_of_line(line);
    table->embed(text, vector);
    std::cout << nlohmann::json{{"tokens", table->tokenize(text)}, {"vector", vector}}.dump()
              << '\n';
  }
  return {};
}

}  // namespace

Command add_embed_text(CLI::App& sub) {
  auto arguments = std::make_shared<Arguments>();
  sub.add_option("file", arguments->file,
                 "Texts, one a line, as they are or as JSON strings; - reads the standard input")
      ->required();
  sub.add_option("--text-table", arguments->table, "Folder of the table; default: HOME/text");
  return [arguments](const Context& context) { return run(context, *arguments); };
}

}  // namespace sparrow::app
