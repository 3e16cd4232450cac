// Allowed: whether an item may be shown. Most conditions are bytes in a row's place or a short list
// of rows, so that asking costs a few loads; what is neither goes into a function.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sparrow/core/row.h"

namespace sparrow::recall {

class Allowed {
 public:
  // One byte a catalogue row: other than 0 may be shown only, or not at all. Must outlive this.
  void only(std::span<const std::uint8_t> marks) { masks_.push_back({marks.data(), true}); }
  void none_of(std::span<const std::uint8_t> marks) {
    if (!marks.empty()) masks_.push_back({marks.data(), false});
  }
  void without(std::vector<Row> rows) {
    excluded_ = std::move(rows);
    std::sort(excluded_.begin(), excluded_.end());
    for (const Row row : excluded_) bits_ |= bit(row);
  }
  void also(std::function<bool(Row)> rest) { rest_ = std::move(rest); }

  bool operator()(Row row) const {
    for (const Mask& mask : masks_) {
      if ((mask.marks[row] != 0) != mask.shown) return false;
    }
    return !excludes(row) && (!rest_ || rest_(row));
  }
  bool excludes(Row row) const {
    return (bits_ & bit(row)) != 0 && std::binary_search(excluded_.begin(), excluded_.end(), row);
  }

 private:
  struct Mask {
    const std::uint8_t* marks;
    bool shown;
  };
  static std::uint64_t bit(Row row) { return std::uint64_t{1} << (row % 64); }

  std::vector<Mask> masks_;
  std::vector<Row> excluded_;  // sorted
  std::uint64_t bits_ = 0;     // of excluded_: tells most rows at once
  std::function<bool(Row)> rest_;
};

}  // namespace sparrow::recall
