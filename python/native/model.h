// ModelHandle: a model as Python holds it, with the data set that its items are of and, made when
// first asked for, the recommender that answers for it.
#pragma once

#include <memory>
#include <mutex>

#include "dataset.h"
#include <nanobind/nanobind.h>

#include "sparrow/model/model.h"
#include "sparrow/rank/recommender.h"
#include "sparrow/recall/alignment.h"

namespace sparrow::python {

class ModelHandle {
 public:
  // dataset (may be null): of the catalogue; without it items are known by their ids alone.
  ModelHandle(model::Model model, DatasetPtr dataset);

  const model::Model& model() const { return model_; }
  const DatasetHandle& dataset() const { return *dataset_; }
  const DatasetPtr& shared_dataset() const { return dataset_; }
  bool bare() const { return bare_; }  // no data set was given
  const data::Catalog& catalog() const { return dataset_->dataset().catalog; }
  const recall::Alignment& alignment() const { return alignment_; }
  // The caller does not hold the GIL. Throws Failure.
  const rank::Recommender& recommender() const;

 private:
  model::Model model_;
  bool bare_;
  DatasetPtr dataset_;
  recall::Alignment alignment_;
  mutable std::once_flag made_;
  mutable std::unique_ptr<const rank::Recommender> recommender_;
};

using ModelPtr = std::shared_ptr<const ModelHandle>;

void add_model(nanobind::module_& module);

}  // namespace sparrow::python
