#include "sparrow/flags/checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace sparrow::flags {

CLI::Validator number_from(double low, double high) {
  return {[low, high](const std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value >= low && value <= high
                       ? std::string()
                       : fmt::format("Value {} not in range {} to {}", text, low, high);
          },
          fmt::format("FLOAT in [{} - {}]", low, high)};
}

void check_numbers(CLI::App& app) {
  const CLI::Validator sane(
      [](std::string& text) {
        double value = 0;
        if (!CLI::detail::lexical_cast(text, value)) return std::string();  // said elsewhere
        return std::isfinite(value) ? std::string()
                                    : fmt::format("{} is not a number to use", text);
      },
      "");
  const CLI::Validator whole(
      [](std::string& text) {
        return text.find('-') == std::string::npos ? std::string()
                                                   : fmt::format("{} is below 0", text);
      },
      "");
  for (CLI::Option* option : app.get_options()) {
    if (option->get_type_name().starts_with("UINT")) option->check(whole);
    if (option->get_type_name().starts_with("FLOAT")) option->check(sane);
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) check_numbers(*sub);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::vector<std::string> suggestions(const std::vector<const CLI::App*>& apps,
                                     std::span<const std::string> arguments) {
  std::vector<std::string> names;
  for (const CLI::App* known : apps) {
    for (const CLI::Option* option : known->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  std::vector<std::string> lines;
  for (const auto& argument : arguments) {
    const std::string word = argument.substr(0, argument.find('='));
    if (!word.starts_with("--") || std::find(names.begin(), names.end(), word) != names.end())
      continue;
    const auto nearest = std::min_element(names.begin(), names.end(), [&](auto& x, auto& y) {
      return edit_distance(word, x) < edit_distance(word, y);
    });
    if (edit_distance(word, *nearest) <= 3)
      lines.push_back(fmt::format("Did you mean \"{}\" instead of \"{}\"?", *nearest, word));
  }
  return lines;
}

}  // namespace sparrow::flags
