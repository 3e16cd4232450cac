// train_fusion(): behavior vectors -> standardisation constants -> content weight -> per-item
// statistics.
#include "sparrow/embed/fusion.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sparrow/data/sequences.h"
#include "sparrow/embed/content_weight.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

using model::FusionParameters;
using model::Model;

// How the model came to be, in numbers for programs and a sentence each for people.
struct Choices {
  const FusionOptions& options;
  const FusionParameters& parameters;
  const std::vector<ContentWeightTrial>& trials;
  const ContentVectors& content;
  const Behavior& behavior;
};

std::string content_weight_sentence(const Choices& c) {
  const float weight = c.parameters.content_weight;
  if (c.options.content_weight)
    return fmt::format("Content weighs {:.2f} in similarity, as asked.", weight);
  if (c.behavior.chosen.empty()) return "Content is all there is: no item has enough behavior.";
  if (c.trials.empty())
    return fmt::format("Content weighs {:.2f}: there is too little behavior to try weights on.",
                       weight);
  return fmt::format(
      "Content weighs {:.2f}: the largest weight that loses at most {:.1f} % of the best next-item "
      "quality of held-out users.",
      weight, 100 * c.options.tolerated_loss);
}

nlohmann::json sentences(const Choices& c) {
  nlohmann::json list = nlohmann::json::array();
  list.push_back(content_weight_sentence(c));
  const std::size_t items = c.behavior.chosen.size();
  const BehaviorDims dims = behavior_dims(items, c.behavior.users, c.options);
  if (items > 0)
    list.push_back(fmt::format(
        "Behavior has {} + {} + {} dimensions (co-occurrence, history, flattened history): as many "
        "as {} items and {} users are worth.",
        dims.cooccurrence, dims.history, dims.ridge, items, c.behavior.users));
  std::string blocks;
  for (const auto& block : c.content.blocks)
    blocks += fmt::format("{}{} {:.2g} ({} items)", blocks.empty() ? "" : ", ", block.name,
                          block.weight, block.items);
  list.push_back(fmt::format("Content is made of these blocks, with their weights: {}.",
                             blocks.empty() ? "none" : blocks));
  return list;
}

void describe(const Choices& c, model::Manifest& manifest) {
  const FusionOptions& options = c.options;
  nlohmann::json tried = nlohmann::json::array();
  for (const auto& t : c.trials) {
    tried.push_back({{"content_weight", t.content_weight},
                     {"hit_at_10", t.hit_at_10},
                     {"hit_at_10_ipw", t.hit_at_10_ipw}});
  }
  manifest.options["content_weight"] = c.parameters.content_weight;
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
  manifest.metrics["items_with_behavior"] = c.behavior.chosen.size();
  manifest.metrics["choices"] = sentences(c);
}

}  // namespace

Result<void> fuse(const ContentVectors& content, const Behavior& behavior,
                  const FusionOptions& options, const RunControl& control, Model& model) {
  const std::vector<Row>& chosen = behavior.chosen;
  control.report({"similarity constants", 0, 1, "passes", 0});
  assemble(model, behavior.vectors, content, chosen, behavior.popularity);
  FusionParameters parameters =
      measure_parameters(behavior.vectors, model::ContentMatrix(model), chosen, options);
  if (chosen.empty()) {  // content only: constants over all items
    const std::vector<Row> all = reference_rows({}, model.items.size(), options).all;
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
    auto weight = choose_content_weight(behavior.histories, chosen, content, options, trials);
    if (!weight) return weight.error();
    parameters.content_weight = chosen.empty() ? 1.0F : *weight;
  }
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  control.report({"similarity statistics", 0, 1, "passes", 0});
  set_fusion(model, parameters, item_scalars(content, behavior.popularity, chosen));
  model::FusionSimilarity similarity(model);
  set_fusion(model, parameters,
             similarity.estimate_statistics(reference_rows(chosen, model.items.size(), options),
                                            options.threads));
  describe({options, parameters, trials, content, behavior}, model.manifest);
  return {};
}

Result<void> train_fusion(const data::Dataset& dataset, const FusionOptions& options,
                          const RunControl& control, Model& model) {
  control.report({"content", 0, 1, "catalogs", 0});
  const ContentVectors content = build_content(dataset.catalog, options.content);
  control.report({"histories", 0, 1, "passes", 0});
  Behavior behavior;
  behavior.popularity = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                              options.histories.min_value);
  behavior.chosen = choose_items(behavior.popularity, options.histories);
  behavior.histories = weighted_histories(dataset.interactions, dataset.catalog.size(),
                                          behavior.chosen, options.histories);
  behavior.users = dataset.interactions.users();
  if (behavior.chosen.empty() && content.indices.empty()) {
    return Error{ErrorCode::kInvalidInput,
                 "no item has enough positive interactions, and the catalogue has no genres, tags, "
                 "years or title "
                 "words: there is nothing to learn from"};
  }
  control.report({"co-occurrence", 0, 1, "items", 0});
  auto vectors = behavior_vectors(behavior.histories, options, control);
  if (!vectors) return vectors.error();
  behavior.vectors = std::move(*vectors);
  return fuse(content, behavior, options, control, model);
}

}  // namespace sparrow::embed
