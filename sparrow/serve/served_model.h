// ServedModel: the snapshot of one promoted model that requests read while another is being loaded.
#pragma once

#include <memory>
#include <string>

#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::serve {

// Everything a request needs. Built by `app`, swapped as a whole, kept alive by the requests that
// use it.
struct ServedModel {
  std::shared_ptr<const data::Dataset> dataset;
  model::Model model;
  std::unique_ptr<rank::Recommender> recommender;  // refers to dataset->catalog and model
};

}  // namespace sparrow::serve
