// read_log(): a log of interactions, plain or compressed, grouped or not, into Interactions, by all
// threads. read_log_reference() is its slow twin: one record at a time, and the tests' oracle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/log_layout.h"

namespace sparrow::data {

struct LogFile {
  std::filesystem::path path;  // .gz and .zst are unpacked
  // Takes the first record of a CSV log to find the columns; not called for .dat.
  std::function<Result<LogLayout>(const Fields&)> header;
  std::size_t threads = 0;             // 0: one per core
  std::size_t piece_bytes = 1U << 20;  // what a thread takes at once
  // Events beyond so many bytes go through files in `scratch`; 0: no limit. Ids stay in memory.
  std::uint64_t memory_bytes = 0;
  std::filesystem::path scratch;
};

struct LogContent {
  Interactions interactions;
  std::filesystem::path file;  // what they are mapped from, in LogFile::scratch; empty: memory
  std::vector<std::string> users;
  std::vector<Reject> rejects;
  std::uint64_t rows = 0;  // records, used or not
  std::uint64_t unknown_items = 0;
  std::uint64_t duplicates = 0;
};

// The same for any number of threads and any memory. Errors: those of the files and the header;
// kUnavailable when cancelled.
Result<LogContent> read_log(const LogFile& file, const IdTable& items, const RunControl& control);
Result<LogContent> read_log_reference(const LogFile& file, const IdTable& items);

}  // namespace sparrow::data
