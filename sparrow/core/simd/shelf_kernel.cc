#include "sparrow/core/simd/shelf_kernel.h"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/shelf_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using ShelfFloats = hn::CappedTag<float, kShelfLanes>;
using ShelfBits = hn::RebindToUnsigned<ShelfFloats>;
using ShelfInts = hn::RebindToSigned<ShelfFloats>;

HWY_INLINE hn::Vec<ShelfFloats> shelf_likeness(const ShelfColumns& a, const ShelfPlace& taken,
                                               std::size_t i) {
  const ShelfFloats d;
  const ShelfBits bits;
  const ShelfInts ints;
  const auto low = static_cast<std::uint32_t>(taken.genres);
  const auto high = static_cast<std::uint32_t>(taken.genres >> 32);
  auto shared = hn::PopulationCount(hn::And(hn::LoadU(bits, a.genres_low + i), hn::Set(bits, low)));
  if (a.genres_high != nullptr && high != 0)
    shared = hn::Add(shared, hn::PopulationCount(
                                 hn::And(hn::LoadU(bits, a.genres_high + i), hn::Set(bits, high))));
  const auto both = hn::ConvertTo(d, hn::BitCast(ints, shared));
  const auto mine = hn::Set(d, static_cast<float>(std::popcount(taken.genres)));
  const auto all = hn::Sub(hn::Add(hn::LoadU(d, a.genre_count + i), mine), both);
  const auto genres = hn::IfThenElseZero(hn::Gt(both, hn::Zero(d)), hn::Div(both, all));
  auto like = hn::Mul(hn::Set(d, 0.6F), genres);
  const auto one_series = hn::Eq(hn::LoadU(bits, a.series + i), hn::Set(bits, taken.series));
  if (taken.series != 0)
    like = hn::Add(like, hn::IfThenElseZero(hn::RebindMask(d, one_series), hn::Set(d, 0.25F)));
  if (taken.year == 0) return like;
  const auto year = hn::LoadU(ints, a.year + i);
  const auto apart = hn::Abs(hn::Sub(year, hn::Set(ints, taken.year)));
  const auto near = hn::AndNot(hn::VecFromMask(ints, hn::Eq(year, hn::Zero(ints))),
                               hn::VecFromMask(ints, hn::Lt(apart, hn::Set(ints, 6))));
  return hn::Add(like, hn::BitCast(d, hn::And(near, hn::BitCast(ints, hn::Set(d, 0.15F)))));
}

LargestValue lower_values_target(const ShelfColumns& items, const ShelfPlace& taken,
                                 float diversity) {
  const std::size_t n = items.n;
  const ShelfFloats d;
  const auto share = hn::Set(d, diversity);
  auto largest = hn::Set(d, -__builtin_inff());
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto most = hn::Max(hn::LoadU(d, items.overlap + i), shelf_likeness(items, taken, i));
    hn::StoreU(most, d, items.overlap + i);
    const auto left = hn::Sub(hn::LoadU(d, items.worth + i), hn::Mul(share, most));
    hn::StoreU(left, d, items.value + i);
    largest = hn::Max(largest, left);
  }
  const auto all_largest = hn::MaxOfLanes(d, largest);
  LargestValue found{hn::GetLane(all_largest), n, 0};
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto here = hn::Eq(hn::LoadU(d, items.value + i), all_largest);
    if (hn::AllFalse(d, here)) continue;
    if (found.count == 0) found.first = i + static_cast<std::size_t>(hn::FindFirstTrue(d, here));
    found.count += hn::CountTrue(d, here);
  }
  return found;
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(lower_values_target);

LargestValue lower_values(const ShelfColumns& items, const ShelfPlace& taken, float diversity) {
  return HWY_DYNAMIC_DISPATCH(lower_values_target)(items, taken, diversity);
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
