// EventColumns: interactions in the order of a log -> Interactions grouped by user, ordered by
// time. A log that is in that order already is taken over without a copy; one that exceeds the
// memory goes through temporary files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sparrow/data/dataset.h"
#include "sparrow/data/event_spill.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/log_scanner.h"

namespace sparrow::data {

class EventColumns {
 public:
  // What one event takes here at most (its columns, a run, its place while users are grouped: 40
  // bytes), and a share of what is beside them.
  static constexpr std::size_t kEventBytes = 56;

  // memory_bytes: events beyond it are kept in files in `scratch`; 0: all stay in memory.
  EventColumns(std::uint64_t memory_bytes, const std::filesystem::path& scratch)
      : capacity_(memory_bytes / kEventBytes), spill_(scratch, memory_bytes / 8) {}

  // A hint: memory is taken once.
  void reserve(std::size_t events);
  // Appends a chunk; users are numbered in order of first appearance. Errors: those of the files.
  Result<void> append(const LogChunk& chunk);
  bool empty() const { return items_.empty() && spill_.empty(); }

  // Moves everything out. items: of the catalogue. `duplicates` counts items that a user has again.
  // The result does not depend on `threads` nor on the memory, but it is a mapped file in `scratch`
  // when events went through files. cost: O(events); memory: 16 bytes an event more unless grouped
  // by user. Errors: those of the files.
  Result<Interactions> build(std::vector<std::string>& users, std::uint64_t& duplicates,
                             std::size_t items, std::size_t threads);

  // Whether the result is that file.
  bool merged() const { return !spill_.empty(); }
  std::filesystem::path merged_file() const { return spill_.merged_file(); }

 private:
  struct Run {
    std::uint32_t user;
    std::uint32_t count;
  };
  std::unique_ptr<Event[]> group(const std::vector<std::uint64_t>& offsets,
                                 std::size_t threads) const;
  std::uint64_t order(const std::vector<std::uint64_t>& offsets, const Event* grouped,
                      std::size_t threads);
  Result<void> spill();

  std::vector<Row> items_;
  std::vector<float> values_;
  std::vector<std::int64_t> times_;
  std::vector<Run> runs_;
  std::vector<std::uint64_t> counts_;  // per user
  IdTable users_;
  bool grouped_ = true;
  std::size_t capacity_ = 0;  // events; 0: no limit
  EventSpill spill_;
};

}  // namespace sparrow::data
