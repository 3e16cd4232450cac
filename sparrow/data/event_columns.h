// EventColumns: interactions in the order of a log -> Interactions grouped by user, ordered by
// time. A log that is in that order already is taken over without a copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/data/dataset.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/log_scanner.h"

namespace sparrow::data {

class EventColumns {
 public:
  // A hint: memory is taken once.
  void reserve(std::size_t events);
  // Appends a chunk; users are numbered in order of first appearance.
  void append(const LogChunk& chunk);
  std::size_t size() const { return items_.size(); }

  // Moves everything out. `duplicates` counts items that a user has again. The result does not
  // depend on `threads`. cost: O(events); memory: 16 bytes an event more unless grouped by user.
  Interactions build(std::vector<std::string>& users, std::uint64_t& duplicates,
                     std::size_t threads);

 private:
  struct Run {
    std::uint32_t user;
    std::uint32_t count;
  };
  void scatter(Interactions& result, std::size_t threads);

  std::vector<Row> items_;
  std::vector<float> values_;
  std::vector<std::int64_t> times_;
  std::vector<Run> runs_;
  std::vector<std::uint64_t> counts_;  // per user
  IdTable users_;
  bool grouped_ = true;
};

}  // namespace sparrow::data
