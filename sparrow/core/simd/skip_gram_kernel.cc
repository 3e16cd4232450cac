#include "sparrow/core/simd/skip_gram_kernel.h"

#include <algorithm>
#include <cmath>

// Arrays of vectors need vectors of known size.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/skip_gram_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kOutputs = kStepOutputs;
constexpr float kLimit = 8;  // beyond it the sigmoid is flat, as in word2vec

using D = hn::CappedTag<float, kRowAlign>;
using V = hn::Vec<D>;

constexpr std::size_t kRest = step_place(0, 4);  // where outputs 4 and 5 begin

// kept: added to what stands there, as the second of two ranges.
template <class Tag, class Vector>
HWY_INLINE void store_or_add(Tag d, Vector sums, bool kept, float* at) {
  hn::Store(kept ? hn::Add(hn::Load(d, at), sums) : sums, d, at);
}

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(const V* a, const V* b, std::size_t i, bool kept, float* out) {
  for (std::size_t j = 0; j < kOutputs; ++j) {
    store_or_add(D(), a[j], kept, out + step_place(i, j));
    store_or_add(D(), b[j], kept, out + step_place(i + 1, j));
  }
}

// The value that belongs to place l.
HWY_INLINE V by_place(const float* values, std::size_t l) {
  return hn::Load(D(), values + (l < kRest ? l % 4 : 4 + l % 2));
}
#else

// In every block of four lanes: sums of two lanes of a, of b, of the other two of a, of b.
HWY_INLINE V add_lanes(V a, V b) {
  const D d;
  return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
}

// In every block: the lane sums of a, b, c, e.
HWY_INLINE V block_sums(V a, V b, V c, V e) {
  const D d;
  const hn::Repartition<double, D> pairs;
  const auto x = hn::BitCast(pairs, add_lanes(a, b));
  const auto y = hn::BitCast(pairs, add_lanes(c, e));
  return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                 hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
}

// Adds up the blocks of a and b, stores them side by side.
template <class Tag, class Vector>
HWY_INLINE void store_blocks(Tag d, Vector a, Vector b, bool kept, float* at) {
  const hn::Half<Tag> half;
  if constexpr (hn::MaxLanes(Tag()) == 16) {
    store_blocks(half, hn::Add(hn::LowerHalf(half, a), hn::UpperHalf(half, a)),
                 hn::Add(hn::LowerHalf(half, b), hn::UpperHalf(half, b)), kept, at);
  } else if constexpr (hn::MaxLanes(Tag()) == 8) {
    store_or_add(d, hn::Add(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a)), kept,
                 at);
  } else {
    store_or_add(d, a, kept, at);
    store_or_add(d, b, kept, at + 4);
  }
}

template <class Tag, class Vector>
HWY_INLINE void store_blocks(Tag d, Vector a, bool kept, float* at) {
  const hn::Half<Tag> half;
  if constexpr (hn::MaxLanes(Tag()) > 4)
    store_blocks(half, hn::Add(hn::LowerHalf(half, a), hn::UpperHalf(half, a)), kept, at);
  else
    store_or_add(d, a, kept, at);
}

// Lane sums of six vectors for input i, of six for the next one, at their places.
HWY_INLINE void store_sums(const V* a, const V* b, std::size_t i, bool kept, float* out) {
  const D d;
  store_blocks(d, block_sums(a[0], a[1], a[2], a[3]), block_sums(b[0], b[1], b[2], b[3]), kept,
               out + step_place(i, 0));
  store_blocks(d, block_sums(a[4], a[5], b[4], b[5]), kept, out + step_place(i, 4));
}

// The values that belong to places l..: of outputs 0..3, or 4 and 5, again and again.
HWY_INLINE V by_place(const float* values, std::size_t l) {
  if (l < kRest) return hn::LoadDup128(D(), values);
  const hn::Repartition<double, D> pairs;
  const auto once = hn::BitCast(pairs, hn::LoadDup128(D(), values + 4));
  return hn::BitCast(D(), hn::InterleaveLower(pairs, once, once));
}
#endif

// For two uses: gcc makes it an operand in memory of both, and loads are what is short.
HWY_INLINE V load_once(const float* from) {
  V values = hn::Load(D(), from);
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL && HWY_TARGET != HWY_SCALAR
  asm("" : "+v"(values.raw));
#endif
  return values;
}

// The columns' part of the inner products. Inputs two by two, so that an output is loaded once for
// both; an odd last one twice.
HWY_INLINE void products_of_range(const SkipGramStep& step, ColumnRange columns, bool kept,
                                  float* out) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const float* outputs[kOutputs];
  std::copy_n(step.outputs, kOutputs, outputs);
  for (std::size_t i = 0; i < step.count; i += 2) {
    const float* x = step.inputs[i];
    const float* y = step.inputs[i + 1 < step.count ? i + 1 : i];
    V a[kOutputs];
    V b[kOutputs];
    for (std::size_t j = 0; j < kOutputs; ++j) a[j] = b[j] = hn::Zero(d);
    for (std::size_t c = columns.begin; c < columns.end; c += lanes) {
      const V xc = hn::Load(d, x + c);
      const V yc = hn::Load(d, y + c);
      for (std::size_t j = 0; j < kOutputs; ++j) {
        const V oc = load_once(outputs[j] + c);
        a[j] = hn::MulAdd(xc, oc, a[j]);
        b[j] = hn::MulAdd(yc, oc, b[j]);
      }
    }
    store_sums(a, b, i, kept, out);
  }
}

void products_target(const SkipGramStep& step, ColumnRange first, ColumnRange second, float* out) {
  products_of_range(step, first, false, out);
  if (second.begin != second.end) products_of_range(step, second, true, out);
}

// 1 / (1 + e^-x), |x| at most kLimit: 2^t as 2^n 2^f, the latter by a polynomial whose largest
// relative error on [-.5, .5] is 2.6e-6, the least for its degree.
template <class Tag, class Vector>
HWY_INLINE Vector sigmoid(Tag d, Vector x) {
  const hn::RebindToSigned<Tag> di;
  const auto limit = hn::Set(d, kLimit);
  const auto clamped = hn::Min(limit, hn::Max(hn::Neg(limit), x));
  const auto t = hn::Mul(clamped, hn::Set(d, -1.442695041F));
  const auto to_integer = hn::Set(d, 12582912.0F);  // 1.5 * 2^23: the last bit is worth 1
  const auto shifted = hn::Add(t, to_integer);      // n in its last bits
  const auto f = hn::Sub(t, hn::Sub(shifted, to_integer));
  auto p = hn::Set(d, 0.009570101433F);
  p = hn::MulAdd(p, f, hn::Set(d, 0.05591786028F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.2402474484F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.6931218147F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.9999992614F));
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::BitCast(di, shifted), hn::Set(di, 127)));
  const auto one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::MulAdd(p, hn::BitCast(d, exponent), one));
}

struct Places {
  std::size_t begin;
  std::size_t end;
};

// (label - sigmoid(product)) * rate for these places, rounded up to whole vectors.
HWY_INLINE void errors_of_places(const SkipGramStep& step, const float* a, const float* b,
                                 Places places, float* errors) {
  const D d;
  V labels = by_place(step.labels, places.begin);
  V rates = by_place(step.rates, places.begin);
  for (std::size_t l = places.begin; l < places.end; l += hn::Lanes(d)) {
    auto x = hn::Load(d, a + l);
    if (b != nullptr) x = hn::Add(x, hn::Load(d, b + l));
    if constexpr (hn::MaxLanes(D()) == 1) {
      labels = by_place(step.labels, l);
      rates = by_place(step.rates, l);
    }
    hn::Store(hn::Mul(hn::Sub(labels, sigmoid(d, x)), rates), d, errors + l);
  }
}

void errors_target(const SkipGramStep& step, const float* a, const float* b, float* errors) {
  errors_of_places(step, a, b, {0, step_place(step.count, 0)}, errors);
  errors_of_places(step, a, b, {kRest, step_place(step.count, 4)}, errors);
}

// Columns [c, c + kWidth * lanes) of all rows of a step.
template <std::size_t kWidth, bool kLearnInputs>
HWY_INLINE void update_columns(const SkipGramStep& step, float* const* outputs, const float* errors,
                               std::size_t c) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V before_output[kWidth][kOutputs];
  V after_output[kWidth][kOutputs];
  for (std::size_t w = 0; w < kWidth; ++w) {
    for (std::size_t j = 0; j < kOutputs; ++j)
      before_output[w][j] = after_output[w][j] = hn::Load(d, outputs[j] + c + w * lanes);
  }
  const float* rest = errors + kRest;
  float* const* const end = step.inputs + step.count;
  for (float* const* input = step.inputs; input != end; ++input, errors += 4, rest += 2) {
    float* row = *input + c;
    V before[kWidth];
    V after[kWidth][2];  // even and odd outputs: the chains of additions are half as long
    for (std::size_t w = 0; w < kWidth; ++w) before[w] = hn::Load(d, row + w * lanes);
    for (std::size_t j = 0; j < kOutputs; ++j) {
      const V error = hn::Set(d, j < 4 ? errors[j] : rest[j - 4]);
      for (std::size_t w = 0; w < kWidth; ++w) {
        V& sum = after[w][j % 2];
        sum = j == 1 ? hn::Mul(error, before_output[w][j])
                     : hn::MulAdd(error, before_output[w][j], j == 0 ? before[w] : sum);
        after_output[w][j] = hn::MulAdd(error, before[w], after_output[w][j]);
      }
    }
    if constexpr (kLearnInputs) {
      for (std::size_t w = 0; w < kWidth; ++w)
        hn::Store(hn::Add(after[w][0], after[w][1]), d, row + w * lanes);
    }
  }
  for (std::size_t j = 0; j < kOutputs; ++j) {
    for (std::size_t w = 0; w < kWidth; ++w)
      hn::Store(after_output[w][j], d, outputs[j] + c + w * lanes);
  }
}

template <bool kLearnInputs>
HWY_INLINE void update_step(const SkipGramStep& step, const float* errors, ColumnRange columns) {
  const std::size_t lanes = hn::Lanes(D());
  // 32 registers with AVX-512 and Arm, 16 otherwise.
  constexpr bool kManyRegisters =
      HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON;
  constexpr std::size_t kWidth = kManyRegisters ? 2 : 1;
  float* outputs[kOutputs];  // a store to a row could change those of the step
  std::copy_n(step.outputs, kOutputs, outputs);
  std::size_t c = columns.begin;
  for (; c + kWidth * lanes <= columns.end; c += kWidth * lanes)
    update_columns<kWidth, kLearnInputs>(step, outputs, errors, c);
  for (; c < columns.end; c += lanes) update_columns<1, kLearnInputs>(step, outputs, errors, c);
}

void update_target(const SkipGramStep& step, const float* errors, ColumnRange columns,
                   Learning learning) {
  if (learning == Learning::kBoth)
    update_step<true>(step, errors, columns);
  else
    update_step<false>(step, errors, columns);
}

SkipGramKernel kernel_target() { return {products_target, errors_target, update_target}; }

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(kernel_target);

SkipGramKernel skip_gram_kernel() { return HWY_DYNAMIC_DISPATCH(kernel_target)(); }

double skip_gram_loss(const SkipGramStep& step, const float* a, const float* b) {
  double sum = 0;
  for (std::size_t i = 0; i < step.count; ++i) {
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      if (step.rates[j] == 0) continue;
      const std::size_t at = step_place(i, j);
      const float x = b != nullptr ? a[at] + b[at] : a[at];  // as one thread adds them
      sum += std::log1p(std::exp(static_cast<double>(step.labels[j] > 0.5F ? -x : x)));
    }
  }
  return sum;
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
