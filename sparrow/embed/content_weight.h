// The content weight of a fusion is chosen on held-out users: people find content similar,
// next-item prediction keeps it honest, and poor content loses hits early.
#pragma once

#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/fusion.h"

namespace sparrow::embed {

// One content weight that was tried on held-out users.
struct ContentWeightTrial {
  float content_weight = 0;
  double hit_at_10 = 0;      // next-item, mean over users
  double hit_at_10_ipw = 0;  // the same, each target weighted by 1 / popularity
};

// Which users take part: every n-th. At most 3,000 items do, so the more items there are the more
// users it takes to see two of those together: 20,000 to 40,000 of them for each 3,000 items, and
// two million at most.
std::size_t trial_stride(std::size_t items, std::size_t users);

// The largest content weight that loses at most `tolerated_loss` of the best next-item Hit@10
// (geometric mean of plain and inverse-propensity-weighted), twice over a fifth of the users held
// out. trial_stride() says who takes part; histories of every such user alone give the same weight.
// Without enough data to tell, 0.5.
Result<float> choose_content_weight(const WeightedHistories& histories,
                                    const std::vector<Row>& chosen, const ContentVectors& content,
                                    const FusionOptions& options,
                                    std::vector<ContentWeightTrial>& trials);

}  // namespace sparrow::embed
