// ValueScale: what the values of a log mean, told by their distribution: stars, points of ten, 0 or
// 1, amounts (hours, counts), weights of events. It decides what *liked* is, once for everybody:
// training, facts, seen lists and evaluation read it from DatasetInfo.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "sparrow/core/result.h"

namespace sparrow::data {

struct ValueScale {
  static constexpr std::size_t kBins = 10;

  // "stars", "points", "percent", "zero-one", "amounts", "events", "presence" (all values are the
  // same), "none" (the log has no values), or "LOW..HIGH" as it was given.
  std::string name = "stars";
  double low = 0.5;  // of the values that rate
  double high = 5;
  std::optional<double> unrated;  // a value that says "no rating": -1, or 0 beside ratings
  float liked = 3.5F;             // values at or above it are liked
  double liked_share = 0;         // of all interactions
  std::array<std::uint64_t, kBins> histogram{};  // of the values that rate, by bin()

  bool rates(float value) const { return !unrated || static_cast<double>(value) != *unrated; }
  // Equal steps from low to high; equal ratios for amounts.
  std::size_t bin(float value) const;
  // Where a bin begins.
  double bin_begin(std::size_t bin) const;
  bool operator==(const ValueScale&) const = default;
};

struct ScaleOptions {
  std::optional<float> min_value;  // what liked begins at
  std::string scale;               // a name above, or "LOW..HIGH"; empty: told by the values
  std::string column;              // the name of the column of values: hours are amounts
  bool events = false;             // values are weights of events
  bool values = true;              // false: the log has none
};

// Errors: kInvalidInput for a scale that is none, with what there is.
Result<ValueScale> find_scale(std::span<const float> values, const ScaleOptions& options);
// The liked share anew, for another threshold.
void set_liked(ValueScale& scale, float liked, std::span<const float> values);

// "stars, 0.5 to 5; liked from 3.5 on: 61 %".
std::string scale_text(const ValueScale& scale);

// "view=1,cart=3" -> weights. Errors: kInvalidInput.
Result<std::map<std::string, float>> parse_event_weights(std::string_view text);
// The weight of an event's name where none is given: view and its like 1, cart 3, purchase 5, what
// turns away (dislike, skip, hide, remove) 0, all else 1. By the folded name.
float usual_event_weight(std::string_view name);

}  // namespace sparrow::data
