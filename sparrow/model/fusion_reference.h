// What fusion_statistics.cc and fusion_search.cc share: some items against some others, in blocks.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/fusion_similarity.h"

namespace sparrow::model {

// Inner products and cosines of items with the reference rows, which are asked for in blocks.
struct FusionSimilarity::Reference {
  const FusionSimilarity& of;
  std::span<const Row> rows;
  Embeddings near;  // their vectors
  ContentPostings postings;

  Reference(const FusionSimilarity& similarity, std::span<const Row> reference)
      : of(similarity),
        rows(reference),
        near(reference.size(), similarity.dim_),
        postings(similarity.content_.postings_of(reference)) {
    for (std::size_t r = 0; r < rows.size(); ++r) of.vectors_.copy(rows[r], near.row(r));
  }

  // The columns of a similarity at the reference rows.
  Embeddings columns(const FusionSimilarity& similarity) const {
    Embeddings part(kColumns, rows.size());
    for (std::size_t c = 0; c < kColumns; ++c) {
      for (std::size_t r = 0; r < rows.size(); ++r)
        part.row(c)[r] = similarity.columns_.row(c)[rows[r]];
    }
    return part;
  }

  // visit(row, its place in the reference or rows.size(), inner products, cosines) for each item.
  template <typename Visit>
  void for_each(std::span<const Row> items, std::size_t threads, const Visit& visit) const {
    parallel_for(items.size(), 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      std::vector<Row> known;
      std::copy_if(items.begin() + static_cast<std::ptrdiff_t>(begin),
                   items.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(known),
                   [&](Row row) { return of.behavior_[row] != 0; });
      Embeddings seeds(known.size(), of.dim_);
      for (std::size_t i = 0; i < known.size(); ++i) of.vectors_.copy(known[i], seeds.row(i));
      std::vector<float> inner((known.size() + 1) * rows.size());
      constexpr std::size_t kOthers = 192;  // stay in the cache while all seeds meet them
      for (std::size_t first = 0; first < rows.size(); first += kOthers)
        simd::dot_block(seeds.data(), known.size(), near.row(first).data(),
                        std::min(kOthers, rows.size() - first), of.dim_, inner.data() + first,
                        rows.size());
      std::vector<float> cosine(rows.size());
      const float* next = inner.data();
      for (std::size_t i = begin; i < end; ++i) {
        std::fill(cosine.begin(), cosine.end(), 0.0F);
        of.content_.add_cosines(items[i], postings, cosine);
        const auto at = std::lower_bound(rows.begin(), rows.end(), items[i]);
        const bool there = at != rows.end() && *at == items[i];
        visit(items[i], there ? static_cast<std::size_t>(at - rows.begin()) : rows.size(), next,
              cosine.data());
        next += of.behavior_[items[i]] != 0 ? rows.size() : 0;
      }
    });
  }
};

}  // namespace sparrow::model
