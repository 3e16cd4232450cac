#include "sparrow/data/id_table.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "sparrow/core/random.h"

namespace sparrow::data {
namespace {

std::uint64_t hash_id(std::string_view id) {
  std::uint64_t state = id.size();
  std::uint64_t hash = 0;
  while (!id.empty()) {
    std::uint64_t word = 0;
    const std::size_t bytes = std::min<std::size_t>(8, id.size());
    std::memcpy(&word, id.data(), bytes);
    id.remove_prefix(bytes);
    state ^= word ^ hash;
    hash = splitmix64(state);
  }
  return hash;
}

}  // namespace

std::optional<std::uint32_t> IdTable::small_number(std::string_view id) {
  constexpr std::size_t kDigits = 7;
  if (id.empty() || id.size() > kDigits || (id.size() > 1 && id.front() == '0'))
    return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number < kSmallNumbers ? std::optional(number) : std::nullopt;
}

std::size_t IdTable::slot_of(std::string_view id, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & mask;
  while (slots_[at].entry != 0 && (slots_[at].tag != tag || ids_[slots_[at].entry - 1] != id))
    at = (at + 1) & mask;
  return at;
}

std::uint32_t IdTable::find(std::string_view id) const {
  if (const auto number = small_number(id)) return find_number(*number);
  if (slots_.empty()) return kNoRow;
  return slots_[slot_of(id, hash_id(id))].entry - 1;
}

std::uint32_t IdTable::add(std::string_view id) {
  if (const auto number = small_number(id)) return add_number(*number);
  if (used_ * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_id(id);
  Slot& slot = slots_[slot_of(id, hash)];
  if (slot.entry == 0) {
    ids_.emplace_back(id);
    slot = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(ids_.size())};
    ++used_;
  }
  return slot.entry - 1;
}

std::uint32_t IdTable::add_number(std::uint32_t number) {
  if (number >= dense_.size()) {
    dense_.resize(std::max<std::size_t>(std::size_t{number} + 1, dense_.size() * 2), 0);
  }
  if (dense_[number] == 0) {
    ids_.push_back(std::to_string(number));
    dense_[number] = static_cast<std::uint32_t>(ids_.size());
  }
  return dense_[number] - 1;
}

void IdTable::grow() {
  std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.entry == 0) continue;
    const std::string& id = ids_[slot.entry - 1];
    slots_[slot_of(id, hash_id(id))] = slot;
  }
}

std::vector<std::string> IdTable::take_ids() {
  dense_.clear();
  slots_.clear();
  used_ = 0;
  return std::exchange(ids_, {});
}

}  // namespace sparrow::data
