#include "sparrow/live/publish.h"

#include <fmt/format.h>

#include "sparrow/live/model_features.h"
#include "sparrow/model/schema.h"

namespace sparrow::live {

Result<void> publish(store::ModelStore& models, const model::Model& model,
                     const PublishSource& source, const RunControl& control) {
  const bool same_data =
      source.dataset != nullptr && source.dataset->info.hash == model.manifest.data_hash;
  store::Features features;
  if (same_data) features = features_of(*source.dataset, model, source.threads);
  return models.publish(model, {source.encoding, same_data ? &features : nullptr}, control);
}

store::VectorEncoding encoding_of(const model::Model& model) {
  const model::Tensor* vectors = model.find(model::tensor_name::kVectors);
  return vectors != nullptr && vectors->type == model::TensorType::kFloat16
             ? store::VectorEncoding::kFloat16
             : store::VectorEncoding::kFloat32;
}

bool lacks_behavior(const model::Manifest& manifest, const data::Dataset* dataset) {
  if (manifest.metrics.value("items_with_behavior", 1) != 0) return false;
  return dataset == nullptr || dataset->info.interactions > 0;
}

Error content_only_error(const std::string& name, const std::string& version) {
  return {ErrorCode::kConflict,
          fmt::format("{} {} is not promoted: it learned from no behavior (no item has enough "
                      "liked interactions), so its lists go by content alone. Look at what "
                      "`sparrow prepare` says of values and joins, or give "
                      "--allow-content-only",
                      name, version)};
}

}  // namespace sparrow::live
