#include "sparrow/events/event_weights.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/value_scale.h"

namespace sparrow::events {
namespace {

constexpr double kWatchUnit = 600;  // seconds that weigh once
constexpr double kMostWatchUnits = 3;

}  // namespace

Result<EventWeights> EventWeights::parse(std::string_view text) {
  auto given = data::parse_event_weights(text);
  if (!given) return given.error();
  EventWeights weights;
  for (const auto& [name, weight] : *given) {
    if (!(weight >= 0 && weight <= kMostEventWeight))
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--event-weights: the weight of \"{}\" must be in 0..{:.0f}",
                               name.substr(0, 64), kMostEventWeight)};
    weights.given_.emplace(name, weight);
  }
  return weights;
}

float EventWeights::of(const Event& event) const {
  const auto given = given_.empty() ? given_.end() : given_.find(fold_text(event.type));
  const EventType* type = find_event_type(event.type);
  const float weight = given != given_.end() ? given->second : type != nullptr ? type->weight : 0;
  if (event.type == "rating") return event.value >= static_cast<double>(liked_) ? weight : 0;
  if (event.type == "watch_seconds")
    return weight * static_cast<float>(std::clamp(event.value / kWatchUnit, 0.0, kMostWatchUnits));
  if (type != nullptr || given != given_.end()) return weight;
  // 1 is what it says of names that it does not know, which is right for a log of interactions and
  // wrong here, where a page may send anything.
  const float usual = data::usual_event_weight(event.type);
  return usual > 1 ? usual : 0;
}

bool EventWeights::takes_back(const Event& event) {
  return event.type == "dislike" || event.type == "hide";
}

}  // namespace sparrow::events
