#include "sparrow/rank/ranker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sparrow::rank {

const std::array<std::string_view, Features::kCount>& Features::names() {
  static constexpr std::array<std::string_view, kCount> kNames = {
      "match", "co_watch", "content", "years", "quality", "popularity"};
  return kNames;
}

Features features_of(const recall::ItemFacts& facts, Row seed, Row item) {
  Features f;
  if (seed != kNoRow) {
    const recall::Together together = facts.together(seed, item);
    const auto n = static_cast<double>(together.users);
    if (together.users > 0 && together.expected > 0)
      f.values[1] = static_cast<float>(std::log(together.lift()) * n / (n + 5));
    const int a = facts.catalog()[seed].year;
    const int b = facts.catalog()[item].year;
    if (a != 0 && b != 0)
      f.values[3] = -std::min(3.0F, static_cast<float>(std::abs(a - b)) / 10.0F);
  }
  f.values[4] = facts.quality(item) - facts.mean_quality();
  f.values[5] = std::clamp(facts.popularity(item), -3.0F, 3.0F);
  return f;
}

Result<LinearRanker> LinearRanker::of_json(const nlohmann::json& weights) {
  LinearRanker ranker;
  if (!weights.is_object())
    return Error{ErrorCode::kInvalidInput, "ranking weights are an object of numbers"};
  const auto& names = Features::names();
  for (const auto& [name, value] : weights.items()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("\"{}\" is no ranking feature; there are {}", name.substr(0, 64),
                               fmt::join(names, ", "))};
    const double weight = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(weight) <= 1000))
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("the ranking weight of {} must be a number in -1000..1000", name)};
    ranker.weights_[static_cast<std::size_t>(at - names.begin())] = static_cast<float>(weight);
  }
  return ranker;
}

Result<std::vector<float>> LinearRanker::score(std::span<const Features> candidates) const {
  std::vector<float> scores;
  scores.reserve(candidates.size());
  for (const Features& f : candidates) {
    float sum = 0;
    for (std::size_t i = 0; i < Features::kCount; ++i) sum += weights_[i] * f.values[i];
    scores.push_back(sum);
  }
  return scores;
}

bool LinearRanker::neutral() const {
  return weights_[0] == 1 &&
         std::all_of(weights_.begin() + 1, weights_.end(), [](float w) { return w == 0; });
}

}  // namespace sparrow::rank
