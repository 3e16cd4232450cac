// Recommender: candidate pool -> recall -> ranking -> answer. The one object that the server, the
// command line and the evaluation all call, so an offline number describes the served system.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"

namespace sparrow::rank {

struct SimilarRequest {
  Row seed = kNoRow;         // catalogue row
  std::size_t size = 20;     // 1..1000
  std::size_t offset = 0;    // paging: skip this many
  std::vector<Row> exclude;  // catalogue rows never to answer with; the seed is always excluded
};

struct ScoredItem {
  Row row = kNoRow;      // catalogue row
  float similarity = 0;  // raw, as Similarity has it
  float match = 0;       // 0..100, comparable between seeds
  model::Source source =
      model::Source::kBehavior;  // kContent: this neighbour, or the seed, is placed by content
};

struct Answer {
  std::vector<ScoredItem> items;  // best first
  model::Source seed_source = model::Source::kBehavior;
  std::vector<std::string> degraded;  // what could not be done, in words; empty: nothing
};

struct UserRequest {
  std::vector<Row> history;  // catalogue rows the user liked, newest last
  std::vector<Row> exclude;  // for example all that the user rated
  std::size_t size = 20;
};

// Immutable; safe for use by several threads.
class Recommender {
 public:
  // Aligns the model's items with the catalogue by id. Items that the model does not know get
  // kContent placement only if the model holds their content; the rest answer with `degraded`. Both
  // arguments must outlive the recommender.
  static Result<std::unique_ptr<Recommender>> open(const data::Catalog& catalog,
                                                   const model::Model& model);
  ~Recommender();

  Answer similar(const SimilarRequest& request) const;
  // Items near the user's history (mean similarity), without the history itself.
  Answer for_user(const UserRequest& request) const;
  // Served similarity of any two catalogue rows.
  float similarity(Row a, Row b) const;

  const model::Manifest& manifest() const;
  const data::Catalog& catalog() const;

 private:
  Recommender();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sparrow::rank
