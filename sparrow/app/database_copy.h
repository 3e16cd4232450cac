// A copy of a SQLite database that others may be writing to.
#pragma once

#include <filesystem>

#include "sparrow/core/result.h"

namespace sparrow::app {

// Writes what `from` holds at one moment to the new file `to`, what stands in its write-ahead log
// included. The bytes of the files would not do: they change one after the other. Writers go on
// where there is a write-ahead log and wait otherwise. Errors: kNotFound when `from` is not there,
// kCorrupt when it is no sound database, kExhausted when the disk is full. O(size).
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

// Whether the file of this name is one, and whether it belongs to one and is in the copy.
bool is_database(const std::filesystem::path& file);
bool is_beside_database(const std::filesystem::path& file);

}  // namespace sparrow::app
