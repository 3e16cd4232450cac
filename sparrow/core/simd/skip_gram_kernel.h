// The step that skip-gram training repeats: several input rows against six output rows, as a small
// matrix product (Ji et al. 2016, with the window's negatives shared).
//
// A step has three parts: inner products, the errors, and the updates that follow from them. The
// first and the last can be done for a range of columns alone, so that two threads may share all
// steps by columns: each adds up its own part of every inner product, both compute all errors from
// the two parts, each updates its own columns. The result has the same bits whoever does the work.
#pragma once

#include <cstddef>

namespace sparrow::simd {

inline constexpr std::size_t kStepOutputs = 6;
inline constexpr std::size_t kMaxStepInputs = 16;
// Rows are this many floats apart, a multiple of it: whole vectors of every instruction set.
inline constexpr std::size_t kRowAlign = 16;
// Where the product of input i and output j stands, and later its error: outputs 0..3 of all inputs
// come first, then 4 and 5, so that vectors are full.
constexpr std::size_t step_place(std::size_t i, std::size_t j) {
  return j < 4 ? 4 * i + j : 4 * kMaxStepInputs + 2 * i + j - 4;
}
// Floats that the products of a step need.
inline constexpr std::size_t kStepProducts = kMaxStepInputs * kStepOutputs;

struct alignas(64) SkipGramStep {
  float labels[kStepOutputs + 2] = {};  // by output; 1: occurs, 0: does not; two for whole vectors
  float rates[kStepOutputs + 2] = {};   // by output; learning rate, or 0: left alone
  float* outputs[kStepOutputs] = {};    // all different, but that those with rate 0 may be the same
  std::size_t count = 0;                // inputs: 1..kMaxStepInputs
  float* inputs[kMaxStepInputs] = {};   // the same row may come twice
};

// A range of columns, both ends multiples of kRowAlign.
struct ColumnRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class Learning { kBoth, kOutputs };

// The three parts for this processor, looked up once.
struct SkipGramKernel {
  // out[step_place(i, j)] = the columns' part of <input i, output j>, 64-byte aligned. With a
  // second range: the sum of both parts, with the bits of adding what either gives alone.
  void (*products)(const SkipGramStep& step, ColumnRange first, ColumnRange second, float* out);
  // errors: (label - sigmoid(a + b)) * rate, at the places of the products. a and b: products of
  // both ranges; b may be null, errors may be a. Apart from the update, so that other work can hide
  // how long it takes.
  void (*errors)(const SkipGramStep& step, const float* a, const float* b, float* errors);
  // Adds to every row its errors times the other side's rows.
  void (*update)(const SkipGramStep& step, const float* errors, ColumnRange columns,
                 Learning learning);
};
SkipGramKernel skip_gram_kernel();

// Sum of -ln likelihood over what has a rate.
double skip_gram_loss(const SkipGramStep& step, const float* a, const float* b);

}  // namespace sparrow::simd
