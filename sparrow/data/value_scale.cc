#include "sparrow/data/value_scale.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/column_names.h"
#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

constexpr double kLikedFrom = 0.7;       // of a scale's height: 3.5 of 5, 7 of 10
constexpr std::size_t kSample = 50'000;  // values that the shape is told by

// A sample of the values, and what holds for all of them.
struct Shape {
  std::vector<float> sorted;
  std::map<float, std::size_t> distinct;  // of the sample, while there are few
  double low = 0;
  double high = 0;
  bool few = true;     // at most 101 different values
  bool whole = true;   // all are whole numbers
  bool halves = true;  // all are multiples of a half

  double share(float value) const {
    const auto at = distinct.find(value);
    return at == distinct.end() || sorted.empty()
               ? 0
               : static_cast<double>(at->second) / static_cast<double>(sorted.size());
  }
  double quantile(double q) const {
    const auto at = static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[at]);
  }
};

// How often each multiple of a half from 0 to 127.5 occurs: nearly all logs have nothing else, and
// then one pass over millions of values tells all there is to know.
struct Halves {
  static constexpr std::size_t kSize = 256;
  std::array<std::uint64_t, kSize> counts{};
  bool all = true;  // no other value occurs
};

Halves count_halves(std::span<const float> values) {
  // Two tables, so that equal values in a row do not wait for each other.
  std::array<std::array<std::uint64_t, Halves::kSize>, 2> counts{};
  bool all = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float twice = values[i] * 2;
    const auto half = static_cast<std::size_t>(std::clamp(twice, 0.0F, 255.0F));
    all = all && static_cast<float>(half) == twice;
    ++counts[i % 2][half];
  }
  Halves halves;
  halves.all = all;
  for (std::size_t h = 0; h < Halves::kSize; ++h) halves.counts[h] = counts[0][h] + counts[1][h];
  return halves;
}

float value_of_half(std::size_t half) { return static_cast<float>(half) / 2; }

// As of a sample in which each value has its share.
Shape shape_of(const Halves& halves, std::size_t values) {
  Shape shape;
  bool any = false;
  for (std::size_t h = 0; h < Halves::kSize; ++h) {
    if (halves.counts[h] == 0) continue;
    const float v = value_of_half(h);
    const double share = static_cast<double>(halves.counts[h]) / static_cast<double>(values);
    const auto copies = std::min<std::size_t>(
        halves.counts[h],
        std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(kSample))));
    shape.sorted.insert(shape.sorted.end(), copies, v);
    shape.distinct[v] = copies;
    if (!any) shape.low = static_cast<double>(v);
    shape.high = static_cast<double>(v);
    shape.whole = shape.whole && h % 2 == 0;
    any = true;
  }
  constexpr std::size_t kFew = 101;
  shape.few = shape.distinct.size() <= kFew;
  return shape;
}

Shape shape_of(std::span<const float> values) {
  Shape shape;
  const std::size_t step = std::max<std::size_t>(1, values.size() / kSample);
  for (std::size_t i = 0; i < values.size(); i += step) shape.sorted.push_back(values[i]);
  if (!values.empty()) {
    float least = values[0];
    float most = values[0];
    for (const float v : values) {  // a loop that needs no branch
      least = v < least ? v : least;
      most = v > most ? v : most;
    }
    shape.low = static_cast<double>(least);
    shape.high = static_cast<double>(most);
  }
  constexpr std::size_t kFew = 101;
  for (const float v : shape.sorted) {
    if (shape.few) ++shape.distinct[v];
    shape.few = shape.few && shape.distinct.size() <= kFew;
    shape.whole = shape.whole && v == std::floor(v);
    shape.halves = shape.halves && v * 2 == std::floor(v * 2);
  }
  std::sort(shape.sorted.begin(), shape.sorted.end());
  return shape;
}

// -1 beside values from 0 on, or a 0 that is far more frequent than the ratings next to it.
std::optional<double> unrated_value(const Shape& shape) {
  if (!shape.few || shape.distinct.size() < 4) return std::nullopt;
  const float first = shape.distinct.begin()->first;
  const float second = std::next(shape.distinct.begin())->first;
  if (first == -1 && second >= 0) return -1;
  if (first != 0 || second < 1) return std::nullopt;
  const double least = shape.share(second);
  constexpr double kFarMore = 3;
  return second > 1 || shape.share(0) > kFarMore * least ? std::optional<double>(0) : std::nullopt;
}

bool is_amount_name(std::string_view column) {
  static const std::vector<std::string_view> names = {
      "hours",   "hoursplayed", "playtime",      "playtimeforever", "playcount",
      "plays",   "listens",     "listencount",   "count",           "minutes",
      "seconds", "watchtime",   "duration",      "dwelltime",       "quantity",
      "qty",     "purchases",   "hoursonrecord", "weight",          "times"};
  return std::find(names.begin(), names.end(), plain_name(column)) != names.end();
}

// Values over magnitudes, or a column that is named as amounts are.
bool is_amount(const Shape& shape, const std::string& column) {
  if (shape.low < 0) return false;
  if (is_amount_name(column)) return true;
  constexpr double kMagnitudes = 20;
  const double middle = std::max(shape.quantile(0.5), 1e-9);
  // A scale of a hundred is used beyond its first fifth.
  const bool low_hundred = shape.high > 10 && (shape.high < 50 || middle < 20);
  return shape.high > 100 || low_hundred || (!shape.halves && shape.high > 10 && middle < 10) ||
         (shape.high > 10 && shape.quantile(0.99) > kMagnitudes * middle);
}

void set_ends(ValueScale& scale, double low, double high) {
  scale.low = low;
  scale.high = high;
  scale.liked = static_cast<float>(kLikedFrom * high);
}

// The scale that is named, or "LOW..HIGH".
Result<void> set_given(ValueScale& scale, const std::string& given, const Shape& shape) {
  scale.name = given;
  if (given == "stars") {
    set_ends(scale, 0.5, 5);
  } else if (given == "points") {
    set_ends(scale, 1, 10);
  } else if (given == "percent") {
    set_ends(scale, 0, 100);
  } else if (given == "zero-one") {
    set_ends(scale, 0, 1);
  } else if (given == "amounts") {
    set_ends(scale, shape.low, shape.high);
    scale.liked = static_cast<float>(shape.sorted.empty() ? 0 : shape.quantile(0.25));
  } else {
    const auto dots = given.find("..");
    double low = 0;
    double high = 0;
    if (dots == std::string::npos || !parse_number(given.substr(0, dots), low) ||
        !parse_number(given.substr(dots + 2), high) || low >= high)
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--scale: there is no scale \"{}\"; there are stars, points (1 to "
                               "10), percent, zero-one, amounts, and LOW..HIGH, for example 1..7",
                               given)};
    set_ends(scale, low, high);
    scale.liked = static_cast<float>(low + kLikedFrom * (high - low));
  }
  return {};
}

void tell(ValueScale& scale, const Shape& shape, const ScaleOptions& options) {
  if (!options.values) {
    scale.name = "none";
    set_ends(scale, 0, 1);
    scale.liked = 1;
  } else if (options.events) {
    scale.name = "events";
    set_ends(scale, shape.low, shape.high);
    // Whatever an event says for the item counts; what says nothing or turns away weighs 0.
    const auto some = std::upper_bound(shape.sorted.begin(), shape.sorted.end(), 0.0F);
    scale.liked = some == shape.sorted.end() ? 1.0F : *some;
  } else if (shape.few && shape.distinct.size() == 1) {
    scale.name = "presence";
    set_ends(scale, shape.low, shape.high);
    scale.liked = static_cast<float>(shape.low);
  } else if (shape.few && shape.distinct.size() == 2 && shape.low >= -1 && shape.low <= 0) {
    scale.name = "zero-one";
    set_ends(scale, shape.low, shape.high);
    scale.liked = static_cast<float>(shape.high);
  } else if (is_amount(shape, options.column)) {
    scale.name = "amounts";
    set_ends(scale, shape.low, shape.high);
    scale.liked = static_cast<float>(shape.quantile(0.25));
  } else if (shape.high <= 5) {
    scale.name = "stars";
    const double low = shape.low < 0.5 ? shape.low : shape.whole ? 1 : 0.5;
    set_ends(scale, low, shape.high <= 1 ? 1 : 5);
  } else if (shape.high <= 10) {
    scale.name = "points";
    set_ends(scale, std::min(shape.low, 1.0), 10);
  } else {
    scale.name = "percent";
    set_ends(scale, std::min(shape.low, 0.0), 100);
  }
}

}  // namespace

std::size_t ValueScale::bin(float value) const {
  if (high <= low) return kBins - 1;
  double part = 0;
  if (name == "stars" && high == 5 && low >= 0.5) {  // halves, as stars are given
    return static_cast<std::size_t>(std::clamp(std::lround(value * 2) - 1, 0L, 9L));
  }
  if (name == "points" && high == 10 && low >= 0.5) {
    return static_cast<std::size_t>(std::clamp(std::lround(value) - 1, 0L, 9L));
  }
  if (name == "amounts" && value > 0) {
    const double from = std::max(low, high / 1e6);
    part = std::log(std::max(static_cast<double>(value), from) / from) / std::log(high / from);
  } else {
    part = (static_cast<double>(value) - low) / (high - low);
  }
  const auto at = static_cast<long>(part * static_cast<double>(kBins));
  return static_cast<std::size_t>(std::clamp(at, 0L, static_cast<long>(kBins) - 1));
}

double ValueScale::bin_begin(std::size_t bin) const {
  const double part = static_cast<double>(bin) / static_cast<double>(kBins);
  if (name == "stars" && high == 5 && low >= 0.5) return 0.5 * static_cast<double>(bin + 1);
  if (name == "points" && high == 10 && low >= 0.5) return static_cast<double>(bin + 1);
  if (name == "amounts" && high > 0) {
    const double from = std::max(low, high / 1e6);
    return from * std::pow(high / from, part);
  }
  return low + part * (high - low);
}

void set_liked(ValueScale& scale, float liked, std::span<const float> values) {
  scale.liked = liked;
  std::size_t count = 0;
  for (const float v : values) count += v >= liked ? 1U : 0U;
  scale.liked_share =
      values.empty() ? 0 : static_cast<double>(count) / static_cast<double>(values.size());
}

namespace {

void count_bins(ValueScale& scale, const Halves& halves, std::span<const float> values) {
  const auto count = [&](float v, std::uint64_t times) {
    if (scale.rates(v)) scale.histogram[scale.bin(v)] += times;
  };
  if (!halves.all) {
    for (const float v : values) count(v, 1);
    return set_liked(scale, scale.liked, values);
  }
  std::uint64_t liked = 0;
  for (std::size_t h = 0; h < Halves::kSize; ++h) {
    if (halves.counts[h] == 0) continue;
    count(value_of_half(h), halves.counts[h]);
    if (value_of_half(h) >= scale.liked) liked += halves.counts[h];
  }
  scale.liked_share =
      values.empty() ? 0 : static_cast<double>(liked) / static_cast<double>(values.size());
}

}  // namespace

Result<ValueScale> find_scale(std::span<const float> values, const ScaleOptions& options) {
  ValueScale scale;
  const Halves halves = count_halves(values);
  Shape shape = halves.all ? shape_of(halves, values.size()) : shape_of(values);
  if (options.scale.empty() && !options.events) {
    scale.unrated = is_amount_name(options.column) ? std::nullopt : unrated_value(shape);
    if (scale.unrated) {
      const auto none = static_cast<float>(*scale.unrated);
      std::erase(shape.sorted, none);
      shape.distinct.erase(none);
      shape.low = static_cast<double>(shape.distinct.begin()->first);
    }
  }
  if (!options.scale.empty()) {
    if (auto set = set_given(scale, options.scale, shape); !set) return set.error();
  } else {
    tell(scale, shape, options);
  }
  scale.liked = options.min_value.value_or(scale.liked);
  count_bins(scale, halves, values);
  return scale;
}

std::string scale_text(const ValueScale& scale) {
  const std::string ends = fmt::format("{:.4g} to {:.4g}", scale.low, scale.high);
  std::string text = scale.name == "none"       ? "the log has no values: every row is liked"
                     : scale.name == "presence" ? fmt::format("all values are {:.4g}", scale.high)
                     : scale.name.find("..") != std::string::npos
                         ? scale.name
                         : fmt::format("{}, {}", scale.name, ends);
  if (scale.unrated) text += fmt::format(", {:.4g} = not rated", *scale.unrated);
  if (scale.name == "none") return text;
  return text + fmt::format("; liked from {:.4g} on: {:.0f} % of all", scale.liked,
                            100 * scale.liked_share);
}

Result<std::map<std::string, float>> parse_event_weights(std::string_view text) {
  std::map<std::string, float> weights;
  for (const auto& part : split_list(text, ',')) {
    const auto equals = part.rfind('=');
    float weight = 0;
    if (equals == std::string::npos || equals == 0 ||
        !parse_value(std::string_view(part).substr(equals + 1), weight))
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--event-weights: \"{}\" is not NAME=WEIGHT; it is for example "
                               "view=1,cart=3,purchase=5",
                               part)};
    weights[fold_text(part.substr(0, equals))] = weight;
  }
  return weights;
}

float usual_event_weight(std::string_view name) {
  static const std::map<std::string, float, std::less<>> weights = {{"cart", 3},
                                                                    {"addtocart", 3},
                                                                    {"add to cart", 3},
                                                                    {"basket", 3},
                                                                    {"wishlist", 2},
                                                                    {"bookmark", 2},
                                                                    {"save", 2},
                                                                    {"favorite", 4},
                                                                    {"favourite", 4},
                                                                    {"fav", 4},
                                                                    {"like", 4},
                                                                    {"star", 4},
                                                                    {"love", 5},
                                                                    {"share", 4},
                                                                    {"buy", 5},
                                                                    {"purchase", 5},
                                                                    {"purchased", 5},
                                                                    {"order", 5},
                                                                    {"transaction", 5},
                                                                    {"checkout", 5},
                                                                    {"conversion", 5},
                                                                    {"complete", 4},
                                                                    {"finish", 4},
                                                                    {"dislike", 0},
                                                                    {"skip", 0},
                                                                    {"hide", 0},
                                                                    {"remove", 0},
                                                                    {"remove from cart", 0},
                                                                    {"removefromcart", 0},
                                                                    {"false", 0},
                                                                    {"no", 0},
                                                                    {"n", 0},
                                                                    {"negative", 0},
                                                                    {"bad", 0},
                                                                    {"down", 0},
                                                                    {"unlike", 0},
                                                                    {"return", 0},
                                                                    {"refund", 0},
                                                                    {"impression", 0},
                                                                    {"shown", 0},
                                                                    {"remove_from_cart", 0}};
  const auto found = weights.find(fold_text(name));
  return found == weights.end() ? 1 : found->second;
}

}  // namespace sparrow::data
