// The cold-start slice: known items whose behavior is hidden, so that they must
// be placed by their content, and what people did with them says whether they
// are placed well.
#pragma once

#include <cstdint>
#include <optional>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"
#include "sparrow/evaluate/ground_truth.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::evaluate {

struct ColdSliceOptions {
  double hidden_share = 0.2;  // of the items with enough positives
  std::uint32_t min_positives = 5;
  std::size_t k = 10;
  std::uint64_t seed = 1;
  std::size_t threads = 0;
  embed::TrainFunction train = embed::train_model;  // of the method
};

// The same measure of the method and of words alone (the method "content"
// without vectors of texts), over the same hidden items.
struct ColdSlice {
  std::size_t hidden = 0;
  NextItem method;  // from a hidden item to any item with enough positives
  NextItem words;
  double p_value = 1;                 // of the difference in hits
  std::optional<PairQuality> groups;  // pairs with a hidden item; content without titles
  std::optional<PairQuality> words_groups;
  Difference groups_difference;
};

// Errors: those of training.
Result<ColdSlice> measure_cold_slice(const data::Dataset& dataset,
                                     const embed::TrainOptions& method, const GroundTruth* groups,
                                     const ColdSliceOptions& options, const RunControl& control);

}  // namespace sparrow::evaluate
