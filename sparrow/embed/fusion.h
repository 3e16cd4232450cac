// Fusion: behavior and content in one model. model/fusion_similarity.h has the formula; here its
// parts are trained and its weights chosen on the training data.
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
  std::size_t cooccurrence_dim = 96;
  std::size_t history_dim = 96;
  float cooccurrence_share = 0.36F;     // of behavior; the rest is history eigenvectors
  std::optional<float> content_weight;  // 0..1; unset: chosen by choose_content_weight()
  float closeness_bonus = 0.7F;
  float closeness_threshold = 3.5F;  // standard deviations of behavior above which it is given
  float closeness_base = 0.5F;       // share given whatever the content says
  float closeness_agreement = 0.4F;  // and for each standard deviation of content
  float popularity_penalty = 0.15F;
  float tolerated_loss = 0.1F;         // of next-item hits, when the content weight is chosen
  std::size_t reference_items = 2048;  // sample for the mean and deviation of each item
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

// One content weight that was tried on held-out users.
struct ContentWeightTrial {
  float content_weight = 0;
  double hit_at_10 = 0;      // next-item, mean over users
  double hit_at_10_ipw = 0;  // the same, each target weighted by 1 / popularity
};

// Fills vectors, popularity, content.* and fusion.* of `model` (whose items must be the catalog's)
// and the manifest's options and metrics. Equal seeds give equal bytes whatever the number of
// threads. Errors: cancelled; kInvalidInput when there is neither behavior nor content.
Result<void> train_fusion(const data::Dataset& dataset, const FusionOptions& options,
                          const RunControl& control, model::Model& model);

// The largest content weight that loses at most `tolerated_loss` of the best next-item Hit@10
// (geometric mean of plain and inverse-propensity-weighted), twice over a fifth of the users held
// out: people find content similar, next-item prediction keeps it honest, and poor content loses
// hits early. At most 3,000 items and 20,000 users take part. Without enough data to tell, 0.5.
Result<float> choose_content_weight(const WeightedHistories& histories,
                                    const std::vector<Row>& chosen, const ContentVectors& content,
                                    const FusionOptions& options,
                                    std::vector<ContentWeightTrial>& trials);

}  // namespace sparrow::embed
