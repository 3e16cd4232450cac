// read_log(): a log of interactions, plain or compressed, grouped or not, into Interactions, by all
// threads. read_log_reference() is its slow twin: one record at a time, and the tests' oracle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/log_layout.h"
#include "sparrow/data/table_file.h"

namespace sparrow::data {

// One file of a log, with its own dialect and order of columns.
struct LogPart {
  std::filesystem::path path;  // .gz, .zst and .bz2 are unpacked
  LogLayout layout;
  RecordFilter filter;               // JSON only
  std::vector<std::string> columns;  // JSON only: what the layout's positions count
};

struct LogFile {
  std::vector<LogPart> parts;          // read one after the other
  std::size_t threads = 0;             // 0: one per core
  std::size_t piece_bytes = 1U << 20;  // what a thread takes at once
  // Events beyond so many bytes go through files in `scratch`; 0: no limit. Ids stay in memory.
  std::uint64_t memory_bytes = 0;
  std::filesystem::path scratch;
};

struct LogContent {
  static constexpr std::size_t kMostKept = 100'000;

  void reject(Reject reject) {
    ++reject_count;
    if (rejects.size() < kMostKept) rejects.push_back(std::move(reject));
  }

  Interactions interactions;
  std::filesystem::path file;  // what they are mapped from, in LogFile::scratch; empty: memory
  std::vector<std::string> users;
  std::vector<Reject> rejects;  // the first kMostKept; reject_count counts all
  std::uint64_t reject_count = 0;
  std::uint64_t rows = 0;   // records, used or not
  std::uint64_t lines = 0;  // of the files, headers included
  std::uint64_t unknown_items = 0;
  std::uint64_t duplicates = 0;
};

// The same for any number of threads and any memory; logs of JSON are read by the reference.
// Errors: those of the files; kUnavailable when cancelled.
Result<LogContent> read_log(const LogFile& file, const IdTable& items, const RunControl& control);
Result<LogContent> read_log_reference(const LogFile& file, const IdTable& items);

// The items of a log in order of first appearance, with their titles where a column has them (by
// position; empty: none). For logs without a catalogue.
struct LogItems {
  IdTable ids;
  std::vector<std::string> titles;
};
Result<LogItems> read_log_items(const LogFile& file, std::optional<std::size_t> title_column);

}  // namespace sparrow::data
