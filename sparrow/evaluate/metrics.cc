#include "sparrow/evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sparrow/evaluate/statistics.h"

namespace sparrow::evaluate {
namespace {

double mean_of(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// 1-based rank of `row` in the first k of `list`, 0 if it is not there.
std::size_t rank_of(const std::vector<Row>& list, Row row, std::size_t k) {
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(std::min(k, list.size()));
  const auto found = std::find(list.begin(), end, row);
  return found == end ? 0 : static_cast<std::size_t>(found - list.begin()) + 1;
}

struct UserSums {
  double count = 0, hits = 0, ndcg = 0, mrr = 0, weights = 0, weighted = 0, tail = 0, tail_hits = 0;
};

double gini_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double weighted = 0;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    weighted += static_cast<double>(i + 1) * values[i];
    sum += values[i];
  }
  const auto n = static_cast<double>(values.size());
  return sum > 0 ? 2 * weighted / (n * sum) - (n + 1) / n : 0;
}

double log_popularity(std::span<const std::uint32_t> popularity, Row row) {
  return std::log(static_cast<double>(std::max(1U, popularity[row])));
}

}  // namespace

NextItem next_item(const Lists& lists, std::span<const Transition> transitions,
                   std::span<const std::uint32_t> popularity, std::size_t k) {
  NextItem result;
  result.transitions = transitions.size();
  const std::uint32_t limit = tail_limit(popularity);
  std::vector<double> ndcg;
  std::vector<double> mrr;
  std::vector<double> tail;
  for (std::size_t begin = 0; begin < transitions.size();) {
    UserSums sums;
    std::size_t end = begin;
    for (; end < transitions.size() && transitions[end].user == transitions[begin].user; ++end) {
      const Transition& t = transitions[end];
      const auto rank = static_cast<double>(rank_of(lists[t.from], t.to, k));
      const double hit = rank > 0 ? 1 : 0;
      const double weight = 1.0 / static_cast<double>(std::max(1U, popularity[t.to]));
      sums.count += 1;
      sums.hits += hit;
      sums.ndcg += rank > 0 ? 1 / std::log2(rank + 1) : 0;
      sums.mrr += rank > 0 ? 1 / rank : 0;
      sums.weights += weight;
      sums.weighted += weight * hit;
      if (popularity[t.to] < limit) {
        sums.tail += 1;
        sums.tail_hits += hit;
      }
    }
    result.user_hit.push_back(sums.hits / sums.count);
    result.user_weighted_hit.push_back(sums.weighted / sums.count);
    result.user_weight.push_back(sums.weights / sums.count);
    ndcg.push_back(sums.ndcg / sums.count);
    mrr.push_back(sums.mrr / sums.count);
    if (sums.tail > 0) tail.push_back(sums.tail_hits / sums.tail);
    begin = end;
  }
  result.hit = mean_of(result.user_hit);
  const double weights = mean_of(result.user_weight);
  result.hit_ipw = weights > 0 ? mean_of(result.user_weighted_hit) / weights : 0;
  result.ndcg = mean_of(ndcg);
  result.mrr = mean_of(mrr);
  result.hit_tail = mean_of(tail);
  return result;
}

namespace {

// The popularity of the item at which the most popular ones hold `tenths` tenths of all positives.
std::uint32_t popularity_at(std::span<const std::uint32_t> popularity, std::uint64_t tenths) {
  std::vector<std::uint32_t> sorted(popularity.begin(), popularity.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const std::uint64_t total = std::accumulate(sorted.begin(), sorted.end(), std::uint64_t{0});
  std::uint64_t sum = 0;
  for (const std::uint32_t count : sorted) {
    sum += count;
    if (10 * sum >= tenths * total) return count;
  }
  return 0;
}

}  // namespace

std::uint32_t tail_limit(std::span<const std::uint32_t> popularity) {
  return popularity_at(popularity, 5);
}

PopularityCuts popularity_cuts(std::span<const std::uint32_t> popularity,
                               std::uint32_t min_positives) {
  PopularityCuts cuts;
  cuts.tail = min_positives;
  cuts.middle = std::max(cuts.tail, popularity_at(popularity, 8));
  cuts.head = std::max(cuts.middle, popularity_at(popularity, 5));
  return cuts;
}

std::size_t slice_of(const PopularityCuts& cuts, std::uint32_t popularity) {
  if (popularity < cuts.tail) return 3;
  if (popularity < cuts.middle) return 2;
  return popularity < cuts.head ? 1 : 0;
}

std::vector<Transition> transitions_into(std::size_t slice, std::span<const Transition> transitions,
                                         std::span<const std::uint32_t> popularity,
                                         const PopularityCuts& cuts) {
  std::vector<Transition> kept;
  for (const Transition& t : transitions) {
    if (slice_of(cuts, popularity[t.to]) == slice) kept.push_back(t);
  }
  return kept;
}

double genre_jaccard(const data::Item& a, const data::Item& b) {
  std::size_t shared = 0;
  for (const auto& genre : a.list(data::kGenres)) {
    if (std::find(b.list(data::kGenres).begin(), b.list(data::kGenres).end(), genre) !=
        b.list(data::kGenres).end())
      ++shared;
  }
  const std::size_t all = a.list(data::kGenres).size() + b.list(data::kGenres).size() - shared;
  return all == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(all);
}

ListHealth list_health(const Lists& lists, std::span<const Row> eligible,
                       std::span<const std::uint32_t> popularity, std::size_t users,
                       const data::Catalog& catalog) {
  std::vector<double> listed(catalog.size(), 0);
  std::vector<double> lift;
  std::vector<double> novelty;
  std::vector<double> coherence;
  std::vector<double> diversity;
  for (Row seed = 0; seed < lists.size(); ++seed) {
    const auto& list = lists[seed];
    if (list.empty()) continue;
    double sum = 0;
    double apart = 0;
    double pairs = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      listed[list[i]] += 1;
      sum += log_popularity(popularity, list[i]);
      novelty.push_back(-std::log2(static_cast<double>(std::max(1U, popularity[list[i]])) /
                                   static_cast<double>(std::max<std::size_t>(1, users))));
      coherence.push_back(genre_jaccard(catalog[seed], catalog[list[i]]));
      for (std::size_t j = 0; j < i; ++j) {
        apart += 1 - genre_jaccard(catalog[list[i]], catalog[list[j]]);
        pairs += 1;
      }
    }
    lift.push_back(sum / static_cast<double>(list.size()) - log_popularity(popularity, seed));
    if (pairs > 0) diversity.push_back(apart / pairs);
  }
  std::vector<double> counts;
  for (const Row row : eligible) counts.push_back(listed[row]);
  ListHealth health;
  health.skew = skewness(counts);
  health.gini = gini_of(counts);
  health.coverage = counts.empty()
                        ? 0
                        : static_cast<double>(std::count_if(counts.begin(), counts.end(),
                                                            [](double c) { return c > 0; })) /
                              static_cast<double>(counts.size());
  health.popularity_lift = mean_of(lift);
  health.novelty = mean_of(novelty);
  health.genre_coherence = mean_of(coherence);
  health.diversity = mean_of(diversity);
  return health;
}

}  // namespace sparrow::evaluate
