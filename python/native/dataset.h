// DatasetHandle: a data set as Python holds it, shared by the models that were trained on it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <nanobind/nanobind.h>

#include "sparrow/data/dataset.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::python {

class DatasetHandle {
 public:
  explicit DatasetHandle(std::shared_ptr<const data::Dataset> dataset)
      : dataset_(std::move(dataset)) {}

  const data::Dataset& dataset() const { return *dataset_; }
  // Made when first asked for. The caller does not hold the GIL.
  const recall::ItemFacts& facts() const {
    std::call_once(made_, [this] { facts_ = std::make_unique<recall::ItemFacts>(*dataset_); });
    return *facts_;
  }

 private:
  std::shared_ptr<const data::Dataset> dataset_;
  mutable std::once_flag made_;
  mutable std::unique_ptr<const recall::ItemFacts> facts_;
};

using DatasetPtr = std::shared_ptr<const DatasetHandle>;

void add_dataset(nanobind::module_& module);

}  // namespace sparrow::python
