// Ranker: scores for candidates that recall found, from features that recall did not see. Two of
// them: LinearRanker here, RemoteRanker (live/remote_ranker.h) asks another program.
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

// What is known of a candidate beside its seed.
struct Features {
  float match = 0;  // 0..100, the model's
  float co_watch =
      0;              // ln lift of being liked together, drawn to 0 where few did: ln(lift) n/(n+5)
  float content = 0;  // cosine of the content vectors, 0..1
  float years = 0;    // minus the decades between them, at most 3; 0 where a year is unknown
  float quality = 0;  // mean rating, drawn to the mean of all by 20 ratings, minus that mean
  float popularity = 0;  // standardised ln(1 + liked by), -3..3
};

// The features by name, in the order in which a remote ranker gets them.
struct FeatureField {
  std::string_view name;
  float Features::*value;
};
inline constexpr std::array<FeatureField, 6> kFeatures = {{{"match", &Features::match},
                                                           {"co_watch", &Features::co_watch},
                                                           {"content", &Features::content},
                                                           {"years", &Features::years},
                                                           {"quality", &Features::quality},
                                                           {"popularity", &Features::popularity}}};

// All but `match` and `content`, which the caller has.
Features features_of(const recall::ItemFacts& facts, Row seed, Row item);

// Immutable; safe for use by several threads.
class Ranker {
 public:
  virtual ~Ranker() = default;
  virtual std::string_view name() const = 0;
  // One score a candidate, larger is better, on the scale of match (0..100 and beyond).
  // trace: the request's "traceparent" (http/trace.h), for calls that are made for it; may be
  // empty.
  virtual Result<std::vector<float>> score(std::span<const Features> candidates,
                                           std::string_view trace) const = 0;
};

// match + the sum of weights times features. All weights 0: the model's own order.
class LinearRanker final : public Ranker {
 public:
  // {"co_watch": 3, "quality": 2}: points a unit; what is not named is 0. Errors: kInvalidInput
  // naming the feature.
  static Result<LinearRanker> of_json(const nlohmann::json& weights);
  LinearRanker() = default;

  std::string_view name() const override { return "linear"; }
  Result<std::vector<float>> score(std::span<const Features> candidates,
                                   std::string_view trace) const override;
  bool neutral() const;
  const Features& weights() const { return weights_; }

 private:
  Features weights_{.match = 1};
};

}  // namespace sparrow::rank
