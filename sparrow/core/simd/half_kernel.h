// Kernels on rows of half-precision floats (core/float16.h), which are half of the memory: they are
// widened in registers, exactly, and multiplied in single precision.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sparrow::simd {

// to[i] = from[i], exactly.
void widen(const std::uint16_t* from, std::size_t n, float* to);

// Inner product of two rows of n halves. Equal to dot_half_rows() with the first one widened.
float dot_halves(const std::uint16_t* a, const std::uint16_t* b, std::size_t n);

// out[r] = dot(query, rows + r * n) for r in [0, count).
void dot_half_rows(const float* query, const std::uint16_t* rows, std::size_t count, std::size_t n,
                   float* out);

}  // namespace sparrow::simd
