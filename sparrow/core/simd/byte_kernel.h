// Kernels on rows of bytes that lie in blocks of equal size among other things, as the nodes of a
// graph do. The query is kept in 16 bits, so that only the rows are rounded to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sparrow::simd {

// Rows are filled up with zeros to a multiple of this.
inline constexpr std::size_t kByteStep = 32;

// The largest magnitude that n numbers of a query may have, so that no sum below overflows.
constexpr std::int32_t largest_query_word(std::size_t n) {
  const std::size_t bound = (std::size_t{1} << 31) / (128 * (n == 0 ? 1 : n)) - 1;
  return bound < 32767 ? static_cast<std::int32_t>(bound) : 32767;
}

// Equal blocks, one after the other, of which each begins with a row of bytes.
struct ByteBlocks {
  const std::uint8_t* data = nullptr;
  std::size_t stride = 0;  // bytes from a block to the next
  std::size_t n = 0;       // bytes of a row, a multiple of kByteStep and at most 65,536
};

// out[i] = inner product of the query (n numbers) and the row of block ids[i].
void dot_byte_blocks(const std::int16_t* query, const ByteBlocks& blocks,
                     std::span<const std::uint32_t> ids, std::int32_t* out);

// Inner product of the query and n numbers of four bits, which mean 0 to 15: number i stands in the
// lower half of nibbles[i] for i < n / 2 and in the upper half of nibbles[i - n / 2] otherwise.
std::int32_t dot_nibbles(const std::int16_t* query, const std::uint8_t* nibbles, std::size_t n);

// to[i] = from[i]; n is a multiple of kByteStep.
void widen_bytes(const std::uint8_t* from, std::size_t n, std::int16_t* to);

// Writes first + i for each flags[i] that is not zero to `out` (room for n), ascending; returns how
// many.
std::size_t positions_of_set(const std::uint8_t* flags, std::size_t n, std::uint32_t first,
                             std::uint32_t* out);

}  // namespace sparrow::simd
