// The step that skip-gram training repeats: several input rows against six output rows, as a small
// matrix product (Ji et al. 2016, with the window's negatives shared).
//
// A step has two parts: inner products, and the updates that follow from them. Both can be done for
// a range of columns alone, so that two threads may share all steps by columns: each adds up its
// own part of every inner product, both compute all errors from the two parts, each updates its own
// columns. The result has the same bits whoever does the work.
#pragma once

#include <cstddef>

namespace sparrow::simd {

inline constexpr std::size_t kStepOutputs = 6;
inline constexpr std::size_t kMaxStepInputs = 16;
// Rows are this many floats apart, a multiple of it: whole vectors of every instruction set.
inline constexpr std::size_t kRowAlign = 16;
// Products and errors of one input: six used. Output j stands at step_place(j).
inline constexpr std::size_t kStepPlaces = 8;
constexpr std::size_t step_place(std::size_t j) { return (j & 1) * 4 + j / 2; }
// Floats that the products of a step need.
inline constexpr std::size_t kStepProducts = kMaxStepInputs * kStepPlaces;

struct alignas(64) SkipGramStep {
  float labels[kStepPlaces] = {};      // by place; 1: occurs, 0: does not
  float rates[kStepPlaces] = {};       // by place; learning rate, or 0: left alone
  float* outputs[kStepOutputs] = {};   // all different, but that those with rate 0 may be the same
  std::size_t count = 0;               // inputs: 1..kMaxStepInputs
  float* inputs[kMaxStepInputs] = {};  // the same row may come twice
  void set_inputs(float* const* rows, std::size_t rows_count);
};

// A range of columns, both ends multiples of kRowAlign.
struct ColumnRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// out[i * kStepPlaces + step_place(j)] = the columns' part of <input i, output j>, 32-byte aligned.
// With two ranges: the sum of both parts, with the bits of adding what either gives alone.
void skip_gram_products(const SkipGramStep& step, ColumnRange columns, float* out);
void skip_gram_products(const SkipGramStep& step, ColumnRange first, ColumnRange second,
                        float* out);
// Adds to every row its errors, (label - sigmoid(a + b)) * rate, times the other side's rows. a and
// b: products of both ranges; b may be null.
enum class Learning { kBoth, kOutputs };
void skip_gram_update(const SkipGramStep& step, const float* a, const float* b, ColumnRange columns,
                      Learning learning = Learning::kBoth);
// Sum of -ln likelihood over what has a rate.
double skip_gram_loss(const SkipGramStep& step, const float* a, const float* b);

}  // namespace sparrow::simd
