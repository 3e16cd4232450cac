#include "sparrow/core/simd/fusion_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/fusion_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> fused_lanes(D d, const FusionRow& a, std::size_t j) {
  const FusionConstants& k = a.constants;
  const auto zero = hn::Zero(d);
  const auto cosine = hn::LoadU(d, a.cosine + j);
  const auto rich = hn::Mul(hn::Set(d, a.seed.richness), hn::LoadU(d, a.columns.richness + j));
  const auto standard = [&](auto x) {
    return hn::Mul(hn::Sub(x, hn::Set(d, k.content_mean)), hn::Set(d, k.content_scale));
  };
  // Where one of the two has no behavior, what its content lacks counts as not shared.
  auto c = standard(hn::Mul(cosine, hn::Mul(rich, rich)));
  auto behavior = hn::Mul(hn::Set(d, k.behavior_slope), c);
  auto share = c;
  if (a.seed.known) {
    const auto known = hn::Gt(hn::LoadU(d, a.columns.known + j), zero);
    const auto measured = hn::Mul(hn::Sub(hn::LoadU(d, a.inner + j), hn::Set(d, k.behavior_mean)),
                                  hn::Set(d, k.behavior_scale));
    const auto whole = standard(cosine);
    behavior = hn::IfThenElse(known, measured, behavior);
    share = hn::IfThenElse(known, hn::Mul(rich, whole), c);
    c = hn::IfThenElse(known, whole, c);
  }
  const auto content = hn::Mul(hn::Set(d, k.content_weight), share);
  const auto above = hn::Max(hn::Sub(behavior, hn::Set(d, k.closeness_threshold)), zero);
  const auto agreeing = hn::Min(
      hn::Max(hn::MulAdd(hn::Set(d, k.closeness_agreement), c, hn::Set(d, k.closeness_base)), zero),
      hn::Set(d, 1.0F));
  const auto closeness = hn::Mul(hn::Mul(hn::Set(d, k.closeness_bonus), above), agreeing);
  const auto popularity =
      hn::Mul(hn::Set(d, k.popularity_penalty),
              hn::Add(hn::Set(d, a.seed.popularity), hn::LoadU(d, a.columns.popularity + j)));
  return hn::Sub(
      hn::Add(hn::MulAdd(hn::Set(d, 1 - k.content_weight), behavior, content), closeness),
      popularity);
}

template <class D>
HWY_INLINE hn::Vec<D> smaller_z_lanes(D d, const FusionRow& a, std::size_t j) {
  const auto s = fused_lanes(d, a, j);
  const auto mine = hn::Mul(hn::Sub(s, hn::Set(d, a.seed.mean_s)), hn::Set(d, a.seed.scale_s));
  const auto theirs =
      hn::Mul(hn::Sub(s, hn::LoadU(d, a.columns.mean_s + j)), hn::LoadU(d, a.columns.scale_s + j));
  const auto l = hn::Mul(hn::Set(d, 0.5F), hn::Add(mine, theirs));
  return hn::Min(
      hn::Mul(hn::Sub(l, hn::Set(d, a.seed.mean_l)), hn::Set(d, a.seed.scale_l)),
      hn::Mul(hn::Sub(l, hn::LoadU(d, a.columns.mean_l + j)), hn::LoadU(d, a.columns.scale_l + j)));
}

void fused_row_target(const FusionRow& a, float* out) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const std::size_t n = a.n;
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= n; j += hn::Lanes(d)) hn::StoreU(fused_lanes(d, a, j), d, out + j);
  for (; j < n; ++j) hn::StoreU(fused_lanes(one, a, j), one, out + j);
}

void fused_smaller_z_target(const FusionRow& a, float* out) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const std::size_t n = a.n;
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= n; j += hn::Lanes(d)) hn::StoreU(smaller_z_lanes(d, a, j), d, out + j);
  for (; j < n; ++j) hn::StoreU(smaller_z_lanes(one, a, j), one, out + j);
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(fused_row_target);
HWY_EXPORT(fused_smaller_z_target);

void fused_row(const FusionRow& row, float* out) {
  HWY_DYNAMIC_DISPATCH(fused_row_target)(row, out);
}

void fused_smaller_z(const FusionRow& row, float* out) {
  HWY_DYNAMIC_DISPATCH(fused_smaller_z_target)(row, out);
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
