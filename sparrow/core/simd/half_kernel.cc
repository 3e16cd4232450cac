#include "sparrow/core/simd/half_kernel.h"

#include "sparrow/core/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/half_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_wide(D d, const std::uint16_t* from) {
  const hn::Rebind<std::uint16_t, D> words;
  const hn::Rebind<hwy::float16_t, D> halves;
  return hn::PromoteTo(d, hn::BitCast(halves, hn::LoadU(words, from)));
}
template <class D>
HWY_INLINE hn::Vec<D> load_wide(D d, const float* from) {
  return hn::LoadU(d, from);
}
HWY_INLINE float wide(std::uint16_t value) { return float32_of(value); }
HWY_INLINE float wide(float value) { return value; }

void widen_target(const std::uint16_t* from, std::size_t n, float* to) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(load_wide(d, from + i), d, to + i);
  for (; i < n; ++i) to[i] = wide(from[i]);
}

// One order of additions whatever the two are kept in.
template <typename A>
HWY_INLINE float dot_wide(const A* a, const std::uint16_t* b, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum0 = hn::MulAdd(load_wide(d, a + i), load_wide(d, b + i), sum0);
    sum1 = hn::MulAdd(load_wide(d, a + i + lanes), load_wide(d, b + i + lanes), sum1);
  }
  if (i + lanes <= n) {
    sum0 = hn::MulAdd(load_wide(d, a + i), load_wide(d, b + i), sum0);
    i += lanes;
  }
  float total = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) total += wide(a[i]) * wide(b[i]);
  return total;
}

float dot_halves_target(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  return dot_wide(a, b, n);
}

void dot_half_rows_target(const float* query, const std::uint16_t* rows, std::size_t count,
                          std::size_t n, float* out) {
  for (std::size_t r = 0; r < count; ++r) out[r] = dot_wide(query, rows + r * n, n);
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(widen_target);
HWY_EXPORT(dot_halves_target);
HWY_EXPORT(dot_half_rows_target);

void widen(const std::uint16_t* from, std::size_t n, float* to) {
  HWY_DYNAMIC_DISPATCH(widen_target)(from, n, to);
}
float dot_halves(const std::uint16_t* a, const std::uint16_t* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot_halves_target)(a, b, n);
}
void dot_half_rows(const float* query, const std::uint16_t* rows, std::size_t count, std::size_t n,
                   float* out) {
  HWY_DYNAMIC_DISPATCH(dot_half_rows_target)(query, rows, count, n, out);
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
