// Distance kernels, written once with Google Highway, which picks the instruction set at run time.
// SPARROW_SIMD=scalar|sse4|avx2|avx512 forces one. Any length and alignment.
// Sums are taken in a different order for each instruction set, so results differ in the last bits
// between machines; on one machine equal input gives equal output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sparrow::simd {

// Inner product of a and b, n floats each.
float dot(const float* a, const float* b, std::size_t n);

// Sum of (a_i - b_i)^2.
float squared_l2(const float* a, const float* b, std::size_t n);

// y += alpha * x.
void axpy(float alpha, const float* x, float* y, std::size_t n);

// x *= alpha.
void scale(float* x, float alpha, std::size_t n);

// out[r] = dot(query, rows + r * n) for r in [0, count); rows is row-major.
void dot_rows(const float* query, const float* rows, std::size_t count, std::size_t n, float* out);

// The same in whole numbers, for n a multiple of kByteRow and up to 65,536.
inline constexpr std::size_t kByteRow = 64;
void dot_byte_rows(const std::int16_t* query, const std::int8_t* rows, std::size_t count,
                   std::size_t n, std::int32_t* out);

// out[i * out_stride + j] = dot(a + i * n, b + j * n) for i in [0, a_rows), j in [0, b_rows): a
// block of a matrix product.
void dot_block(const float* a, std::size_t a_rows, const float* b, std::size_t b_rows,
               std::size_t n, float* out, std::size_t out_stride);

// A panel holds kPanel rows turned on their side: panel[c * kPanel + r] is component c of row r.
// Rows missing at the end count as zero.
inline constexpr std::size_t kPanel = 64;
void pack_panel(const float* rows, std::size_t count, std::size_t n, float* panel);
// out[i * kPanel + r] = dot(a + i * n, row r of the panel): whole vectors of sums, nothing to add
// up across lanes. The fastest way to many inner products of short vectors.
void dot_panel(const float* a, std::size_t a_rows, const float* panel, std::size_t n, float* out);
void dot_panel(const double* a, std::size_t a_rows, const double* panel, std::size_t n,
               double* out);

// Writes the positions of the scores above `threshold` to `out` (room for n), ascending; returns
// how many.
std::size_t select_above(const float* scores, std::size_t n, float threshold, std::uint32_t* out);
// Bit r: scores[r] of a panel's kPanel rows is above `bar` or above bars[r], each of which may be
// infinite.
std::uint64_t panel_above(const float* scores, float bar, const float* bars);

// out[c] = sum over e of weights[e] * x[rows[e] * width + c]: one row of a sparse matrix times a
// dense block. `following`: so many entries stand after these, those of the next row, and are
// fetched ahead. O(count * width).
void weighted_sum(const float* weights, const std::uint32_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following = 0);
// The same, added to out.
void weighted_add(const float* weights, const std::uint32_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following = 0);
void weighted_add(const float* weights, const std::uint16_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following = 0);

// Nothing but multiply-adds on whole vectors in registers, for measuring the processor's limit:
// returns how many floating-point operations `rounds` rounds are; out gets one number.
std::uint64_t multiply_adds(std::size_t rounds, float* out);

// The instruction set in use; names as in SPARROW_SIMD.
std::string active_target();
// Empty, or why SPARROW_SIMD was not followed.
const std::string& forced_target_error();

}  // namespace sparrow::simd
