// The home as a whole: its format, who serves it, what killed processes left in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sparrow/app/command.h"
#include "sparrow/core/file.h"

namespace sparrow::app {

// Format of the home; HOME/home.json says it (docs/formats.md). Homes of 0.2 have no such file.
inline constexpr int kHomeFormat = 1;

// Error kInvalidInput when a newer Sparrow wrote the home.
Result<void> check_home(const Home& home);
// Notes format and version, where no home.json is.
Result<void> mark_home(const Home& home);

// Only one process serves a home: two would lose each other's entries. A home that cannot be
// written needs no lock; `notice` then says so. Error kConflict naming the process.
Result<std::optional<FileLock>> lock_home(const Home& home, std::string& notice);

// Temporary files and folders of processes that are no more; also puts the prepared data back that
// a killed `prepare` had moved aside. Returns what was removed.
std::vector<std::filesystem::path> remove_leftovers(const Home& home);
// The same, without removing.
std::vector<std::filesystem::path> find_leftovers(const Home& home);

}  // namespace sparrow::app
