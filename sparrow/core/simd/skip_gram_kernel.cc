#include "sparrow/core/simd/skip_gram_kernel.h"

#include <algorithm>
#include <cmath>

// Arrays of vectors need vectors of known size.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sparrow/core/simd/skip_gram_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace sparrow::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kOutputs = kStepOutputs;
constexpr std::size_t kPadded = 8;  // errors of one input, six used
constexpr float kLimit = 8;         // beyond it the sigmoid is flat, as in word2vec

using D = hn::CappedTag<float, kRowAlign>;
using V = hn::Vec<D>;

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(const V* sums, float* out) {
  for (std::size_t j = 0; j < kOutputs; ++j) out[j] = hn::GetLane(sums[j]);
}
#else
using D4 = hn::CappedTag<float, 4>;
using V4 = hn::Vec<D4>;

// Adds the parts of a vector up until four lanes are left.
template <class Tag, class Vector>
HWY_INLINE V4 fold_to_four(Tag d, Vector v) {
  if constexpr (hn::MaxLanes(Tag()) <= 4) {
    (void)d;
    return v;
  } else {
    const hn::Half<Tag> half;
    return fold_to_four(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Lane sums of a, b, c, e as one vector.
HWY_INLINE V4 sums_of_four(V4 a, V4 b, V4 c, V4 e) {
  const D4 d;
  const V4 ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const V4 ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  return hn::Add(hn::ConcatLowerLower(d, ce, ab), hn::ConcatUpperUpper(d, ce, ab));
}

HWY_INLINE void store_sums(const V* sums, float* out) {
  const D d;
  const D4 d4;
  const V4 s0 = fold_to_four(d, sums[0]);
  const V4 s1 = fold_to_four(d, sums[1]);
  const V4 s2 = fold_to_four(d, sums[2]);
  const V4 s3 = fold_to_four(d, sums[3]);
  const V4 s4 = fold_to_four(d, sums[4]);
  const V4 s5 = fold_to_four(d, sums[5]);
  hn::StoreU(sums_of_four(s0, s1, s2, s3), d4, out);
  hn::StoreU(sums_of_four(s4, s5, s4, s5), d4, out + 4);
}
#endif

// out[i * kPadded + j] = <input_i, output_j>; inputs two by two, so that an output is loaded once
// for both.
HWY_INLINE void inner_products(const SkipGramStep& step, float* out) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 2 <= step.count; i += 2) {
    const float* x = step.inputs[i];
    const float* y = step.inputs[i + 1];
    V a[kOutputs];
    V b[kOutputs];
    for (std::size_t j = 0; j < kOutputs; ++j) a[j] = b[j] = hn::Zero(d);
    for (std::size_t c = 0; c < step.stride; c += lanes) {
      const V xc = hn::Load(d, x + c);
      const V yc = hn::Load(d, y + c);
      for (std::size_t j = 0; j < kOutputs; ++j) {
        const V oc = hn::Load(d, step.outputs[j] + c);
        a[j] = hn::MulAdd(xc, oc, a[j]);
        b[j] = hn::MulAdd(yc, oc, b[j]);
      }
    }
    store_sums(a, out + i * kPadded);
    store_sums(b, out + (i + 1) * kPadded);
  }
  if (i < step.count) {
    V a[kOutputs];
    for (std::size_t j = 0; j < kOutputs; ++j) a[j] = hn::Zero(d);
    for (std::size_t c = 0; c < step.stride; c += lanes) {
      const V xc = hn::Load(d, step.inputs[i] + c);
      for (std::size_t j = 0; j < kOutputs; ++j)
        a[j] = hn::MulAdd(xc, hn::Load(d, step.outputs[j] + c), a[j]);
    }
    store_sums(a, out + i * kPadded);
  }
}

// Turns inner products into errors: (label - sigma(x)) * rate.
HWY_INLINE void errors_of(const SkipGramStep& step, float* products) {
  const hn::CappedTag<float, kPadded> d;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN float labels[kPadded] = {};
  HWY_ALIGN float rates[kPadded] = {};
  std::copy(step.labels, step.labels + kOutputs, labels);
  std::copy(step.rates, step.rates + kOutputs, rates);
  const auto one = hn::Set(d, 1.0F);
  const auto limit = hn::Set(d, kLimit);
  for (std::size_t i = 0; i < step.count; ++i) {
    for (std::size_t j = 0; j < kPadded; j += lanes) {
      float* at = products + i * kPadded + j;
      const auto x = hn::Min(limit, hn::Max(hn::Neg(limit), hn::Load(d, at)));
      const auto sigma = hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(x))));
      hn::Store(hn::Mul(hn::Sub(hn::Load(d, labels + j), sigma), hn::Load(d, rates + j)), d, at);
    }
  }
}

// Columns [c, c + kWidth * lanes) of all rows.
template <std::size_t kWidth>
HWY_INLINE void update_columns(const SkipGramStep& step, const float* errors, std::size_t c) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V output[kWidth][kOutputs];
  V change[kWidth][kOutputs];
  for (std::size_t w = 0; w < kWidth; ++w) {
    for (std::size_t j = 0; j < kOutputs; ++j) {
      output[w][j] = hn::Load(d, step.outputs[j] + c + w * lanes);
      change[w][j] = hn::Zero(d);
    }
  }
  for (std::size_t i = 0; i < step.count; ++i) {
    float* row = step.inputs[i] + c;
    const float* e = errors + i * kPadded;
    V before[kWidth];
    V after[kWidth];
    for (std::size_t w = 0; w < kWidth; ++w) before[w] = after[w] = hn::Load(d, row + w * lanes);
    for (std::size_t j = 0; j < kOutputs; ++j) {
      const V error = hn::Set(d, e[j]);
      for (std::size_t w = 0; w < kWidth; ++w) {
        after[w] = hn::MulAdd(error, output[w][j], after[w]);
        change[w][j] = hn::MulAdd(error, before[w], change[w][j]);
      }
    }
    for (std::size_t w = 0; w < kWidth; ++w) hn::Store(after[w], d, row + w * lanes);
  }
  // Loaded again: the same row may stand among the outputs twice.
  for (std::size_t j = 0; j < kOutputs; ++j) {
    for (std::size_t w = 0; w < kWidth; ++w) {
      float* at = step.outputs[j] + c + w * lanes;
      hn::Store(hn::Add(hn::Load(d, at), change[w][j]), d, at);
    }
  }
}

double loss_of(const SkipGramStep& step, const float* products) {
  double sum = 0;
  for (std::size_t i = 0; i < step.count; ++i) {
    for (std::size_t j = 0; j < kOutputs; ++j) {
      if (step.rates[j] == 0) continue;
      const double x = static_cast<double>(products[i * kPadded + j]);
      sum += std::log1p(std::exp(step.labels[j] > 0.5F ? -x : x));
    }
  }
  return sum;
}

void skip_gram_step_target(const SkipGramStep& step, double* loss) {
  alignas(64) float products[kMaxStepInputs * kPadded];
  inner_products(step, products);
  if (loss != nullptr) *loss = loss_of(step, products);
  errors_of(step, products);
  const std::size_t lanes = hn::Lanes(D());
  std::size_t c = 0;
  for (; c + 2 * lanes <= step.stride; c += 2 * lanes) update_columns<2>(step, products, c);
  if (c < step.stride) update_columns<1>(step, products, c);
}

}  // namespace sparrow::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sparrow::simd {

HWY_EXPORT(skip_gram_step_target);

void skip_gram_step(const SkipGramStep& step, double* loss) {
  HWY_DYNAMIC_DISPATCH(skip_gram_step_target)(step, loss);
}

}  // namespace sparrow::simd
#endif
