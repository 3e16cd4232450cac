// A home in one file: a tar archive, compressed by zstd, that ends with a list of all files and
// their checksums (docs/formats.md). Written while the home is served; read back and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sparrow/app/command.h"

namespace sparrow::app {

struct BackupFile {
  std::string path;  // below the home
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Backup {
  std::vector<BackupFile> files;  // ordered by path
  std::uint64_t bytes = 0;        // of all files
  std::string written_by;         // version of Sparrow
  std::string created;            // UTC
  int home_format = 0;
};

// Writes `file` as a whole or not at all. What was acknowledged before it began is in it. Waits at
// most 10 s for a process that writes the store; while the store is copied, such processes wait.
// Errors: kNotFound without a home, kUnavailable, kExhausted.
Result<Backup> write_backup(const Home& home, const std::filesystem::path& file);

// Reads all of it and compares every checksum. Error kCorrupt saying which file.
Result<Backup> check_backup(const std::filesystem::path& file);

// The home must not be there or be empty, and no server may run in it. Nothing is put in place
// before all of it is checked. Errors: kConflict, kCorrupt, kInvalidInput for a newer home.
Result<Backup> restore_backup(const std::filesystem::path& file, const Home& home);

}  // namespace sparrow::app
