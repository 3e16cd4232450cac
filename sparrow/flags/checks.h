// What every set of flags is checked by, and what was perhaps meant by a flag that there is not.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace sparrow::flags {

// Accepts numbers from low to high. CLI::Range writes limits with six digits behind the point,
// CLI::PositiveNumber the largest there is.
CLI::Validator number_from(double low, double high);

// A count is no negative number, which the library would read as a huge one, and no number is "nan"
// or "inf". Asked of every option of `app` and its subcommands, so that none can be forgotten.
void check_numbers(CLI::App& app);

// Levenshtein's distance. O(a * b).
std::size_t edit_distance(std::string_view a, std::string_view b);

// `Did you mean "--dim" instead of "--dimm"?` for each of `arguments` that is no option of `apps`.
std::vector<std::string> suggestions(const std::vector<const CLI::App*>& apps,
                                     std::span<const std::string> arguments);

}  // namespace sparrow::flags
