// Fusion: behavior and content in one model. model/fusion_formula.h has the formula; here its parts
// are trained and its weights chosen on the training data.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/cooccurrence.h"
#include "sparrow/model/model.h"

namespace sparrow::embed {

struct FusionOptions {
  HistoryOptions histories;
  CooccurrenceOptions cooccurrence;
  ContentOptions content;
  // Three blocks of behavior; at most so many dimensions each, fewer for little
  // data.
  std::size_t cooccurrence_dim = 384;  // what is watched near each other
  std::size_t history_dim = 96;        // leading eigenvectors of who watched what
  std::size_t ridge_dim = 384;         // the same, flattened as ridge regression does
  std::size_t max_values = std::size_t{256}
                           << 20;    // of all vectors: fewer dimensions for more items
  float cooccurrence_share = 0.36F;  // of behavior; the rest is history
  float ridge_share = 0.2F;
  float ridge = 200;  // added to the eigenvalues
  // Of three products each; twice as many for as many items at most, whose eigenvectors take
  // little.
  std::size_t eigen_iterations = 2;
  std::size_t few_items = 20'000;
  std::optional<float> content_weight;  // 0..1; unset: chosen by choose_content_weight()
  float closeness_bonus = 0.35F;
  float closeness_threshold = 3.5F;  // standard deviations of behavior above which it is given
  float closeness_base = 0.5F;       // share given whatever the content says
  float closeness_agreement = 0.4F;  // and for each standard deviation of content
  float popularity_penalty = 0.15F;
  float tolerated_loss = 0.08F;        // of next-item hits, when the content weight is chosen
  std::size_t reference_items = 2048;  // sample for the mean and deviation of each item
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

// What behavior says of the items, before it meets content. fusion_parts.h makes the vectors.
struct Behavior {
  std::vector<Row> chosen;                // rows with enough of it
  Embeddings vectors;                     // of those
  std::vector<std::uint32_t> popularity;  // of all items
  std::size_t users = 0;
  // Of all users, or of every trial_stride()-th: the content weight is tried on them.
  WeightedHistories histories;
};

// As train_fusion(), of behavior vectors that are there already.
Result<void> fuse(const ContentVectors& content, const Behavior& behavior,
                  const FusionOptions& options, const RunControl& control, model::Model& model);

// Fills vectors, popularity, content and the fusion's tensors of `model` (whose items must be the
// catalog's) and the manifest's options and metrics. Equal seeds give equal bytes whatever the
// number of threads. Errors: cancelled; kInvalidInput when there is neither behavior nor content.
Result<void> train_fusion(const data::Dataset& dataset, const FusionOptions& options,
                          const RunControl& control, model::Model& model);

}  // namespace sparrow::embed
