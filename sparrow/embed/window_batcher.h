// WindowBatcher: sequences -> windows -> steps for the kernel. Equal sequences and seeds give equal
// steps, so every thread of a team makes them for itself and nothing is handed over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"
#include "sparrow/embed/skip_gram_tables.h"

namespace sparrow::embed {

// To be written: a row takes longer to arrive than a step takes to train.
inline void prefetch(float* row, simd::ColumnRange columns) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t c = columns.begin; c < columns.end; c += kLine) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(row[c]));  // the compiler does not dare without -mprfchw
#else
    __builtin_prefetch(row + c, 1);
#endif
  }
}

// Where steps go.
class StepSink {
 public:
  virtual ~StepSink() = default;
  // Room for the next step; what stood there is overwritten.
  virtual simd::SkipGramStep& room() = 0;
  // It is filled.
  virtual void push() = 0;
};

class WindowBatcher {
 public:
  // All must outlive this. output: one row more than the vocabulary, for outputs that are not used.
  WindowBatcher(const SkipGramTables& tables, const SkipGramOptions& options, Embeddings& input,
                Embeddings& output);

  // The columns that this thread will touch: of inputs they are prefetched.
  void set_columns(simd::ColumnRange columns) { columns_ = columns; }
  void seed(std::uint64_t seed);
  // All steps of a sequence. Returns its pairs of center and context.
  std::uint64_t add_sequence(std::span<const Row> items, float rate, StepSink& sink);

 private:
  void keep(std::span<const Row> items);
  void draw_reach();
  std::uint64_t add_window(std::size_t at, float rate, StepSink& sink);
  std::size_t take_contexts(std::size_t begin, std::size_t end, const float* center,
                            simd::SkipGramStep& step);
  void add_path(Row center, simd::SkipGramStep& first, float rate, StepSink& sink);
  bool fill_outputs(Row center, simd::SkipGramStep& step, float rate);
  void add_negatives(Row center, simd::SkipGramStep& first, float rate, StepSink& sink);
  static simd::SkipGramStep& split_step(simd::SkipGramStep& step, StepSink& sink);
  void end_step(simd::SkipGramStep& step, std::size_t used, StepSink& sink);
  static float* row_of(Embeddings& rows, std::size_t v) { return rows.data() + v * rows.dim(); }

  const SkipGramTables& tables_;
  const SkipGramOptions& options_;
  Embeddings& input_;
  Embeddings& output_;
  simd::ColumnRange columns_;
  Random random_{0};
  std::size_t next_negative_ = 0;
  std::size_t reach_ = 0;       // of a window, to either side
  std::vector<Row> kept_;       // the sequence without what has no vector or was sampled away
  std::vector<float*> inputs_;  // their rows
};

}  // namespace sparrow::embed
