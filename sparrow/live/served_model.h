// ServedModel: one promoted model, ready to answer.
#pragma once

#include <memory>
#include <string>

#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::live {

// Built by `app`, swapped as a whole, kept alive by the requests that use it.
struct ServedModel {
  std::shared_ptr<const data::Dataset> dataset;
  std::shared_ptr<const recall::ItemFacts> facts;  // of the same data set
  model::Model model;
  std::unique_ptr<rank::Recommender> recommender;  // refers to all of the above
};

}  // namespace sparrow::live
