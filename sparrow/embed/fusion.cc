// train_fusion(): behavior vectors -> standardisation constants -> content weight -> per-item
// statistics.
#include "sparrow/embed/fusion.h"

#include <algorithm>

#include "sparrow/data/sequences.h"
#include "sparrow/embed/content_weight.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

using model::FusionParameters;
using model::Model;

// How the model came to be.
void describe(const FusionOptions& options, const FusionParameters& parameters,
              const std::vector<ContentWeightTrial>& trials, std::size_t items_with_behavior,
              model::Manifest& manifest) {
  nlohmann::json tried = nlohmann::json::array();
  for (const auto& t : trials) {
    tried.push_back({{"content_weight", t.content_weight},
                     {"hit_at_10", t.hit_at_10},
                     {"hit_at_10_ipw", t.hit_at_10_ipw}});
  }
  manifest.options["content_weight"] = parameters.content_weight;
  manifest.options["closeness_bonus"] = options.closeness_bonus;
  manifest.options["closeness_threshold"] = options.closeness_threshold;
  manifest.options["closeness_base"] = options.closeness_base;
  manifest.options["closeness_agreement"] = options.closeness_agreement;
  manifest.options["popularity_penalty"] = options.popularity_penalty;
  manifest.options["ridge"] = options.ridge;
  manifest.options["ridge_share"] = options.ridge_share;
  manifest.options["min_positives"] = options.histories.min_positives;
  manifest.options["min_value"] = options.histories.min_value;
  manifest.metrics["content_weight_trials"] = tried;
  manifest.metrics["items_with_behavior"] = items_with_behavior;
}

}  // namespace

Result<void> train_fusion(const data::Dataset& dataset, const FusionOptions& options,
                          const RunControl& control, Model& model) {
  control.report({"content", 0, 1, "catalogs", 0});
  const ContentVectors content = build_content(dataset.catalog, options.content);
  std::vector<Row> chosen;
  const WeightedHistories histories =
      weighted_histories(dataset.interactions, dataset.catalog.size(), options.histories, chosen);
  if (chosen.empty() && content.indices.empty()) {
    return Error{ErrorCode::kInvalidInput,
                 "no item has enough positive interactions, and the catalogue has no genres, tags, "
                 "years or title "
                 "words: there is nothing to learn from"};
  }
  auto vectors = behavior_vectors(histories, options, control);
  if (!vectors) return vectors.error();
  const auto popularity = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                                options.histories.min_value);
  assemble(model, *vectors, content, chosen, popularity);
  FusionParameters parameters =
      measure_parameters(*vectors, model::ContentMatrix(model), chosen, options);
  if (chosen.empty()) {  // content only: constants over all items
    const std::vector<Row> all = reference_rows({}, dataset.catalog.size(), options).all;
    const model::ContentMatrix matrix(model);
    const auto c = over_random_pairs(all.size(), options.seed,
                                     [&](Row a, Row b) { return matrix.cosine(all[a], all[b]); });
    parameters.content_mean = c.mean;
    parameters.content_deviation = std::max(c.deviation, 1e-3F);
  }
  std::vector<ContentWeightTrial> trials;
  if (options.content_weight) {
    parameters.content_weight = *options.content_weight;
  } else {
    control.report({"content weight", 0, 1, "trials", 0});
    auto weight = choose_content_weight(histories, chosen, content, options, trials);
    if (!weight) return weight.error();
    parameters.content_weight = chosen.empty() ? 1.0F : *weight;
  }
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  control.report({"similarity statistics", 0, 1, "passes", 0});
  set_fusion(model, parameters, item_scalars(content, popularity, chosen));
  model::FusionSimilarity similarity(model);
  set_fusion(model, parameters,
             similarity.estimate_statistics(reference_rows(chosen, dataset.catalog.size(), options),
                                            options.threads));
  describe(options, parameters, trials, chosen.size(), model.manifest);
  return {};
}

}  // namespace sparrow::embed
