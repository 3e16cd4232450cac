// Kernels of the fused similarity (model/fusion_similarity.h has the formula): one item, the seed,
// against many. They divide by multiplying, so they differ from the scalar formula in the last
// bits: good for statistics, and for telling which pairs are worth the scalar formula.
#pragma once

#include <cstddef>

namespace sparrow::simd {

struct FusionConstants {
  float content_weight = 0;
  float closeness_bonus = 0;
  float closeness_threshold = 0;
  float closeness_base = 0;
  float closeness_agreement = 0;
  float popularity_penalty = 0;
  float behavior_mean = 0;
  float behavior_scale = 1;  // 1 / deviation
  float behavior_slope = 0;
  float content_mean = 0;
  float content_scale = 1;
};

struct FusionSeed {
  bool known = false;  // has a behavior vector
  float richness = 0;
  float popularity = 0;
  float mean_s = 0;
  float scale_s = 1;
  float mean_l = 0;
  float scale_l = 1;
};

// The same of the other items, an array each.
struct FusionColumns {
  const float* known = nullptr;  // 1 or 0
  const float* richness = nullptr;
  const float* popularity = nullptr;
  const float* mean_s = nullptr;
  const float* scale_s = nullptr;
  const float* mean_l = nullptr;
  const float* scale_l = nullptr;
};

// inner and cosine: of the seed with items 0..n-1; inner is not read when the seed is not known.
struct FusionRow {
  const FusionConstants& constants;
  const FusionSeed& seed;
  const FusionColumns& columns;
  const float* inner = nullptr;
  const float* cosine = nullptr;
  std::size_t n = 0;
};

// out[j] = S of the seed and item j.
void fused_row(const FusionRow& row, float* out);

// out[j] = min((L - mean_l) * scale_l of the seed, the same of item j): the smaller z of the two
// whose tails make the similarity.
void fused_smaller_z(const FusionRow& row, float* out);

}  // namespace sparrow::simd
