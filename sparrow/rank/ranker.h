// Ranker: scores for candidates that recall found, from features that recall did not see. Two of
// them: LinearRanker here, RemoteRanker (serve/remote_ranker.h) asks another program.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::rank {

// What is known of a candidate beside its seed, in this order everywhere.
//   match       0..100, the model's
//   co_watch    ln lift of being liked together, drawn to 0 where few did: ln(lift) n / (n + 5)
//   content     cosine of the content vectors, 0..1
//   years       minus the decades between them, at most 3; 0 where a year is unknown
//   quality     mean rating, drawn to the mean of all by 20 ratings, minus that mean
//   popularity  standardised ln(1 + liked by), -3..3
struct Features {
  static constexpr std::size_t kCount = 6;
  std::array<float, kCount> values{};
  static const std::array<std::string_view, kCount>& names();
};

// All but `match` and `content`, which the caller has.
Features features_of(const recall::ItemFacts& facts, Row seed, Row item);

// Immutable; safe for use by several threads.
class Ranker {
 public:
  virtual ~Ranker() = default;
  virtual std::string_view name() const = 0;
  // One score a candidate, larger is better, on the scale of match (0..100 and beyond).
  virtual Result<std::vector<float>> score(std::span<const Features> candidates) const = 0;
};

// match + the sum of weights times features. All weights 0: the model's own order.
class LinearRanker final : public Ranker {
 public:
  // {"co_watch": 3, "quality": 2}: points a unit; what is not named is 0. Errors: kInvalidInput
  // naming the feature.
  static Result<LinearRanker> of_json(const nlohmann::json& weights);
  LinearRanker() = default;

  std::string_view name() const override { return "linear"; }
  Result<std::vector<float>> score(std::span<const Features> candidates) const override;
  bool neutral() const;
  const std::array<float, Features::kCount>& weights() const { return weights_; }

 private:
  std::array<float, Features::kCount> weights_{1, 0, 0, 0, 0, 0};
};

}  // namespace sparrow::rank
