// WindowBatcher: sequences -> windows -> batches of steps for the kernel. Equal sequences and seeds
// give equal batches, so every thread of a team makes them for itself and nothing is handed over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/skip_gram_kernel.h"
#include "sparrow/embed/skip_gram_tables.h"

namespace sparrow::embed {

class WindowBatcher {
 public:
  // All must outlive this.
  WindowBatcher(const SkipGramTables& tables, const SkipGramOptions& options, Embeddings& input,
                Embeddings& output);

  // The columns that this thread will touch, for prefetching.
  void set_columns(simd::ColumnRange columns) { columns_ = columns; }

  void seed(std::uint64_t seed);
  void begin_sequence(std::span<const Row> items, float rate);
  // Adds windows of the sequence to `batch` until it is full (true) or the sequence ends (false).
  bool fill(simd::SkipGramBatch& batch, std::uint64_t& pairs);

 private:
  void add_window(simd::SkipGramBatch& batch, std::uint64_t& pairs);
  void add_steps(simd::SkipGramBatch& batch, Row center);
  void add_path(simd::SkipGramBatch& batch, Row center);
  void add_negatives(simd::SkipGramBatch& batch, Row center);
  void fetch(const Embeddings& rows, Row v) const;

  const SkipGramTables& tables_;
  const SkipGramOptions& options_;
  Embeddings& input_;
  Embeddings& output_;
  simd::ColumnRange columns_;
  Random random_{0};
  std::size_t next_negative_ = 0;
  std::vector<Row> kept_;  // the sequence without what has no vector or was sampled away
  std::size_t center_ = 0;
  float rate_ = 0;           // of the sequence
  float window_rate_ = 0;    // of the window
  std::size_t windows_ = 0;  // in the batch
  std::vector<float*> contexts_;
};

}  // namespace sparrow::embed
