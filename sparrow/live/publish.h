// publish(): a model with the features of its items and users into a store, as `sparrow publish`
// and the Python package do it.
#pragma once

#include <cstddef>
#include <string>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/store/model_store.h"

namespace sparrow::live {

struct PublishSource {
  const data::Dataset* dataset = nullptr;  // features are of it, when the model was trained on it
  store::VectorEncoding encoding = store::VectorEncoding::kFloat32;
  std::size_t threads = 0;
};

// Errors: those of ModelStore::publish(). Not promoted.
Result<void> publish(store::ModelStore& models, const model::Model& model,
                     const PublishSource& source, const RunControl& control);

// How the store keeps a model's vectors exactly in the least space.
store::VectorEncoding encoding_of(const model::Model& model);

// A model of behavior and content that found no behavior in a log: it is not promoted unless people
// say so. `dataset` may be null: not known.
bool lacks_behavior(const model::Manifest& manifest, const data::Dataset* dataset);
Error content_only_error(const std::string& name, const std::string& version);

}  // namespace sparrow::live
