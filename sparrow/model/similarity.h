// Similarity: how alike two items of a model are, for any pair. The one definition of similarity in
// Sparrow: neighbor lists, scores, evaluation and `sparrow score` all call it.
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

namespace sparrow::model {

class ContentMatrix;

enum class Measure { kCosine, kInnerProduct };

// Where an item's place among the others comes from.
// kNone: nothing is known of it that it shares with another item, so it is like
// nothing.
enum class Source { kBehavior, kContent, kNone };
const char* source_name(Source source);  // "behavior", "content", "none"

// One term of a similarity, for explanations.
struct Part {
  std::string name;
  float value = 0;
};

// Immutable after open(); safe for use by several threads.
class Similarity {
 public:
  // Takes what it needs from the model's tensors, which must outlive it. The manifest's option
  // "measure" ("cosine", "inner_product") and whether it has the tensors of a fusion decide which
  // similarity it is. Errors: kCorrupt when the tensors do not fit each other.
  // kSingleLists costs memory and time once and makes nearest() fast; kTables does without.
  enum class Purpose { kSingleLists, kTables };
  static Result<std::unique_ptr<Similarity>> open(const Model& model,
                                                  Purpose purpose = Purpose::kSingleLists);
  virtual ~Similarity() = default;

  virtual std::size_t items() const = 0;
  // kContent: no behavior vector; the item is placed by what it is. kNone: its
  // similarity to any other item is that of a pair at chance or less, and its
  // list is empty.
  virtual Source source(Row row) const = 0;

  // out[j] = similarity of `row` and j for all j; out[row] is the maximum. O(items * dim).
  // Symmetric, but for vector models where just one of the two has a vector: a seed that has one
  // ranks such items last.
  virtual void scores(Row row, std::span<float> out) const = 0;
  // The same for one pair, equal to scores() up to float rounding.
  virtual float score(Row a, Row b) const = 0;
  // Similarity on a scale of 0..100 that means the same for every seed of one kind of model.
  virtual float to_match(float similarity) const = 0;

  // Of the model; empty where it has none.
  virtual const ContentMatrix& content() const = 0;

  // What score(a, b) is made of.
  virtual std::vector<Part> parts(Row a, Row b) const { return {{"similarity", score(a, b)}}; }

  // The k most similar items, best first, without `row` itself and without what `excluded` marks
  // (one byte an item, or empty). Exact.
  virtual std::vector<Neighbor> nearest(Row row, std::size_t k,
                                        std::span<const std::uint8_t> excluded) const;
  // nearest(row, k, {}) of `count` consecutive rows from `first`; faster together than one by one.
  virtual std::vector<std::vector<Neighbor>> nearest_block(Row first, std::size_t count,
                                                           std::size_t k) const;
  // The same of any rows, among some alone (ascending).
  virtual std::vector<std::vector<Neighbor>> nearest_among(std::span<const Row> rows,
                                                           std::span<const Row> among,
                                                           std::size_t k) const;

  // Vectors whose inner product says roughly how near two items may be: of what they are, or of
  // what is known of them both ways (only of items with behavior). For dividing a large catalogue
  // into cells; 0 dimensions: there is no such space.
  enum class Space { kContent, kBehavior };
  virtual std::size_t space_dim(Space) const { return 0; }
  virtual void place(Row, Space, std::span<float>) const {}
};

}  // namespace sparrow::model
