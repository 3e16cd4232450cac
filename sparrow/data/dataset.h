// Dataset: a catalogue and the interactions with it, validated, ids interned, ordered by time.
// save_dataset() and load_dataset() keep it in a folder ("prepared data"); docs/formats.md has the
// bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/data/column.h"
#include "sparrow/data/value_scale.h"

namespace sparrow::data {

// All interactions, grouped by user; inside a user ordered by numeric time, equal times in input
// order.
struct Interactions {
  Column<std::uint64_t> offsets{0};  // users + 1; user u owns [offsets[u], offsets[u + 1])
  Column<Row> items;
  Column<float> values;        // rating, or 1 where the source has none
  Column<std::int64_t> times;  // Unix seconds, UTC

  std::size_t users() const { return offsets.size() - 1; }
  std::size_t size() const { return items.size(); }
  bool operator==(const Interactions&) const = default;
};

// What was found in one file that was read.
struct SourceFile {
  std::string name;
  std::string kind;     // "log", "catalogue", "tags", ...
  std::string dialect;  // dialect_text()
  std::uint64_t rows = 0;
  std::uint64_t rejected_lines = 0;
  std::vector<std::pair<std::string, std::string>> columns;  // name and role; empty role: not used
};

// How the data came to be; shown by `prepare`, kept with the data and in every model's manifest.
struct DatasetInfo {
  std::string name;        // "ml-latest-small", or the folder's name
  std::string source;      // the path that was read
  std::string format;      // "movielens-csv", "movielens-dat", "movielens-100k", "generic"
  bool simulated = false;  // viewers are made up: every page says so
  std::uint64_t items = 0;
  std::uint64_t users = 0;
  std::uint64_t interactions = 0;
  std::uint64_t tag_rows = 0;
  std::uint64_t duplicate_interactions = 0;  // same user and item again: both kept
  std::uint64_t unknown_item_rows =
      0;  // interactions or tags with an item that the catalogue lacks: left out
  std::uint64_t rejects = 0;  // all rejected rows, listed in rejects.tsv
  std::string hash;           // SHA-256 over catalogue and interactions: equal data, equal hash
  // What the values mean, and where *liked* begins: decided here, read by everybody.
  ValueScale scale;
  bool ordered = true;               // false: the log has no times, sequences are in its order
  std::uint64_t log_rows = 0;        // records of the log, used or not
  double joined = 1;                 // share of them whose item is in the catalogue
  std::uint64_t dropped_values = 0;  // optional fields of items that say nothing
  std::uint64_t cleaned_titles = 0;  // HTML entities and control characters taken out
  std::vector<SourceFile> files;
  std::vector<std::string> notes;  // what was assumed, and why
};

struct Dataset {
  Catalog catalog;
  std::vector<std::string> users;  // user number -> id
  Interactions interactions;
  DatasetInfo info;
  // Where the interactions are a temporary file that is mapped: save_dataset() moves it.
  std::filesystem::path interactions_file;
  std::map<std::string, std::string> checksums;  // by seal_dataset(): file's name -> SHA-256
};

// Computes the checksums of the files and info.hash: SHA-256 over ids, catalogue facts and
// interactions, in a canonical order. For data that change no more. Errors: those of a mapped file.
Result<void> seal_dataset(Dataset& dataset);

// Writes `directory` (created; replaced atomically if it is there). The data set is sealed.
Result<void> save_dataset(const Dataset& dataset, const std::filesystem::path& directory);

// Interactions stay in their file, which is mapped: the system may take their memory back.
// Errors: kNotFound (with what to run first), kCorrupt naming file and what is wrong.
Result<Dataset> load_dataset(const std::filesystem::path& directory);

// The catalogue, and what is known of the data; no users and no interactions. For those who have
// the log elsewhere. Errors: those of load_dataset().
Result<Dataset> load_catalog(const std::filesystem::path& directory);

// Changes where *liked* begins in the prepared data of a folder; nothing else. Errors: those of
// load_dataset() and of writing.
Result<void> save_liked(const std::filesystem::path& directory, float liked);

}  // namespace sparrow::data
