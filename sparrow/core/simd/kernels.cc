#include "sparrow/core/simd/kernels.h"

#include <cstdlib>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

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

// kVectors columns of vectors at a time stay in registers over all entries.
template <std::size_t kVectors>
HWY_INLINE void weighted_columns(const float* weights, const std::uint32_t* rows, std::size_t count,
                                 const float* x, std::size_t width, float* out) {
  const hn::CappedTag<float, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kAhead = 8;
  hn::Vec<decltype(d)> sums[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) sums[v] = hn::Zero(d);
  for (std::size_t e = 0; e < count; ++e) {
    if (e + kAhead < count) {
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

void weighted_sum_target(const float* weights, const std::uint32_t* rows, std::size_t count,
                         const float* x, std::size_t width, float* out) {
  const std::size_t lanes = hn::Lanes(hn::CappedTag<float, 16>());
  std::size_t c = 0;
  for (; c + 10 * lanes <= width; c += 10 * lanes)
    weighted_columns<10>(weights, rows, count, x + c, width, out + c);
  for (; c + 6 * lanes <= width; c += 6 * lanes)
    weighted_columns<6>(weights, rows, count, x + c, width, out + c);
  for (; c + lanes <= width; c += lanes)
    weighted_columns<1>(weights, rows, count, x + c, width, out + c);
  for (; c < width; ++c) {
    float sum = 0;
    for (std::size_t e = 0; e < count; ++e) sum += weights[e] * x[rows[e] * width + c];
    out[c] = sum;
  }
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
HWY_EXPORT(weighted_sum_target);

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

// Reads SPARROW_SIMD once, before the first kernel runs.
const bool kForced = [] {
  const char* wanted = std::getenv("SPARROW_SIMD");
  if (wanted == nullptr) return false;
  for (const NamedTarget& target : kTargets) {
    if (std::strcmp(wanted, target.name) == 0) {
      hwy::DisableTargets(~(target.bits | HWY_STATIC_TARGET));
      return true;
    }
  }
  return false;
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
void dot_rows(const float* query, const float* rows, std::size_t count, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(dot_rows_target)(query, rows, count, n, out);
}

void weighted_sum(const float* weights, const std::uint32_t* rows, std::size_t count,
                  const float* x, std::size_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(weighted_sum_target)(weights, rows, count, x, width, out);
}

std::vector<std::string> supported_targets() {
  std::vector<std::string> names;
  for (const NamedTarget& target : kTargets) {
    if ((hwy::SupportedTargets() & target.bits) != 0) names.emplace_back(target.name);
  }
  return names;
}

std::string active_target() {
  const auto names = supported_targets();
  return names.empty() ? "scalar" : names.front();
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
