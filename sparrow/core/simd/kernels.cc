#include "sparrow/core/simd/kernels.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// NOLINTBEGIN(readability-function-size): a product of matrices takes pointers and sizes.
HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float dot_target(const float* a, const float* b, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
    sum1 = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), sum1);
  }
  if (i + lanes <= n) {
    sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
    i += lanes;
  }
  float total = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

float squared_l2_target(const float* a, const float* b, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto diff = hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    sum = hn::MulAdd(diff, diff, sum);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

void axpy_target(float alpha, const float* x, float* y, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, alpha);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
  for (; i < n; ++i) y[i] += alpha * x[i];
}

void scale_target(float* x, float alpha, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, alpha);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(factor, hn::LoadU(d, x + i)), d, x + i);
  for (; i < n; ++i) x[i] *= alpha;
}

void dot_rows_target(const float* query, const float* rows, std::size_t count, std::size_t n,
                     float* out) {
  for (std::size_t r = 0; r < count; ++r) out[r] = dot_target(query, rows + r * n, n);
}

void dot_byte_rows_target(const std::int16_t* query, const std::int8_t* rows, std::size_t count,
                          std::size_t n, std::int32_t* out) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t r = 0; r < count; ++r) {
    out[r] = 0;
    for (std::size_t c = 0; c < n; ++c) out[r] += query[c] * rows[r * n + c];
  }
#else
  const hn::ScalableTag<std::int32_t> sums;
  const hn::Repartition<std::int16_t, decltype(sums)> words;
  const hn::Rebind<std::int8_t, decltype(words)> bytes;
  for (std::size_t r = 0; r < count; ++r) {
    auto even = hn::Zero(sums);
    auto odd = hn::Zero(sums);
    for (std::size_t c = 0; c < n; c += hn::Lanes(words))
      even = hn::ReorderWidenMulAccumulate(sums, hn::LoadU(words, query + c),
                                           hn::PromoteTo(words, hn::LoadU(bytes, rows + r * n + c)),
                                           even, odd);
    out[r] = hn::GetLane(hn::SumOfLanes(sums, hn::Add(even, odd)));
  }
#endif
}

#if HWY_TARGET == HWY_SCALAR
template <class V>
HWY_INLINE void store_four_sums(V a, V b, V c, V e, float* out) {
  out[0] = hn::GetLane(a);
  out[1] = hn::GetLane(b);
  out[2] = hn::GetLane(c);
  out[3] = hn::GetLane(e);
}
#else
// Adds the parts of a vector up until four lanes are left.
template <class Tag, class Vector>
HWY_INLINE hn::Vec<hn::CappedTag<float, 4> > fold_to_four(Tag d, Vector v) {
  if constexpr (hn::MaxLanes(Tag()) <= 4) {
    (void)d;
    return v;
  } else {
    const hn::Half<Tag> half;
    return fold_to_four(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Lane sums of four vectors, side by side.
template <class V>
HWY_INLINE void store_four_sums(V a, V b, V c, V e, float* out) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 4> d4;
  const auto x = fold_to_four(d, a);
  const auto y = fold_to_four(d, b);
  const auto z = fold_to_four(d, c);
  const auto w = fold_to_four(d, e);
  const auto xy = hn::Add(hn::InterleaveLower(d4, x, y), hn::InterleaveUpper(d4, x, y));
  const auto zw = hn::Add(hn::InterleaveLower(d4, z, w), hn::InterleaveUpper(d4, z, w));
  hn::StoreU(hn::Add(hn::ConcatLowerLower(d4, zw, xy), hn::ConcatUpperUpper(d4, zw, xy)), d4, out);
}
#endif

// 32 registers with AVX-512 and Arm, 16 otherwise.
constexpr bool kManyRegisters =
    HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON;

// kRows rows of a against four of b.
template <std::size_t kRows>
HWY_INLINE void dot_by_four(const float* a, const float* b, std::size_t n, float* out,
                            std::size_t out_stride) {
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sums[kRows][4];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  std::size_t c = 0;
  for (; c + lanes <= n; c += lanes) {
    hn::Vec<decltype(d)> columns[4];
    for (std::size_t j = 0; j < 4; ++j) columns[j] = hn::LoadU(d, b + j * n + c);
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto x = hn::LoadU(d, a + i * n + c);
      for (std::size_t j = 0; j < 4; ++j) sums[i][j] = hn::MulAdd(x, columns[j], sums[i][j]);
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    float* to = out + i * out_stride;
    store_four_sums(sums[i][0], sums[i][1], sums[i][2], sums[i][3], to);
    for (std::size_t t = c; t < n; ++t) {
      for (std::size_t j = 0; j < 4; ++j) to[j] += a[i * n + t] * b[j * n + t];
    }
  }
}

void dot_block_target(const float* a, std::size_t a_rows, const float* b, std::size_t b_rows,
                      std::size_t n, float* out, std::size_t out_stride) {
  constexpr std::size_t kRows = kManyRegisters ? 4 : 2;
  std::size_t i = 0;
  for (; i + kRows <= a_rows; i += kRows) {
    std::size_t j = 0;
    for (; j + 4 <= b_rows; j += 4)
      dot_by_four<kRows>(a + i * n, b + j * n, n, out + i * out_stride + j, out_stride);
    for (; j < b_rows; ++j) {
      for (std::size_t r = i; r < i + kRows; ++r)
        out[r * out_stride + j] = dot_target(a + r * n, b + j * n, n);
    }
  }
  for (; i < a_rows; ++i) {
    for (std::size_t j = 0; j < b_rows; ++j)
      out[i * out_stride + j] = dot_target(a + i * n, b + j * n, n);
  }
}

// kRows rows of a against kVectors vectors of the panel's columns.
template <std::size_t kRows, std::size_t kVectors, typename T>
HWY_INLINE void panel_tile(const T* a, const T* panel, std::size_t n, T* out) {
  const hn::CappedTag<T, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sums[kRows][kVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  for (std::size_t c = 0; c < n; ++c) {
    hn::Vec<decltype(d)> columns[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      columns[v] = hn::LoadU(d, panel + c * kPanel + v * lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto x = hn::Set(d, a[r * n + c]);
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(x, columns[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v)
      hn::StoreU(sums[r][v], d, out + r * kPanel + v * lanes);
  }
}

template <typename T>
HWY_INLINE void dot_panel(const T* a, std::size_t a_rows, const T* panel, std::size_t n, T* out) {
  const std::size_t lanes = hn::Lanes(hn::CappedTag<T, 16>());
  constexpr std::size_t kRows = 6;  // 24 or 12 sums
  constexpr std::size_t kVectors = kManyRegisters ? 4 : 2;
  if constexpr (hn::MaxLanes(hn::CappedTag<T, 16>()) * kVectors <= kPanel) {
    for (std::size_t j = 0; j < kPanel; j += kVectors * lanes) {
      std::size_t i = 0;
      for (; i + kRows <= a_rows; i += kRows)
        panel_tile<kRows, kVectors>(a + i * n, panel + j, n, out + i * kPanel + j);
      for (; i < a_rows; ++i)
        panel_tile<1, kVectors>(a + i * n, panel + j, n, out + i * kPanel + j);
    }
  }
}

void dot_panel_target(const float* a, std::size_t a_rows, const float* panel, std::size_t n,
                      float* out) {
  dot_panel(a, a_rows, panel, n, out);
}

void dot_panel_double_target(const double* a, std::size_t a_rows, const double* panel,
                             std::size_t n, double* out) {
#if HWY_HAVE_FLOAT64
  dot_panel(a, a_rows, panel, n, out);
#else
  for (std::size_t i = 0; i < a_rows; ++i) {
    for (std::size_t r = 0; r < kPanel; ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < n; ++c) sum += a[i * n + c] * panel[c * kPanel + r];
      out[i * kPanel + r] = sum;
    }
  }
#endif
}

std::size_t select_above_target(const float* scores, std::size_t n, float threshold,
                                std::uint32_t* out) {
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto bar = hn::Set(d, threshold);
  std::size_t count = 0;
  std::size_t i = 0;
  // Nearly nothing is above: four vectors are looked at together.
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto highest = hn::Max(
        hn::Max(hn::LoadU(d, scores + i), hn::LoadU(d, scores + i + lanes)),
        hn::Max(hn::LoadU(d, scores + i + 2 * lanes), hn::LoadU(d, scores + i + 3 * lanes)));
    if (hn::AllFalse(d, hn::Gt(highest, bar))) continue;
    for (std::size_t j = i; j < i + 4 * lanes; ++j) {
      out[count] = static_cast<std::uint32_t>(j);
      count += scores[j] > threshold ? 1 : 0;
    }
  }
  for (; i < n; ++i) {
    if (scores[i] > threshold) out[count++] = static_cast<std::uint32_t>(i);
  }
  return count;
}

std::uint64_t panel_above_target(const float* scores, float bar, const float* bars) {
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto all = hn::Set(d, bar);
  std::uint64_t rows = 0;
  for (std::size_t r = 0; r < kPanel; r += lanes) {
    const auto above = hn::Gt(hn::LoadU(d, scores + r), hn::Min(all, hn::LoadU(d, bars + r)));
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, above, bytes);
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes, sizeof(bits));
    rows |= (bits & ((std::uint64_t{1} << lanes) - 1)) << r;
  }
  return rows;
}

// kVectors columns of vectors at a time stay in registers over all entries.
template <std::size_t kVectors, class Index>
HWY_INLINE void weighted_columns(const float* weights, const Index* rows, std::size_t count,
                                 std::size_t following, const float* x, std::size_t width,
                                 float* out) {
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kAhead = 8;
  hn::Vec<decltype(d)> sums[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) sums[v] = hn::LoadU(d, out + v * lanes);
  for (std::size_t e = 0; e < count; ++e) {
    if (e + kAhead < count + following) {
      const float* next = x + rows[e + kAhead] * width;
      for (std::size_t v = 0; v < kVectors; ++v) __builtin_prefetch(next + v * lanes);
    }
    const auto weight = hn::Set(d, weights[e]);
    const float* row = x + rows[e] * width;
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[v] = hn::MulAdd(weight, hn::LoadU(d, row + v * lanes), sums[v]);
  }
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[v], d, out + v * lanes);
}

template <class Index>
HWY_INLINE void weighted_add(const float* weights, const Index* rows, std::size_t count,
                             std::size_t following, const float* x, std::size_t width, float* out) {
  const std::size_t lanes = hn::Lanes(hn::CappedTag<float, 16>());
  std::size_t c = 0;
  const auto columns = [&]<std::size_t kVectors>(std::integral_constant<std::size_t, kVectors>) {
    for (; c + kVectors * lanes <= width; c += kVectors * lanes)
      weighted_columns<kVectors>(weights, rows, count, following, x + c, width, out + c);
  };
  columns(std::integral_constant<std::size_t, 10>());
  columns(std::integral_constant<std::size_t, 6>());
  columns(std::integral_constant<std::size_t, 4>());
  columns(std::integral_constant<std::size_t, 2>());
  columns(std::integral_constant<std::size_t, 1>());
  for (; c < width; ++c) {
    for (std::size_t e = 0; e < count; ++e) out[c] += weights[e] * x[rows[e] * width + c];
  }
}

void weighted_add_wide_target(const float* weights, const std::uint32_t* rows, std::size_t count,
                              std::size_t following, const float* x, std::size_t width,
                              float* out) {
  weighted_add(weights, rows, count, following, x, width, out);
}
void weighted_add_narrow_target(const float* weights, const std::uint16_t* rows, std::size_t count,
                                std::size_t following, const float* x, std::size_t width,
                                float* out) {
  weighted_add(weights, rows, count, following, x, width, out);
}

std::uint64_t multiply_adds_target(std::size_t rounds, float* out) {
  const hn::CappedTag<float, 16> d;
  constexpr std::size_t kChains = 12;  // two a cycle, each four or five cycles long
  hn::Vec<decltype(d)> sums[kChains];
  for (std::size_t s = 0; s < kChains; ++s) sums[s] = hn::Set(d, static_cast<float>(s));
  const auto factor = hn::Set(d, 0.5F);
  for (std::size_t r = 0; r < rounds; ++r) {
    for (std::size_t s = 0; s < kChains; ++s) sums[s] = hn::MulAdd(sums[s], factor, factor);
  }
  auto sum = hn::Zero(d);
  for (std::size_t s = 0; s < kChains; ++s) sum = hn::Add(sum, sums[s]);
  *out = hn::GetLane(hn::SumOfLanes(d, sum));
  return std::uint64_t{rounds} * kChains * hn::Lanes(d) * 2;
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(dot_target);
HWY_EXPORT(squared_l2_target);
HWY_EXPORT(axpy_target);
HWY_EXPORT(scale_target);
HWY_EXPORT(dot_rows_target);
HWY_EXPORT(dot_byte_rows_target);
HWY_EXPORT(weighted_add_wide_target);
HWY_EXPORT(weighted_add_narrow_target);
HWY_EXPORT(dot_block_target);
HWY_EXPORT(select_above_target);
HWY_EXPORT(panel_above_target);
HWY_EXPORT(multiply_adds_target);
HWY_EXPORT(dot_panel_target);
HWY_EXPORT(dot_panel_double_target);

namespace {

struct NamedTarget {
  const char* name;
  std::int64_t bits;
};
constexpr NamedTarget kTargets[] = {
    {"avx512", HWY_AVX3 | HWY_AVX3_DL},  {"avx2", HWY_AVX2},
    {"sse4", HWY_SSE4 | HWY_SSSE3},      {"neon", HWY_NEON},
    {"scalar", HWY_EMU128 | HWY_SCALAR},
};

// Highway 1.0.3 forgets what was disabled whenever it is asked for the targets; this reminds it.
std::int64_t usable_targets() {
  const std::int64_t targets = hwy::SupportedTargets();
  hwy::GetChosenTarget().Update(targets);
  return targets;
}

// Reads SPARROW_SIMD once, before the first kernel runs; returns what is wrong with it.
const std::string kForcedError = []() -> std::string {
  const char* wanted = std::getenv("SPARROW_SIMD");
  if (wanted == nullptr) return {};
  const std::int64_t targets = usable_targets();
  std::string names;
  for (const NamedTarget& target : kTargets) {
    if ((targets & target.bits) == 0) continue;
    if (std::strcmp(wanted, target.name) == 0) {
      hwy::DisableTargets(~(target.bits | HWY_STATIC_TARGET));
      usable_targets();
      return {};
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", target.name);
  }
  return fmt::format("SPARROW_SIMD: \"{}\" is none of this machine's: {}", wanted, names);
}();

}  // namespace

float dot(const float* a, const float* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot_target)(a, b, n);
}
float squared_l2(const float* a, const float* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(squared_l2_target)(a, b, n);
}
void axpy(float alpha, const float* x, float* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(axpy_target)(alpha, x, y, n);
}
void scale(float* x, float alpha, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(scale_target)(x, alpha, n);
}
void dot_byte_rows(const std::int16_t* query, const std::int8_t* rows, std::size_t count,
                   std::size_t n, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(dot_byte_rows_target)(query, rows, count, n, out);
}

void dot_rows(const float* query, const float* rows, std::size_t count, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(dot_rows_target)(query, rows, count, n, out);
}

void weighted_sum(const float* weights, const std::uint32_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following) {
  std::memset(out, 0, width * sizeof(float));
  weighted_add(weights, rows, count, x, width, out, following);
}
void weighted_add(const float* weights, const std::uint32_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following) {
  HWY_DYNAMIC_DISPATCH(weighted_add_wide_target)(weights, rows, count, following, x, width, out);
}
void weighted_add(const float* weights, const std::uint16_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out, std::size_t following) {
  HWY_DYNAMIC_DISPATCH(weighted_add_narrow_target)(weights, rows, count, following, x, width, out);
}

void dot_block(const float* a, std::size_t a_rows, const float* b, std::size_t b_rows,
               std::size_t n, float* out, std::size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_block_target)(a, a_rows, b, b_rows, n, out, out_stride);
}
void pack_panel(const float* rows, std::size_t count, std::size_t n, float* panel) {
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t r = 0; r < kPanel; ++r)
      panel[c * kPanel + r] = r < count ? rows[r * n + c] : 0;
  }
}
void dot_panel(const float* a, std::size_t a_rows, const float* panel, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(dot_panel_target)(a, a_rows, panel, n, out);
}
void dot_panel(const double* a, std::size_t a_rows, const double* panel, std::size_t n,
               double* out) {
  HWY_DYNAMIC_DISPATCH(dot_panel_double_target)(a, a_rows, panel, n, out);
}
std::size_t select_above(const float* scores, std::size_t n, float threshold, std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(select_above_target)(scores, n, threshold, out);
}

std::uint64_t panel_above(const float* scores, float bar, const float* bars) {
  return HWY_DYNAMIC_DISPATCH(panel_above_target)(scores, bar, bars);
}

std::uint64_t multiply_adds(std::size_t rounds, float* out) {
  return HWY_DYNAMIC_DISPATCH(multiply_adds_target)(rounds, out);
}

std::string active_target() {
  const std::int64_t targets = usable_targets();
  for (const NamedTarget& target : kTargets) {
    if ((targets & target.bits) != 0) return target.name;
  }
  return "scalar";
}

const std::string& forced_target_error() { return kForcedError; }

}  // namespace sparrow::simd
#endif  // HWY_ONCE
// NOLINTEND(readability-function-size)
