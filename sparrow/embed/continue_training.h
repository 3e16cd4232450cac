// continue_training(): a model that knows new events and items, from a former one and the new
// events alone, in seconds. What the new events do not mention keeps its vector.
#pragma once

#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/model.h"

namespace sparrow::embed {

struct ContinuedModel {
  model::Model model;
  std::size_t items_added = 0;    // with a vector now, and none before
  std::size_t items_updated = 0;  // with a vector before, and in the new events
  std::size_t items_missing = 0;  // of the former model's, not in the new catalog: left out
  // Drift of the neighbor lists, over items with a vector in both models.
  double mean_overlap_at_10 = 1;     // with the former list
  std::size_t lists_mostly_new = 0;  // fewer than half of the former ten stayed
  std::vector<Row> most_changed;  // up to five, by new row; the fewest stayed, most popular first
};

// news: the whole catalog as it is now, with the new events only. Two epochs learn the outputs
// against fixed vectors, because models do not keep them; then both learn, with negative sampling,
// for options.skip_gram.epochs. The manifest's metric "continued" has the figures above.
// Errors: kInvalidInput when the former model was not made by item2vec; else those of
// train_skip_gram().
Result<ContinuedModel> continue_training(const model::Model& former, const data::Dataset& news,
                                         const TrainOptions& options, const RunControl& control);

}  // namespace sparrow::embed
