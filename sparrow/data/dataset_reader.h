// Reads data sets into a Dataset: MovieLens of all ages, or any log and catalogue, in whatever
// dialect and with whatever names of columns; what was assumed is kept in DatasetInfo. The one
// function that matters is read_dataset().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/column_mapping.h"
#include "sparrow/data/dataset.h"
#include "sparrow/data/dialect.h"
#include "sparrow/data/interaction_log.h"
#include "sparrow/data/log_layout.h"

namespace sparrow::data {

// How the log of interactions is read: by read_log() and read_log_items(), by the reference of the
// tests, or by a cluster. All give the same.
struct LogReader {
  std::function<Result<LogContent>(const LogFile&, const IdTable& items, const RunControl&)> read =
      read_log;
  std::function<Result<LogItems>(const LogFile&, std::optional<std::size_t> title_column)>
      read_items = read_log_items;
};

struct ReadOptions {
  std::filesystem::path directory;  // a folder, one file, or a .zip
  std::filesystem::path items;      // one by one: they win over what `directory` holds
  std::filesystem::path interactions;
  // Role -> column name; wins over every guess. Log: user, item, value, time, event. Catalogue: id,
  // title, year, genres, tags, directors, actors, keywords, countries, text, imdb_id, tmdb_id,
  // authors.
  GivenColumns columns;
  DialectOverride dialect;
  IdForm id_form = IdForm::kAsWritten;
  std::map<std::string, float> event_weights;  // by the folded name; empty: the usual ones
  std::string scale;                           // empty: told by the values
  std::optional<float> min_value;              // what is liked; empty: told by the scale
  // Largest share of rejected lines in any one file before reading fails.
  double max_rejects = 0.01;
  // Least share of the log's rows whose item is in the catalogue.
  double min_joined = 0.5;
  // Where rejected rows are written (TSV: file, line, reason); empty: not written.
  std::filesystem::path rejects_file;
  std::size_t threads = 0;  // 0: one per core
  // Memory for the interactions; a longer log goes through files in `scratch` (a folder, which the
  // caller removes after save_dataset()). 0: no limit. Items and ids of users come on top.
  std::uint64_t memory_bytes = 0;
  std::filesystem::path scratch;
  LogReader log_reader;
};

// Errors: kNotFound when no data are there (says what was looked for), kInvalidInput naming file,
// line, column and cause when too much is rejected, a column cannot be told, the log does not join
// with the catalogue, or nothing is liked.
Result<Dataset> read_dataset(const ReadOptions& options, const RunControl& control);

// Only the catalogue. Any rejected row is an error.
Result<Catalog> read_catalog(const std::filesystem::path& items_csv);

}  // namespace sparrow::data
