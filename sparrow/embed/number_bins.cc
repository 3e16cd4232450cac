#include "sparrow/embed/number_bins.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace sparrow::embed {
namespace {

constexpr double kMostBins = 64;
constexpr double kReach = 2;  // bins to each side

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// Four digits of a year, and month and day where they follow: "2019-05-30".
std::optional<double> year_of(const std::string& text) {
  const auto digits = [&](std::size_t at, std::size_t count) -> std::optional<double> {
    if (at + count > text.size()) return std::nullopt;
    double value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      value = 10 * value + (text[i] - '0');
    }
    return value;
  };
  const auto year = digits(0, 4);
  if (!year) return std::nullopt;
  const double month = digits(5, 2).value_or(7);
  const double day = digits(8, 2).value_or(1);
  return *year + (month - 1) / 12 + (day - 1) / 366;
}

}  // namespace

std::optional<NumberScale> scale_of(std::vector<double> numbers) {
  constexpr std::size_t kNamesFrom = 20;
  std::sort(numbers.begin(), numbers.end());
  if (numbers.empty() || numbers.front() == numbers.back()) return std::nullopt;
  const bool different = std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end();
  const bool whole =
      std::all_of(numbers.begin(), numbers.end(), [](double v) { return v == std::floor(v); });
  if (different && whole && numbers.size() >= kNamesFrom) return std::nullopt;
  NumberScale scale;
  const double middle = quantile(numbers, 0.5);
  scale.logarithmic = numbers.front() > 0 &&
                      quantile(numbers, 0.95) - middle > 3 * (middle - quantile(numbers, 0.05));
  if (scale.logarithmic) {
    for (double& v : numbers) v = std::log(v);
  }
  // Half of a deviation by the middle half, which a few strange values do not widen.
  const double spread = (quantile(numbers, 0.75) - quantile(numbers, 0.25)) / 1.35;
  scale.low = quantile(numbers, 0.01);
  const double range = std::max(quantile(numbers, 0.99) - scale.low, 1e-9);
  scale.width = std::max(spread / 2, range / (kMostBins - 2 * kReach));
  scale.bins = static_cast<std::size_t>(range / scale.width + 2 * kReach) + 1;
  scale.low -= kReach * scale.width / 2;
  return scale;
}

std::vector<std::pair<std::uint32_t, float>> NumberScale::bins_of(double number) const {
  std::vector<std::pair<std::uint32_t, float>> shares;
  if (!std::isfinite(number) || (logarithmic && number <= 0)) return shares;
  const double last = static_cast<double>(bins) - 1;
  const double at =
      std::clamp(((logarithmic ? std::log(number) : number) - low) / width, 0.0, last);
  double squares = 0;
  const auto first = static_cast<std::size_t>(std::max(0.0, std::ceil(at - kReach)));
  for (std::size_t bin = first; bin < bins && static_cast<double>(bin) < at + kReach; ++bin) {
    const double share = 1 - std::abs(static_cast<double>(bin) - at) / kReach;
    if (share <= 0) continue;
    shares.emplace_back(static_cast<std::uint32_t>(bin), static_cast<float>(share));
    squares += share * share;
  }
  for (auto& [bin, share] : shares) share /= static_cast<float>(std::sqrt(squares));
  return shares;
}

std::optional<double> number_of(const data::Item& item, data::AttributePosition attribute,
                                data::AttributeKind kind) {
  if (kind == data::AttributeKind::kNumber) return item.number(attribute);
  return year_of(item.text(attribute));
}

nlohmann::json to_json(const NumberScale& scale) {
  return {{"logarithmic", scale.logarithmic},
          {"low", scale.low},
          {"width", scale.width},
          {"bins", scale.bins}};
}

NumberScale number_scale_of_json(const nlohmann::json& json) {
  return {json.at("logarithmic").get<bool>(), json.at("low").get<double>(),
          json.at("width").get<double>(), json.at("bins").get<std::size_t>()};
}

}  // namespace sparrow::embed
