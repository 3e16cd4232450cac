#include "sparrow/embed/block_weight.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sparrow/core/random.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kMostPairs = 50'000;
constexpr std::size_t kLeastPairs = 200;

double product(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Consecutive liked items that both have a row, evenly thinned out.
std::vector<std::pair<Row, Row>> liked_in_a_row(const data::Dataset& dataset,
                                                const std::function<bool(Row)>& has) {
  const data::Interactions& log = dataset.interactions;
  std::vector<std::pair<Row, Row>> pairs;
  for (std::size_t u = 0; u < log.users(); ++u) {
    Row before = kNoRow;
    for (auto e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      if (log.values[e] < dataset.info.scale.liked) continue;
      const Row item = log.items[e];
      if (before != kNoRow && before != item && has(before) && has(item))
        pairs.emplace_back(before, item);
      before = item;
    }
  }
  if (pairs.size() <= kMostPairs) return pairs;
  std::vector<std::pair<Row, Row>> some;
  for (std::size_t i = 0; i < kMostPairs; ++i) some.push_back(pairs[i * pairs.size() / kMostPairs]);
  return some;
}

}  // namespace

std::optional<double> separation(const data::Dataset& dataset, const std::function<bool(Row)>& has,
                                 const std::function<double(Row, Row)>& cosine) {
  const auto pairs = liked_in_a_row(dataset, has);
  if (pairs.size() < kLeastPairs) return std::nullopt;
  double liked = 0;
  double chance = 0;
  double squares = 0;
  Random random(1);
  for (const auto& [first, second] : pairs) {
    liked += cosine(first, second);
    const Row other = pairs[random.below(static_cast<std::uint32_t>(pairs.size()))].second;
    const double by_chance = cosine(first, other);
    chance += by_chance;
    squares += by_chance * by_chance;
  }
  const auto count = static_cast<double>(pairs.size());
  const double mean = chance / count;
  const double deviation = std::sqrt(std::max(1e-12, squares / count - mean * mean));
  return (liked / count - mean) / deviation;
}

std::optional<double> separation_of_rows(const data::Dataset& dataset, const Embeddings& rows) {
  const auto of = [&](Row a, Row b) { return product(rows.row(a), rows.row(b)); };
  return separation(
      dataset, [&](Row row) { return of(row, row) > 0; },
      [&](Row a, Row b) { return of(a, b) / std::sqrt(of(a, a) * of(b, b)); });
}

std::optional<double> separation_of_genres(const data::Dataset& dataset) {
  const data::Catalog& catalog = dataset.catalog;
  std::unordered_map<std::string_view, double> items;
  for (const data::Item& item : catalog.items())
    for (const auto& genre : item.list(data::kGenres)) ++items[genre];
  const auto of = [&](Row a, Row b) {
    const data::Names& others = catalog[b].list(data::kGenres);
    double sum = 0;
    for (const auto& genre : catalog[a].list(data::kGenres))
      if (std::find(others.begin(), others.end(), genre) != others.end()) sum += 1 / items[genre];
    return sum;
  };
  return separation(
      dataset, [&](Row row) { return !catalog[row].list(data::kGenres).empty(); },
      [&](Row a, Row b) { return of(a, b) / std::sqrt(of(a, a) * of(b, b)); });
}

float weight_beside_genres(std::optional<double> block, std::optional<double> genres,
                           float genre_weight) {
  constexpr double kNothing = 0.05;  // deviations: less tells nothing
  constexpr double kMuch = 0.5;
  // Where nothing can be measured a block must not harm what is known: icons of the MATE theme by
  // words of their names lost with a half, and lost nothing with a tenth (docs/own-data.md).
  constexpr float kUnmeasured = 0.1F;
  if (!block) return kUnmeasured * genre_weight;
  const double measure = genres && *genres > kNothing ? *genres : kMuch;
  return *block <= kNothing ? 0.0F
                            : genre_weight * static_cast<float>(std::min(1.0, *block / measure));
}

}  // namespace sparrow::embed
