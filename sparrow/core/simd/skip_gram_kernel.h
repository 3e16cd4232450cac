// The one step that skip-gram training repeats: several input rows against six output rows, as a
// small matrix product (Ji et al. 2016, with the window's negatives shared).
#pragma once

#include <cstddef>

namespace sparrow::simd {

inline constexpr std::size_t kStepOutputs = 6;
inline constexpr std::size_t kMaxStepInputs = 64;
// Rows are this many floats apart, a multiple of it: whole vectors of every instruction set.
inline constexpr std::size_t kRowAlign = 16;

struct SkipGramStep {
  float* const* inputs = nullptr;  // `count` rows; the same row may come twice
  std::size_t count = 0;           // 1..kMaxStepInputs
  float* outputs[kStepOutputs];    // unused ones point to any row, with rates[j] = 0
  float labels[kStepOutputs];      // 1: occurs, 0: does not
  float rates[kStepOutputs];       // learning rate, or 0: left alone
  std::size_t stride = 0;          // floats in a row, a multiple of kRowAlign
};

// One gradient step of sum over i, j of ln sigma(+-<input_i, output_j>): all gradients from the
// values before the step. With `loss` not null it gets the sum of -ln likelihood over what has a
// rate. Rows are changed without locks: several threads may train the same rows on purpose
// (Hogwild; Niu et al. 2011).
void skip_gram_step(const SkipGramStep& step, double* loss);

}  // namespace sparrow::simd
