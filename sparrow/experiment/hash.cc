#include "sparrow/experiment/hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace sparrow::experiment {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5ULL;

// A word of `bytes`, little-endian whatever the machine.
template <typename Word>
std::uint64_t little_endian(const char* bytes) {
  Word word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, sizeof(Word));
  } else {
    for (std::size_t i = sizeof(Word); i-- > 0;)
      word = static_cast<Word>(word << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return word;
}

std::uint64_t xx_round(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * kPrime2, 31) * kPrime1;
}

std::uint64_t xx_merge(std::uint64_t hash, std::uint64_t lane) {
  return (hash ^ xx_round(0, lane)) * kPrime1 + kPrime4;
}

// The four lanes over all whole blocks of 32 bytes, which are taken off `bytes`.
std::uint64_t xx_blocks(std::string_view& bytes, std::uint64_t seed) {
  std::uint64_t lanes[] = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
  while (bytes.size() >= 32) {
    for (std::size_t i = 0; i < 4; ++i)
      lanes[i] = xx_round(lanes[i], little_endian<std::uint64_t>(bytes.data() + 8 * i));
    bytes.remove_prefix(32);
  }
  std::uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                       std::rotl(lanes[3], 18);
  for (const std::uint64_t lane : lanes) hash = xx_merge(hash, lane);
  return hash;
}

}  // namespace

std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed) {
  const std::uint64_t length = bytes.size();
  std::uint64_t hash = length + (length >= 32 ? xx_blocks(bytes, seed) : seed + kPrime5);
  for (; bytes.size() >= 8; bytes.remove_prefix(8))
    hash = std::rotl(hash ^ xx_round(0, little_endian<std::uint64_t>(bytes.data())), 27) * kPrime1 +
           kPrime4;
  if (bytes.size() >= 4) {
    hash = std::rotl(hash ^ (little_endian<std::uint32_t>(bytes.data()) * kPrime1), 23) * kPrime2 +
           kPrime3;
    bytes.remove_prefix(4);
  }
  for (; !bytes.empty(); bytes.remove_prefix(1))
    hash = std::rotl(hash ^ (static_cast<unsigned char>(bytes.front()) * kPrime5), 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

double unit_position(std::string_view salt, std::string_view unit, Draw draw) {
  const std::uint64_t seed = xxh64(salt, static_cast<std::uint64_t>(draw));
  return static_cast<double>(xxh64(unit, seed) >> 11) * 0x1.0p-53;
}

}  // namespace sparrow::experiment
