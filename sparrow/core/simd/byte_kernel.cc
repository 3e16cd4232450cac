#include "sparrow/core/simd/byte_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/byte_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void dot_byte_blocks_target(const std::int16_t* query, const ByteBlocks& blocks,
                            std::span<const std::uint32_t> ids, std::int32_t* out) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto* row = reinterpret_cast<const std::int8_t*>(blocks.data + ids[i] * blocks.stride);
    out[i] = 0;
    for (std::size_t c = 0; c < blocks.n; ++c) out[i] += query[c] * row[c];
  }
}

std::int32_t dot_nibbles_target(const std::int16_t* query, const std::uint8_t* nibbles,
                                std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n / 2; ++i)
    sum += query[i] * (nibbles[i] & 15) + query[n / 2 + i] * (nibbles[i] >> 4);
  return sum;
}

void widen_bytes_target(const std::uint8_t* from, std::size_t n, std::int16_t* to) {
  for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<std::int8_t>(from[i]);
}

std::size_t positions_of_set_target(const std::uint8_t* flags, std::size_t n, std::uint32_t first,
                                    std::uint32_t* out) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (flags[i] != 0) out[count++] = first + static_cast<std::uint32_t>(i);
  }
  return count;
}

#else

using Sums = hn::ScalableTag<std::int32_t>;
using Words = hn::Repartition<std::int16_t, Sums>;
using SumVec = hn::Vec<Sums>;
using WordVec = hn::Vec<Words>;

// Two products side by side are added to each 32-bit lane.
HWY_INLINE void add_products(WordVec a, WordVec b, SumVec& even, SumVec& odd) {
  even = hn::ReorderWidenMulAccumulate(Sums(), a, b, even, odd);
}

HWY_INLINE WordVec load_row(const std::uint8_t* from) {
  const hn::Rebind<std::int8_t, Words> bytes;
  return hn::PromoteTo(Words(), hn::LoadU(bytes, reinterpret_cast<const std::int8_t*>(from)));
}

template <class Tag, class Vector>
HWY_INLINE hn::Vec<hn::CappedTag<std::int32_t, 4> > add_to_four(Tag d, Vector v) {
  if constexpr (hn::MaxLanes(Tag()) <= 4) {
    (void)d;
    return v;
  } else {
    const hn::Half<Tag> half;
    return add_to_four(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Lane sums of four vectors, side by side.
HWY_INLINE void store_four(const SumVec* sums, std::int32_t* out) {
  const hn::CappedTag<std::int32_t, 4> d4;
  const auto x = add_to_four(Sums(), sums[0]);
  const auto y = add_to_four(Sums(), sums[1]);
  const auto z = add_to_four(Sums(), sums[2]);
  const auto w = add_to_four(Sums(), sums[3]);
  const auto xy = hn::Add(hn::InterleaveLower(d4, x, y), hn::InterleaveUpper(d4, x, y));
  const auto zw = hn::Add(hn::InterleaveLower(d4, z, w), hn::InterleaveUpper(d4, z, w));
  hn::StoreU(hn::Add(hn::ConcatLowerLower(d4, zw, xy), hn::ConcatUpperUpper(d4, zw, xy)), d4, out);
}

// Four rows at a time, so that a query is loaded once and the sums of lanes cost a quarter.
void dot_byte_blocks_target(const std::int16_t* query, const ByteBlocks& blocks,
                            std::span<const std::uint32_t> ids, std::int32_t* out) {
  const Words words;
  const std::size_t lanes = hn::Lanes(words);
  const auto row_of = [&](std::size_t i) { return blocks.data + ids[i] * blocks.stride; };
  std::size_t i = 0;
  for (; i + 4 <= ids.size(); i += 4) {
    const std::uint8_t* rows[4] = {row_of(i), row_of(i + 1), row_of(i + 2), row_of(i + 3)};
    SumVec even[4] = {hn::Zero(Sums()), hn::Zero(Sums()), hn::Zero(Sums()), hn::Zero(Sums())};
    SumVec odd[4] = {even[0], even[1], even[2], even[3]};
    for (std::size_t c = 0; c < blocks.n; c += lanes) {
      const auto q = hn::LoadU(words, query + c);
      for (std::size_t r = 0; r < 4; ++r) add_products(q, load_row(rows[r] + c), even[r], odd[r]);
    }
    for (std::size_t r = 0; r < 4; ++r) even[r] = hn::Add(even[r], odd[r]);
    store_four(even, out + i);
  }
  for (; i < ids.size(); ++i) {
    const std::uint8_t* row = row_of(i);
    auto even = hn::Zero(Sums());
    auto odd = hn::Zero(Sums());
    for (std::size_t c = 0; c < blocks.n; c += lanes)
      add_products(hn::LoadU(words, query + c), load_row(row + c), even, odd);
    out[i] = hn::GetLane(hn::SumOfLanes(Sums(), hn::Add(even, odd)));
  }
}

std::int32_t dot_nibbles_target(const std::int16_t* query, const std::uint8_t* nibbles,
                                std::size_t n) {
  // n / 2 is a multiple of 16, which a vector of 512 bits would pass.
  const hn::CappedTag<std::int16_t, 16> words;
  const hn::RepartitionToWide<decltype(words)> sums;
  const hn::Rebind<std::uint8_t, decltype(words)> bytes;
  const auto low = hn::Set(words, 15);
  auto even = hn::Zero(sums);
  auto odd = hn::Zero(sums);
  for (std::size_t c = 0; c < n / 2; c += hn::Lanes(words)) {
    const auto both = hn::PromoteTo(words, hn::LoadU(bytes, nibbles + c));
    even = hn::ReorderWidenMulAccumulate(sums, hn::LoadU(words, query + c), hn::And(both, low),
                                         even, odd);
    even = hn::ReorderWidenMulAccumulate(sums, hn::LoadU(words, query + n / 2 + c),
                                         hn::ShiftRight<4>(both), even, odd);
  }
  return hn::GetLane(hn::SumOfLanes(sums, hn::Add(even, odd)));
}

void widen_bytes_target(const std::uint8_t* from, std::size_t n, std::int16_t* to) {
  const Words words;
  for (std::size_t c = 0; c < n; c += hn::Lanes(words))
    hn::StoreU(load_row(from + c), words, to + c);
}

std::size_t positions_of_set_target(const std::uint8_t* flags, std::size_t n, std::uint32_t first,
                                    std::uint32_t* out) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  std::size_t count = 0;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto set = hn::Ne(hn::LoadU(d, flags + i), zero);
    if (hn::AllFalse(d, set)) continue;
    std::uint64_t bits = 0;
    hn::StoreMaskBits(d, set, reinterpret_cast<std::uint8_t*>(&bits));
    for (; bits != 0; bits &= bits - 1)
      out[count++] =
          first + static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(__builtin_ctzll(bits));
  }
  for (; i < n; ++i) {
    if (flags[i] != 0) out[count++] = first + static_cast<std::uint32_t>(i);
  }
  return count;
}

#endif

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#if HWY_ARCH_X86
#include <immintrin.h>
#endif

#include "sparrow/core/simd/kernels.h"

namespace sparrow::simd {
namespace {

using DotByteBlocks = void (*)(const std::int16_t*, const ByteBlocks&,
                               std::span<const std::uint32_t>, std::int32_t*);

#if HWY_ARCH_X86
// VNNI multiplies pairs and adds them up in one instruction. Highway 1.0.3 does not have it, and
// asks for AVX-VNNI, which the first processors with AVX-512 VNNI lack, where it comes near.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void dot_byte_blocks_vnni(
    const std::int16_t* query, const ByteBlocks& blocks, std::span<const std::uint32_t> ids,
    std::int32_t* out) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::uint8_t* row = blocks.data + ids[i] * blocks.stride;
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t c = 0; c < blocks.n; c += kByteStep) {
      const __m512i wide =
          _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + c)));
      sum = _mm512_dpwssd_epi32(sum, _mm512_loadu_si512(query + c), wide);
    }
    out[i] = _mm512_reduce_add_epi32(sum);
  }
}
#endif

}  // namespace

HWY_EXPORT(dot_byte_blocks_target);
HWY_EXPORT(dot_nibbles_target);
HWY_EXPORT(widen_bytes_target);
HWY_EXPORT(positions_of_set_target);

namespace {

DotByteBlocks choose_dot_byte_blocks() {
  const bool wide = active_target() == "avx512";  // and the choice of the target is made
#if HWY_ARCH_X86
  if (wide && __builtin_cpu_supports("avx512vnni") != 0) return dot_byte_blocks_vnni;
#else
  (void)wide;
#endif
  return &HWY_DYNAMIC_DISPATCH(dot_byte_blocks_target);
}

}  // namespace

void dot_byte_blocks(const std::int16_t* query, const ByteBlocks& blocks,
                     std::span<const std::uint32_t> ids, std::int32_t* out) {
  static const DotByteBlocks chosen = choose_dot_byte_blocks();
  chosen(query, blocks, ids, out);
}
std::int32_t dot_nibbles(const std::int16_t* query, const std::uint8_t* nibbles, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot_nibbles_target)(query, nibbles, n);
}
void widen_bytes(const std::uint8_t* from, std::size_t n, std::int16_t* to) {
  HWY_DYNAMIC_DISPATCH(widen_bytes_target)(from, n, to);
}
std::size_t positions_of_set(const std::uint8_t* flags, std::size_t n, std::uint32_t first,
                             std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(positions_of_set_target)(flags, n, first, out);
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
