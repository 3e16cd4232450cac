// SourceFiles: which of the files that people give are the log and which the catalogue, told by
// their names and columns. Folders, single files, folders of parts and .zip archives.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/column_mapping.h"
#include "sparrow/data/table_file.h"

namespace sparrow::data {

struct SourceQuery {
  std::filesystem::path data;   // a folder, one file, or a .zip; may be empty
  std::filesystem::path items;  // given one by one: they win over what `data` holds
  std::filesystem::path interactions;
  GivenColumns columns;
  DialectOverride dialect;
  std::filesystem::path scratch;  // archives are unpacked there
};

struct SourceFiles {
  std::string format;               // movielens-csv, movielens-dat, movielens-100k, generic
  std::filesystem::path directory;  // of the further files of MovieLens; empty: none
  std::vector<TableFile> log;       // parts, in order of their names; empty: a catalogue alone
  std::vector<TableFile> items;     // empty: a log alone
  std::vector<std::string> notes;   // files that are not used, and why
};

// Errors: kNotFound with what was looked for, kInvalidInput with what the files hold.
Result<SourceFiles> find_source_files(const SourceQuery& query);

}  // namespace sparrow::data
