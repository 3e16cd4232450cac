// Statistics of plain numbers: skewness, agreement of graders, areas under curves, intervals and
// paired tests. Each is a plain function; the papers are named beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sparrow::evaluate {

// Third standardised moment; 0 where all values are equal. Of how often items are listed it is
// their hubness (Radovanovic et al. 2010).
double skewness(std::span<const double> values);
double skewness(std::span<const std::uint32_t> counts);

// Cohen's kappa (Cohen 1960) of two graders: agreement beyond what their shares of grades give.
// counts[g * grades + h]: pairs that the first gave grade g and the second h. Nothing when there
// are no pairs or chance alone agrees.
struct Agreement {
  double observed = 0;          // share of pairs (of graders) that agree
  std::optional<double> kappa;  // beyond chance
};
Agreement cohen_agreement(std::span<const double> counts, std::size_t grades);
// Fleiss' kappa (Fleiss 1971), extended to unequal numbers of graders. subjects[s * grades + g]:
// how many gave subject s the grade g; subjects with fewer than two graders do not count.
Agreement fleiss_agreement(std::span<const double> subjects, std::size_t grades);

// Area under the ROC curve of scores for positives against negatives; ties count half. 0.5 if
// either is empty.
double roc_auc(std::span<const float> positives, std::span<const float> negatives);
// Mean precision at each positive, best score first; tied scores count as one block.
double average_precision(std::span<const float> positives, std::span<const float> negatives);

struct Interval {
  double low = 0;
  double high = 0;
};
// 95 % percentile bootstrap of a mean (1,000 resamples, seeded).
Interval bootstrap_mean(std::span<const double> values, std::uint64_t seed);
// 95 % percentile bootstrap of sum(numerators) / sum(denominators), resampled in pairs.
Interval bootstrap_ratio(std::span<const double> numerators, std::span<const double> denominators,
                         std::uint64_t seed);
// 95 % bootstrap of roc_auc, resampling positives and negatives apart.
Interval bootstrap_auc(std::span<const float> positives, std::span<const float> negatives,
                       std::uint64_t seed);
// One scored pair's part in an AUC: the share of pairs of the other kind that it is on the right
// side of, ties half. Pairs of one cluster depend on each other, as those of one series do.
struct Placement {
  bool positive = false;
  std::uint32_t cluster = 0;
  double value = 0;
};
struct ScoredPair {
  bool positive = false;
  std::uint32_t cluster = 0;
  float score = 0;
};
// One for one with `pairs`; empty unless both kinds are there. O(n log n).
std::vector<Placement> placements(std::span<const ScoredPair> pairs);
struct Difference {
  double value = 0;
  Interval interval;  // 95 %, normal
  double p = 1;       // two-sided
};
// AUC of `b` minus AUC of `a` over the same pairs in the same order: DeLong, DeLong &
// Clarke-Pearson (1988), with clusters as Obuchowski (1997). Nothing is claimed (p = 1) when the
// pairs are not the same or lie in fewer than two clusters.
Difference paired_auc(std::span<const Placement> a, std::span<const Placement> b);

// Two-sided p value of a paired sign-flip permutation test (Fisher 1935; 5,000 flips, seeded).
double paired_permutation_p(std::span<const double> a, std::span<const double> b,
                            std::uint64_t seed);

}  // namespace sparrow::evaluate
