// Kernel of ordering a list (rank/list_order.h): how alike one item and many look on a shelf, and
// what each of the many is worth after that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sparrow::simd {

// An item as it stands on a shelf.
struct ShelfPlace {
  std::uint64_t genres = 0;  // a bit each
  std::uint32_t series = 0;  // 0: none
  std::int32_t year = 0;     // 0: unknown
};

// The same of n items and what they are worth, an array each. Arrays have room for the next
// multiple of kShelfLanes.
inline constexpr std::size_t kShelfLanes = 16;
struct ShelfColumns {
  std::size_t n = 0;
  const std::uint32_t* genres_low = nullptr;
  const std::uint32_t* genres_high = nullptr;  // null: no item has any of the upper 32
  const float* genre_count = nullptr;          // bits of both
  const std::uint32_t* series = nullptr;
  const std::int32_t* year = nullptr;
  const float* worth = nullptr;
  float* overlap = nullptr;
  float* value = nullptr;
};

// With like = 0.6 * shared genres / all genres + 0.25 (one series) + 0.15 (at most 5 years apart):
//   overlap[i] = max(overlap[i], like(taken, i)), value[i] = worth[i] - diversity * overlap[i].
// O(n); the same numbers on every instruction set.
struct LargestValue {
  float value = 0;
  std::size_t first = 0;  // position of the first that has it
  std::size_t count = 0;  // how many have it
};
LargestValue lower_values(const ShelfColumns& items, const ShelfPlace& taken, float diversity);

}  // namespace sparrow::simd
