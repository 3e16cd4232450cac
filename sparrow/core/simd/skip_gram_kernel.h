// The steps that skip-gram training repeats: several input rows against six output rows, as a small
// matrix product (Ji et al. 2016, with the window's negatives shared), a batch of them at a time.
//
// A batch has three parts: inner products, errors, updates. The first and the last can be done for
// a range of columns alone, so that two threads may share a batch by columns: each adds up its own
// part of every inner product, both compute all errors from the two parts, each updates its own
// columns. The result has the same bits whoever does the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sparrow::simd {

inline constexpr std::size_t kStepOutputs = 6;
inline constexpr std::size_t kMaxStepInputs = 64;
// Rows are this many floats apart, a multiple of it: whole vectors of every instruction set.
inline constexpr std::size_t kRowAlign = 16;
// Errors of one input: six used. Output j stands at step_place(j).
inline constexpr std::size_t kStepPlaces = 8;
constexpr std::size_t step_place(std::size_t j) { return (j & 1) * 4 + j / 2; }

struct SkipGramStep {
  std::uint32_t first = 0;         // its first input in SkipGramBatch::inputs
  std::uint32_t count = 0;         // inputs: 1..kMaxStepInputs; the same row may come twice
  float* outputs[kStepOutputs];    // unused ones point to any row, with rate 0
  float labels[kStepPlaces] = {};  // by place; 1: occurs, 0: does not
  float rates[kStepPlaces] = {};   // by place; learning rate, or 0: left alone
};

class SkipGramBatch {
 public:
  void clear();
  // Room for a step's inputs, an even number: an odd one is followed by its last input once more.
  SkipGramStep& add(float* const* inputs, std::size_t count);
  // Another step for the same inputs.
  SkipGramStep& add_again(const SkipGramStep& step);
  const std::vector<SkipGramStep>& steps() const { return steps_; }
  float* const* inputs() const { return inputs_.data(); }
  // Floats that products and errors need.
  std::size_t places() const { return places_ * kStepPlaces; }
  // Where those of step s begin.
  std::size_t place_of(std::size_t s) const { return offsets_[s] * kStepPlaces; }

 private:
  std::vector<float*> inputs_;
  std::vector<SkipGramStep> steps_;
  std::vector<std::uint32_t> offsets_;
  std::size_t places_ = 0;
};

// A range of columns, both ends multiples of kRowAlign.
struct ColumnRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// out[place_of(s) + i * kStepPlaces + step_place(j)] = the columns' part of <input i, output j> of
// step s, all from the rows as they are now.
void skip_gram_products(const SkipGramBatch& batch, ColumnRange columns, float* out);
// errors = (label - sigmoid(a + b)) * rate; b may be null.
void skip_gram_errors(const SkipGramBatch& batch, const float* a, const float* b, float* errors);
// Adds to every row its errors times the other side's rows, step by step.
enum class Learning { kBoth, kOutputs };
void skip_gram_update(const SkipGramBatch& batch, const float* errors, ColumnRange columns,
                      Learning learning = Learning::kBoth);
// Sum of -ln likelihood over what has a rate.
double skip_gram_loss(const SkipGramBatch& batch, const float* a, const float* b);

}  // namespace sparrow::simd
