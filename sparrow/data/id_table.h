// IdTable: ids -> dense numbers in order of arrival. Small whole numbers are found in a table, all
// other ids by open addressing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/row.h"

namespace sparrow::data {

class IdTable {
 public:
  // Numbers below this, written without leading zeros, are looked up in a table.
  static constexpr std::uint32_t kSmallNumbers = 1U << 22;

  // `id` as such a number.
  static std::optional<std::uint32_t> small_number(std::string_view id);

  // kNoRow when unknown. Safe from many threads while nobody adds.
  std::uint32_t find(std::string_view id) const;
  std::uint32_t find_number(std::uint32_t number) const {
    return number < dense_.size() ? dense_[number] - 1 : kNoRow;
  }

  // The number of `id`, a new one when it was not there.
  std::uint32_t add(std::string_view id);
  std::uint32_t add_number(std::uint32_t number);

  std::size_t size() const { return ids_.size(); }
  const std::string& operator[](std::uint32_t number) const { return ids_[number]; }
  // Moves the ids out, in order; the table is empty afterwards.
  std::vector<std::string> take_ids();

 private:
  struct Slot {
    std::uint32_t tag = 0;    // upper half of the hash
    std::uint32_t entry = 0;  // number + 1; 0: free
  };
  std::size_t slot_of(std::string_view id, std::uint64_t hash) const;
  void grow();

  std::vector<std::string> ids_;
  std::vector<std::uint32_t> dense_;  // number + 1; 0: unknown, so that - 1 gives kNoRow
  std::vector<Slot> slots_;           // a power of two, at most half full
  std::size_t used_ = 0;
};

}  // namespace sparrow::data
