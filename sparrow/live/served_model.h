// ServedModel: one promoted model, ready to answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::live {

// Swapped as a whole, kept alive by the requests that use it.
struct ServedModel {
  std::shared_ptr<const data::Dataset> dataset;
  std::shared_ptr<const recall::ItemFacts> facts;  // of the same data set
  model::Model model;
  std::unique_ptr<rank::Recommender> recommender;  // refers to all of the above
  std::vector<std::uint16_t> hues;  // of catalogue rows, by the places on the map (look.h)
};

// A model ready to be served; without `facts` it gets its own. `before` (may be null): see
// Recommender::open(), whose errors these are.
Result<std::shared_ptr<const ServedModel>> open_served(
    std::shared_ptr<const data::Dataset> dataset, model::Model model,
    std::shared_ptr<const recall::ItemFacts> facts = nullptr,
    const rank::Recommender* before = nullptr);

}  // namespace sparrow::live
