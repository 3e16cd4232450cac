#include "sparrow/embed/block_weight.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sparrow/core/random.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kMostPairs = 50'000;
constexpr std::size_t kLeastPairs = 200;

double length_of(std::span<const float> row) {
  return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
}

double cosine(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / (length_of(a) * length_of(b));
}

// Consecutive liked items that both have a row, evenly thinned out.
std::vector<std::pair<Row, Row>> liked_in_a_row(const data::Dataset& dataset,
                                                const std::vector<bool>& has) {
  const data::Interactions& log = dataset.interactions;
  std::vector<std::pair<Row, Row>> pairs;
  for (std::size_t u = 0; u < log.users(); ++u) {
    Row before = kNoRow;
    for (auto e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      if (log.values[e] < dataset.info.scale.liked) continue;
      const Row item = log.items[e];
      if (before != kNoRow && before != item && has[before] && has[item])
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

std::optional<double> separation(const data::Dataset& dataset, const Embeddings& rows) {
  std::vector<bool> has(rows.rows());
  for (Row row = 0; row < rows.rows(); ++row) has[row] = length_of(rows.row(row)) > 0;
  const auto pairs = liked_in_a_row(dataset, has);
  if (pairs.size() < kLeastPairs) return std::nullopt;
  double liked = 0;
  double chance = 0;
  double squares = 0;
  Random random(1);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto first = rows.row(pairs[i].first);
    liked += cosine(first, rows.row(pairs[i].second));
    const Row other = pairs[random.below(static_cast<std::uint32_t>(pairs.size()))].second;
    const double by_chance = cosine(first, rows.row(other));
    chance += by_chance;
    squares += by_chance * by_chance;
  }
  const auto count = static_cast<double>(pairs.size());
  const double mean = chance / count;
  const double deviation = std::sqrt(std::max(1e-12, squares / count - mean * mean));
  return (liked / count - mean) / deviation;
}

Embeddings genre_rows(const data::Catalog& catalog) {
  constexpr std::size_t kMost = 256;
  std::map<std::string, std::size_t> counts;
  for (const data::Item& item : catalog.items())
    for (const auto& genre : item.list(data::kGenres)) ++counts[genre];
  std::vector<std::pair<std::size_t, std::string>> sorted;
  sorted.reserve(counts.size());
  for (const auto& [name, count] : counts) sorted.emplace_back(count, name);
  std::sort(sorted.rbegin(), sorted.rend());
  if (sorted.size() > kMost) sorted.resize(kMost);
  std::map<std::string, std::size_t> column;
  for (std::size_t i = 0; i < sorted.size(); ++i) column[sorted[i].second] = i;
  Embeddings rows(catalog.size(), std::max<std::size_t>(1, sorted.size()));
  for (Row row = 0; row < catalog.size(); ++row) {
    for (const auto& genre : catalog[row].list(data::kGenres)) {
      const auto found = column.find(genre);
      if (found != column.end())
        rows.row(row)[found->second] =
            1 / std::sqrt(static_cast<float>(sorted[found->second].first));
    }
  }
  return rows;
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
