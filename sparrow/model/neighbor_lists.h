// Neighbor tables: nearest(row, k) of every item of a model. Exact for catalogues of usual size. Of
// more items each meets only those of the cells around its own, once by content and once by
// behavior, and the similarity of what is met is exact; how many of the true neighbors are found so
// is measured on samples, of items with behavior and of those without, and more cells are looked at
// until they are enough. Where they never are, as where neighbors by content scatter over cells,
// the items of that kind meet all others if that is paid for.
#pragma once

#include <cstdint>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"

namespace sparrow::model {

struct ListOptions {
  std::size_t neighbors = 100;
  std::size_t exact_items = 65'536;  // up to so many every pair is looked at
  double least_recall = 0.95;        // recall_at_10 asked of the rest
  // So many multiply-adds, about, may be spent on items of a kind that meet all others.
  double all_pairs_operations = 4e12;
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

struct ListReport {
  bool exact = true;
  double recall_at_10 = 1;       // of all items, by the samples
  double recall_of_content = 1;  // of those without behavior
  double pairs = 0;              // looked at, of each item
  struct Round {
    Source of = Source::kBehavior;
    std::size_t wanted = 0;  // rows to compare each with, by content; twice as many by behavior
    double recall_at_10 = 0;
  };
  std::vector<Round> rounds;  // of the samples
};

// Adds the table. Equal seeds give equal tables whatever the number of threads. O(items^2 * dim)
// when exact; otherwise O(items * (looked at + cells) * dim), cells about the square root of items,
// and O(items * dim) for each item that meets all others.
ListReport add_neighbor_table(Model& model, const Similarity& similarity,
                              const ListOptions& options, const RunControl& control = {});

}  // namespace sparrow::model
