#include "sparrow/evaluate/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "sparrow/core/random.h"

namespace sparrow::evaluate {
namespace {

template <typename Resample>
Interval percentile_interval(const Resample& resample, std::uint64_t seed) {
  constexpr std::size_t kResamples = 1000;
  Random random(seed);
  std::vector<double> values(kResamples);
  for (double& v : values) v = resample(random);
  std::sort(values.begin(), values.end());
  return {values[kResamples * 25 / 1000], values[kResamples * 975 / 1000 - 1]};
}

}  // namespace

double skewness(std::span<const double> values) {
  if (values.empty()) return 0;
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double second = 0;
  double third = 0;
  for (const double v : values) {
    second += (v - mean) * (v - mean);
    third += (v - mean) * (v - mean) * (v - mean);
  }
  const auto n = static_cast<double>(values.size());
  second /= n;
  third /= n;
  return second > 0 ? third / std::pow(second, 1.5) : 0;
}

double skewness(std::span<const std::uint32_t> counts) {
  return skewness(std::vector<double>(counts.begin(), counts.end()));
}

Agreement cohen_agreement(std::span<const double> counts, std::size_t grades) {
  const double shared = std::accumulate(counts.begin(), counts.end(), 0.0);
  if (shared <= 0) return {};
  Agreement agreement;
  double chance = 0;
  for (std::size_t g = 0; g < grades; ++g) {
    double first = 0;
    double second = 0;
    for (std::size_t h = 0; h < grades; ++h) {
      first += counts[g * grades + h];
      second += counts[h * grades + g];
    }
    agreement.observed += counts[g * grades + g] / shared;
    chance += (first / shared) * (second / shared);
  }
  if (chance < 1) agreement.kappa = (agreement.observed - chance) / (1 - chance);
  return agreement;
}

Agreement fleiss_agreement(std::span<const double> subjects, std::size_t grades) {
  std::vector<double> share(grades, 0.0);
  double observed = 0;
  double counted = 0;
  double ratings = 0;
  for (std::size_t begin = 0; begin < subjects.size(); begin += grades) {
    const auto counts = subjects.subspan(begin, grades);
    const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (n < 2) continue;
    double agree = 0;
    for (std::size_t g = 0; g < grades; ++g) {
      agree += counts[g] * (counts[g] - 1);
      share[g] += counts[g];
    }
    observed += agree / (n * (n - 1));
    ratings += n;
    ++counted;
  }
  if (counted <= 0) return {};
  double chance = 0;
  for (const double s : share) chance += (s / ratings) * (s / ratings);
  Agreement agreement;
  agreement.observed = observed / counted;
  if (chance < 1) agreement.kappa = (agreement.observed - chance) / (1 - chance);
  return agreement;
}

double roc_auc(std::span<const float> positives, std::span<const float> negatives) {
  if (positives.empty() || negatives.empty()) return 0.5;
  std::vector<float> sorted(negatives.begin(), negatives.end());
  std::sort(sorted.begin(), sorted.end());
  double wins = 0;
  for (const float p : positives) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), p) - sorted.begin();
    const auto not_above = std::upper_bound(sorted.begin(), sorted.end(), p) - sorted.begin();
    wins += 0.5 * static_cast<double>(below + not_above);
  }
  return wins / (static_cast<double>(positives.size()) * static_cast<double>(negatives.size()));
}

double average_precision(std::span<const float> positives, std::span<const float> negatives) {
  std::vector<std::pair<float, bool>> all;
  for (const float p : positives) all.emplace_back(p, true);
  for (const float n : negatives) all.emplace_back(n, false);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  double found = 0;
  double sum = 0;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t j = i;
    double hits = 0;
    for (; j < all.size() && all[j].first == all[i].first; ++j) hits += all[j].second ? 1 : 0;
    found += hits;
    sum += hits * found / static_cast<double>(j);
    i = j;
  }
  return positives.empty() ? 0 : sum / static_cast<double>(positives.size());
}

Interval bootstrap_mean(std::span<const double> values, std::uint64_t seed) {
  if (values.empty()) return {};
  return percentile_interval(
      [&](Random& random) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
          sum += values[random.below(static_cast<std::uint32_t>(values.size()))];
        return sum / static_cast<double>(values.size());
      },
      seed);
}

Interval bootstrap_ratio(std::span<const double> numerators, std::span<const double> denominators,
                         std::uint64_t seed) {
  if (numerators.empty()) return {};
  return percentile_interval(
      [&](Random& random) {
        double above = 0;
        double below = 0;
        for (std::size_t i = 0; i < numerators.size(); ++i) {
          const auto at = random.below(static_cast<std::uint32_t>(numerators.size()));
          above += numerators[at];
          below += denominators[at];
        }
        return below > 0 ? above / below : 0.0;
      },
      seed);
}

Interval bootstrap_auc(std::span<const float> positives, std::span<const float> negatives,
                       std::uint64_t seed) {
  if (positives.empty() || negatives.empty()) return {0.5, 0.5};
  std::vector<float> p(positives.size());
  std::vector<float> n(negatives.size());
  return percentile_interval(
      [&](Random& random) {
        for (float& v : p)
          v = positives[random.below(static_cast<std::uint32_t>(positives.size()))];
        for (float& v : n)
          v = negatives[random.below(static_cast<std::uint32_t>(negatives.size()))];
        return roc_auc(p, n);
      },
      seed);
}

std::vector<Placement> placements(std::span<const ScoredPair> pairs) {
  std::array<std::vector<float>, 2> scores;  // of negatives, of positives
  for (const ScoredPair& p : pairs) scores[p.positive ? 1 : 0].push_back(p.score);
  if (scores[0].empty() || scores[1].empty()) return {};
  for (auto& s : scores) std::sort(s.begin(), s.end());
  std::vector<Placement> placed;
  placed.reserve(pairs.size());
  for (const ScoredPair& p : pairs) {
    const auto& others = scores[p.positive ? 0 : 1];
    const auto below = std::lower_bound(others.begin(), others.end(), p.score) - others.begin();
    const auto not_above = std::upper_bound(others.begin(), others.end(), p.score) - others.begin();
    const double share =
        0.5 * static_cast<double>(below + not_above) / static_cast<double>(others.size());
    placed.push_back({p.positive, p.cluster, p.positive ? share : 1 - share});
  }
  return placed;
}

Difference paired_auc(std::span<const Placement> a, std::span<const Placement> b) {
  const bool same =
      std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.positive == y.positive && x.cluster == y.cluster;
      });
  std::array<double, 2> sum{};
  std::array<double, 2> count{};
  for (std::size_t i = 0; same && i < a.size(); ++i) {
    sum[a[i].positive ? 1 : 0] += b[i].value - a[i].value;
    count[a[i].positive ? 1 : 0] += 1;
  }
  if (count[0] == 0 || count[1] == 0) return {};
  // Both kinds have the same mean: the difference of the areas.
  const double difference = sum[1] / count[1];
  std::map<std::uint32_t, double> deviations;
  for (std::size_t i = 0; i < a.size(); ++i) {
    deviations[a[i].cluster] +=
        (b[i].value - a[i].value - difference) / count[a[i].positive ? 1 : 0];
  }
  const auto clusters = static_cast<double>(deviations.size());
  if (clusters < 2) return {difference, {difference, difference}, 1};
  double variance = 0;
  for (const auto& [cluster, deviation] : deviations) variance += deviation * deviation;
  const double error = std::sqrt(variance * clusters / (clusters - 1));
  const double half = 1.959964 * error;
  const double p = error > 0 ? std::erfc(std::abs(difference) / error / std::sqrt(2.0))
                             : (difference == 0 ? 1.0 : 0.0);
  return {difference, {difference - half, difference + half}, p};
}

double paired_permutation_p(std::span<const double> a, std::span<const double> b,
                            std::uint64_t seed) {
  constexpr std::size_t kFlips = 5000;
  const std::size_t n = std::min(a.size(), b.size());
  double observed = 0;
  for (std::size_t i = 0; i < n; ++i) observed += a[i] - b[i];
  Random random(seed);
  std::size_t extreme = 1;
  for (std::size_t f = 0; f < kFlips; ++f) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      sum += (random.next() >> 63) != 0 ? a[i] - b[i] : b[i] - a[i];
    if (std::abs(sum) >= std::abs(observed) - 1e-12) ++extreme;
  }
  return static_cast<double>(extreme) / static_cast<double>(kFlips + 1);
}

}  // namespace sparrow::evaluate
