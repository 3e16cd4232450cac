// The formula of the fused similarity, for one pair of items i and j. All else (search, statistics,
// the vector kernels) is a faster way to it.
//
// Behavior and content enter standardised over random pairs of items with behavior. rho^4 is an
// item's content richness (share of the block weights it really has), p its standardised ln
// popularity. Closeness lets pairs that are watched together far more than chance stand first, the
// more so where content agrees. Mutual proximity (Schnitzer et al. 2012, JMLR 13) frees the lists
// of hubs: near is what each of the two finds nearer than others. The similarity is -log10(1 - P):
// 3 means that one pair in a thousand is closer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace sparrow::model {

// Scalars of a fusion, kept as a tensor of float32 in this order.
struct FusionParameters {
  float content_weight = 0;      // c, 0..1
  float closeness_bonus = 0;     // gamma
  float popularity_penalty = 0;  // beta
  float behavior_mean = 0;       // of <v_i, v_j> over random pairs
  float behavior_deviation = 1;
  float content_mean = 0;  // of cos(content_i, content_j)
  float content_deviation = 1;
  float behavior_slope = 0;          // b: regression of B on C
  float closeness_threshold = 3;     // t
  float closeness_base = 0;          // g
  float closeness_agreement = 0.5F;  // h
  static constexpr std::size_t kCount = 11;
};

// Per item, a row of a tensor of float32.
struct FusionItem {
  float richness = 0;    // rho
  float popularity = 0;  // p
  float mean_s = 0;      // of S_ij over the reference items j
  float deviation_s = 1;
  float mean_l = 0;  // of L_ij
  float deviation_l = 1;
  static constexpr std::size_t kCount = 6;
};

// Upper tail of the standard normal.
inline double upper_tail(float z) {
  constexpr float kHalfSqrt2 = 0.70710678F;
  return 0.5 * std::erfc(static_cast<double>(z * kHalfSqrt2));
}

struct FusionFormula {
  FusionParameters q;

  // clang-format off

  //  C = (cos(content_i, content_j) - mean) / deviation                  where both have behavior,
  //  C = (cos(content_i, content_j) (rho_i rho_j)^2 - mean) / deviation  where not: what an item
  //      lacks counts as not shared, else items of little content were near to everything
  float C(bool known, const FusionItem& i, const FusionItem& j, float cosine) const {
    const float rich = i.richness * j.richness;
    return ((known ? cosine : cosine * rich * rich) - q.content_mean) / q.content_deviation;
  }

  //  B = (<v_i, v_j> - mean) / deviation      where both have a behavior vector,
  //  B = b C                                  its expectation given C, where not
  float B(bool known, float inner, float c) const {
    return known ? (inner - q.behavior_mean) / q.behavior_deviation : q.behavior_slope * c;
  }

  //  closeness = gamma max(B - t, 0) clamp(g + h C, 0, 1)
  float closeness(float b, float c) const {
    return q.closeness_bonus * std::max(b - q.closeness_threshold, 0.0F) *
           std::clamp(q.closeness_base + q.closeness_agreement * c, 0.0F, 1.0F);
  }

  //  content = c rho_i rho_j C   where both have behavior,   c C   where not
  float content(bool known, const FusionItem& i, const FusionItem& j, float c) const {
    return q.content_weight * (known ? i.richness * j.richness : 1) * c;
  }

  //  S = (1 - c) B + content + closeness - beta (p_i + p_j)
  float S(bool known, const FusionItem& i, const FusionItem& j, float b, float c) const {
    return (1 - q.content_weight) * b +
           content(known, i, j, c) +
           closeness(b, c) -
           q.popularity_penalty * (i.popularity + j.popularity);
  }

  //  L = ((S - mean_i S) / deviation_i S + (S - mean_j S) / deviation_j S) / 2
  static float L(const FusionItem& i, const FusionItem& j, float s) {
    return 0.5F * ((s - i.mean_s) / i.deviation_s + (s - j.mean_s) / j.deviation_s);
  }

  //  z_i = (L - mean_i L) / deviation_i L
  static float z(const FusionItem& i, float l) { return (l - i.mean_l) / i.deviation_l; }

  //  P = Phi(z_i) Phi(z_j);   similarity = -log10(1 - P)
  static float P(float z_i, float z_j) {
    constexpr double kSmallestTail = 1e-300;
    const double u = upper_tail(z_i);
    const double v = upper_tail(z_j);
    return static_cast<float>(-std::log10(std::max(kSmallestTail, u + v - u * v)));
  }

  // clang-format on
};

}  // namespace sparrow::model
