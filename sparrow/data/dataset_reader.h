// Reads a data set folder into a Dataset: MovieLens CSV (latest, 20M, 25M, 32M), MovieLens .dat
// (1M, 10M), or any catalogue as items.csv + interactions.csv with named columns; logs plain, .gz
// or .zst. The one function that matters is read_dataset().
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"

namespace sparrow::data {

// How the log of interactions is read; both give the same. The reference is for tests.
enum class LogPath { kFast, kReference };

struct ReadOptions {
  std::filesystem::path directory;
  // Role -> column name, for generic data: user, item, value, time (interactions.csv); id, title,
  // year, genres, tags, directors, actors, keywords, countries, text (items.csv). Unset roles go by
  // those names.
  std::map<std::string, std::string> columns;
  // Largest share of rejected rows in any one file before reading fails.
  double max_rejects = 0.01;
  // Where rejected rows are written (TSV: file, line, reason); empty: not written.
  std::filesystem::path rejects_file;
  std::size_t threads = 0;  // 0: one per core
  // Memory for the interactions; a longer log goes through files in `scratch` (a folder, which the
  // caller removes after save_dataset()). 0: no limit. Items and ids of users come on top.
  std::uint64_t memory_bytes = 0;
  std::filesystem::path scratch;
  LogPath log_path = LogPath::kFast;
};

// Errors: kNotFound when no known files are there (says which were looked for), kInvalidInput
// naming file, line, column and cause when too much is rejected or a header lacks a column.
Result<Dataset> read_dataset(const ReadOptions& options, const RunControl& control);

// Only the catalogue: items.csv with named columns. Any rejected row is an error.
Result<Catalog> read_catalog(const std::filesystem::path& items_csv);

}  // namespace sparrow::data
