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

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(const V* a, const V* b, float* out) {
  for (std::size_t j = 0; j < kOutputs; ++j) {
    out[step_place(j)] = hn::GetLane(a[j]);
    out[kStepPlaces + step_place(j)] = hn::GetLane(b[j]);
  }
}

HWY_INLINE V by_place(const float* values, std::size_t l) {
  return hn::Load(D(), values + l % kStepPlaces);
}
#else

// Lower half: the halves of a added; upper half: those of b.
HWY_INLINE V add_halves(V a, V b) {
  const D d;
  return hn::Add(hn::ConcatUpperLower(d, b, a), hn::ConcatLowerUpper(d, b, a));
}

// Adds adjacent blocks of four lanes: of a to even blocks, of b to odd ones.
HWY_INLINE V add_blocks(V a, V b) {
  return hn::Add(hn::OddEvenBlocks(b, a), hn::SwapAdjacentBlocks(hn::OddEvenBlocks(a, b)));
}

// In every block the lane sums of a, b, c, c.
HWY_INLINE V add_lanes(V a, V b, V c) {
  const D d;
  const hn::Repartition<double, D> pairs;
  const V ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const V cc = hn::Add(hn::InterleaveLower(d, c, c), hn::InterleaveUpper(d, c, c));
  const auto x = hn::BitCast(pairs, ab);
  const auto y = hn::BitCast(pairs, cc);
  return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                 hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
}

// Lane sums of six vectors for one input, of six for the next, at their places. The order in which
// lanes are added is the same for both.
HWY_INLINE void store_sums(const V* a, const V* b, float* out) {
  const D d;
  if constexpr (hn::MaxLanes(D()) == 16) {
    V s[kOutputs];
    for (std::size_t j = 0; j < kOutputs; ++j) s[j] = add_halves(a[j], b[j]);
    hn::Store(add_lanes(add_blocks(s[0], s[1]), add_blocks(s[2], s[3]), add_blocks(s[4], s[5])), d,
              out);
  } else if constexpr (hn::MaxLanes(D()) == 8) {
    hn::Store(add_lanes(add_blocks(a[0], a[1]), add_blocks(a[2], a[3]), add_blocks(a[4], a[5])), d,
              out);
    hn::Store(add_lanes(add_blocks(b[0], b[1]), add_blocks(b[2], b[3]), add_blocks(b[4], b[5])), d,
              out + kStepPlaces);
  } else {
    hn::Store(add_lanes(a[0], a[2], a[4]), d, out);
    hn::Store(add_lanes(a[1], a[3], a[5]), d, out + 4);
    hn::Store(add_lanes(b[0], b[2], b[4]), d, out + kStepPlaces);
    hn::Store(add_lanes(b[1], b[3], b[5]), d, out + kStepPlaces + 4);
  }
}

// Lanes l.. of the values by place, again and again.
HWY_INLINE V by_place(const float* values, std::size_t l) {
  const D d;
  if constexpr (hn::MaxLanes(D()) == 16) {
    const hn::Half<D> half;
    const auto one = hn::Load(half, values);
    return hn::Combine(d, one, one);
  } else {
    return hn::Load(d, values + l % kStepPlaces);
  }
}
#endif

// The columns' part of the inner products of two inputs with all outputs.
HWY_INLINE void products_of_two(const SkipGramStep& step, const float* x, const float* y,
                                ColumnRange columns, float* out) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V a[kOutputs];
  V b[kOutputs];
  for (std::size_t j = 0; j < kOutputs; ++j) a[j] = b[j] = hn::Zero(d);
  for (std::size_t c = columns.begin; c < columns.end; c += lanes) {
    const V xc = hn::Load(d, x + c);
    const V yc = hn::Load(d, y + c);
    for (std::size_t j = 0; j < kOutputs; ++j) {
      const V oc = hn::Load(d, step.outputs[j] + c);
      a[j] = hn::MulAdd(xc, oc, a[j]);
      b[j] = hn::MulAdd(yc, oc, b[j]);
    }
  }
  store_sums(a, b, out);
}

// Inputs two by two, so that an output is loaded once for both; an odd last one twice.
void products_target(const SkipGramStep& step, ColumnRange first, ColumnRange second, float* out) {
  const D d;
  for (std::size_t i = 0; i < step.count; i += 2) {
    const float* x = step.inputs[i];
    const float* y = step.inputs[i + 1 < step.count ? i + 1 : i];
    float* at = out + i * kStepPlaces;
    products_of_two(step, x, y, first, at);
    if (second.begin == second.end) continue;
    HWY_ALIGN float other[2 * kStepPlaces] = {};
    products_of_two(step, x, y, second, other);
    for (std::size_t l = 0; l < 2 * kStepPlaces; l += hn::Lanes(d))
      hn::Store(hn::Add(hn::Load(d, at + l), hn::Load(d, other + l)), d, at + l);
  }
}

// 1 / (1 + e^-x), |x| at most kLimit: 2^t as 2^n 2^f, the latter by the Taylor series of degree 5
// on [-.5, .5], error below 3e-6.
template <class Tag, class Vector>
HWY_INLINE Vector sigmoid(Tag d, Vector x) {
  const hn::RebindToSigned<Tag> di;
  const auto limit = hn::Set(d, kLimit);
  const auto clamped = hn::Min(limit, hn::Max(hn::Neg(limit), x));
  const auto t = hn::Mul(clamped, hn::Set(d, -1.442695041F));
  const auto n = hn::Round(t);
  const auto f = hn::Sub(t, n);
  auto p = hn::Set(d, 0.001333355815F);
  p = hn::MulAdd(p, f, hn::Set(d, 0.009618129108F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.05550410866F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.2402265070F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.6931471806F));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127)));
  const auto one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::MulAdd(p, hn::BitCast(d, exponent), one));
}

HWY_INLINE void errors_of_step(const SkipGramStep& step, const float* a, const float* b,
                               float* errors) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t l = 0; l < step.count * kStepPlaces; l += lanes) {
    auto x = hn::Load(d, a + l);
    if (b != nullptr) x = hn::Add(x, hn::Load(d, b + l));
    const auto error = hn::Sub(by_place(step.labels, l), sigmoid(d, x));
    hn::Store(hn::Mul(error, by_place(step.rates, l)), d, errors + l);
  }
}

// Columns [c, c + kWidth * lanes) of all rows of a step.
template <std::size_t kWidth, bool kLearnInputs>
HWY_INLINE void update_columns(const SkipGramStep& step, const float* errors, std::size_t c) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V before_output[kWidth][kOutputs];
  V after_output[kWidth][kOutputs];
  for (std::size_t w = 0; w < kWidth; ++w) {
    for (std::size_t j = 0; j < kOutputs; ++j)
      before_output[w][j] = after_output[w][j] = hn::Load(d, step.outputs[j] + c + w * lanes);
  }
  for (std::size_t i = 0; i < step.count; ++i) {
    float* row = step.inputs[i] + c;
    const float* e = errors + i * kStepPlaces;
    V before[kWidth];
    V after[kWidth];
    for (std::size_t w = 0; w < kWidth; ++w) before[w] = after[w] = hn::Load(d, row + w * lanes);
    for (std::size_t j = 0; j < kOutputs; ++j) {
      const V error = hn::Set(d, e[step_place(j)]);
      for (std::size_t w = 0; w < kWidth; ++w) {
        after[w] = hn::MulAdd(error, before_output[w][j], after[w]);
        after_output[w][j] = hn::MulAdd(error, before[w], after_output[w][j]);
      }
    }
    if constexpr (kLearnInputs) {
      for (std::size_t w = 0; w < kWidth; ++w) hn::Store(after[w], d, row + w * lanes);
    }
  }
  for (std::size_t j = 0; j < kOutputs; ++j) {
    for (std::size_t w = 0; w < kWidth; ++w)
      hn::Store(after_output[w][j], d, step.outputs[j] + c + w * lanes);
  }
}

template <bool kLearnInputs>
HWY_INLINE void update_step(const SkipGramStep& step, const float* errors, ColumnRange columns) {
  const std::size_t lanes = hn::Lanes(D());
  // 32 registers with AVX-512 and Arm, 16 otherwise.
  constexpr bool kManyRegisters =
      HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON;
  constexpr std::size_t kWidth = kManyRegisters ? 2 : 1;
  std::size_t c = columns.begin;
  for (; c + kWidth * lanes <= columns.end; c += kWidth * lanes)
    update_columns<kWidth, kLearnInputs>(step, errors, c);
  for (; c < columns.end; c += lanes) update_columns<1, kLearnInputs>(step, errors, c);
}

void update_target(const SkipGramStep& step, const float* a, const float* b, ColumnRange columns,
                   bool learn_inputs) {
  HWY_ALIGN float errors[kStepProducts];
  errors_of_step(step, a, b, errors);
  if (learn_inputs)
    update_step<true>(step, errors, columns);
  else
    update_step<false>(step, errors, columns);
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(products_target);
HWY_EXPORT(update_target);

void SkipGramStep::set_inputs(float* const* rows, std::size_t rows_count) {
  count = rows_count;
  std::copy_n(rows, rows_count, inputs);
}

void skip_gram_products(const SkipGramStep& step, ColumnRange columns, float* out) {
  HWY_DYNAMIC_DISPATCH(products_target)(step, columns, {}, out);
}
void skip_gram_products(const SkipGramStep& step, ColumnRange first, ColumnRange second,
                        float* out) {
  HWY_DYNAMIC_DISPATCH(products_target)(step, first, second, out);
}
void skip_gram_update(const SkipGramStep& step, const float* a, const float* b, ColumnRange columns,
                      Learning learning) {
  HWY_DYNAMIC_DISPATCH(update_target)(step, a, b, columns, learning == Learning::kBoth);
}

double skip_gram_loss(const SkipGramStep& step, const float* a, const float* b) {
  double sum = 0;
  for (std::size_t i = 0; i < step.count; ++i) {
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      const std::size_t place = step_place(j);
      if (step.rates[place] == 0) continue;
      const std::size_t at = i * kStepPlaces + place;
      const float x = b != nullptr ? a[at] + b[at] : a[at];  // as one thread adds them
      sum += std::log1p(std::exp(static_cast<double>(step.labels[place] > 0.5F ? -x : x)));
    }
  }
  return sum;
}

}  // namespace sparrow::simd
#endif  // HWY_ONCE
