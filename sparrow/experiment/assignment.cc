#include "sparrow/experiment/experiment.h"
#include "sparrow/experiment/hash.h"

namespace sparrow::experiment {

const Variant* assign(const Experiment& experiment, std::string_view unit) {
  if (experiment.variants.empty()) return nullptr;
  if (!experiment.layer.empty()) {
    const double place = unit_position(experiment.layer, unit, Draw::kLayer);
    if (place < experiment.layer_from || place >= experiment.layer_to) return nullptr;
  }
  double total = 0;
  for (const Variant& variant : experiment.variants) total += variant.weight;
  const std::string& salt = experiment.salt.empty() ? experiment.name : experiment.salt;
  double left = unit_position(salt, unit, Draw::kVariant) * total;
  for (const Variant& variant : experiment.variants) {
    if (left < variant.weight) return &variant;
    left -= variant.weight;
  }
  return &experiment.variants.back();  // rounding
}

}  // namespace sparrow::experiment
