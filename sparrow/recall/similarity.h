// Similarity: how alike two items of a model are, for any pair. The one definition of similarity in
// Sparrow: neighbour lists, scores, evaluation and `sparrow score` all call it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/model.h"

namespace sparrow::recall {

enum class Measure { kCosine, kInnerProduct };

// Where an item's place among the others comes from.
enum class Source { kBehavior, kContent };

// Immutable after open(); safe for use by several threads.
class Similarity {
 public:
  // Takes what it needs from the model's tensors. Errors: kCorrupt when they do not fit each other.
  static Result<std::unique_ptr<Similarity>> open(const model::Model& model);
  virtual ~Similarity() = default;

  virtual std::size_t items() const = 0;
  // kContent: no behaviour vector; the item is placed by genres, tags, title words and year.
  virtual Source source(Row row) const = 0;

  // out[j] = similarity of `row` and j, for all j; out[row] is the maximum. Symmetric where both
  // items have the same source. O(items * dim).
  virtual void scores(Row row, std::span<float> out) const = 0;
  // The same for one pair, equal to scores() up to float rounding.
  virtual float score(Row a, Row b) const = 0;
  // Similarity on a scale of 0..100 that means the same for every seed and model.
  virtual float to_match(float similarity) const = 0;
};

}  // namespace sparrow::recall
