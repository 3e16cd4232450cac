#include "sparrow/rank/ranker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sparrow::rank {
namespace {

std::string known_names() {
  std::vector<std::string_view> names;
  names.reserve(kFeatures.size());
  for (const FeatureField& field : kFeatures) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Features features_of(const recall::ItemFacts& facts, Row seed, Row item) {
  Features f;
  if (seed != kNoRow) {
    const recall::Together together = facts.together(seed, item);
    const auto n = static_cast<double>(together.users);
    if (together.users > 0 && together.expected > 0)
      f.co_watch = static_cast<float>(std::log(together.lift()) * n / (n + 5));
    const int a = facts.catalog()[seed].year;
    const int b = facts.catalog()[item].year;
    if (a != 0 && b != 0) f.years = -std::min(3.0F, static_cast<float>(std::abs(a - b)) / 10.0F);
  }
  f.quality = facts.quality(item) - facts.mean_quality();
  f.popularity = std::clamp(facts.popularity(item), -3.0F, 3.0F);
  return f;
}

Result<LinearRanker> LinearRanker::of_json(const nlohmann::json& weights) {
  LinearRanker ranker;
  if (!weights.is_object())
    return Error{ErrorCode::kInvalidInput, "ranking weights are an object of numbers"};
  for (const auto& [name, value] : weights.items()) {
    const auto* const at =
        std::find_if(kFeatures.begin(), kFeatures.end(),
                     [&wanted = name](const FeatureField& f) { return f.name == wanted; });
    if (at == kFeatures.end())
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("\"{}\" is not a ranking feature; there are {}", name.substr(0, 64),
                               known_names())};
    const double weight = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(weight) <= 1000))
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("the ranking weight of {} must be a number in -1000..1000", name)};
    ranker.weights_.*(at->value) = static_cast<float>(weight);
  }
  return ranker;
}

Result<std::vector<float>> LinearRanker::score(std::span<const Features> candidates,
                                               std::string_view /*trace*/) const {
  std::vector<float> scores;
  scores.reserve(candidates.size());
  for (const Features& f : candidates) {
    float sum = 0;
    for (const FeatureField& field : kFeatures) sum += weights_.*(field.value) * f.*(field.value);
    scores.push_back(sum);
  }
  return scores;
}

bool LinearRanker::neutral() const {
  return std::all_of(kFeatures.begin(), kFeatures.end(), [&](const FeatureField& field) {
    return weights_.*(field.value) == (field.value == &Features::match ? 1.0F : 0.0F);
  });
}

}  // namespace sparrow::rank
