// XXH64 (Yann Collet, https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md): the hash that
// assigns units to variants. Every language has it, so an assignment can be checked elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace sparrow::experiment {

std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed);

// What is drawn with a place: equal salts give independent places for the two.
enum class Draw : std::uint64_t { kVariant = 0, kLayer = 1 };

// The place of a unit in [0, 1) under a salt: the upper 53 bits of xxh64(unit, xxh64(salt, draw)),
// divided by 2^53.
double unit_position(std::string_view salt, std::string_view unit, Draw draw);

}  // namespace sparrow::experiment
