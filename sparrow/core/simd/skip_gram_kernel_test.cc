// Steps against a double loop, for every width of rows and number of inputs, whole and by parts.
#include "sparrow/core/simd/skip_gram_kernel.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

const SkipGramKernel kKernel = skip_gram_kernel();

double sigmoid(double x) { return 1 / (1 + std::exp(-std::clamp(x, -8.0, 8.0))); }

struct Problem {
  Embeddings in;
  Embeddings out;
  SkipGramStep step;

  Problem(std::size_t count, std::size_t stride) : in(count, stride), out(kStepOutputs, stride) {
    Random random(5);
    for (std::size_t i = 0; i < count * stride; ++i)
      in.data()[i] = static_cast<float>(random.normal() * 0.3);
    for (std::size_t i = 0; i < kStepOutputs * stride; ++i)
      out.data()[i] = static_cast<float>(random.normal() * 0.3);
    step.count = count;
    for (std::size_t i = 0; i < count; ++i) step.inputs[i] = in.row(i).data();
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      step.outputs[j] = out.row(j).data();
      step.labels[j] = j == 0 ? 1 : 0;
      step.rates[j] = j == 4 ? 0 : 0.05F;
    }
  }

  // In two parts of columns when `middle` is not 0.
  double run(std::size_t middle, std::size_t stride) {
    AlignedFloats a(kStepProducts);
    AlignedFloats b(kStepProducts);
    const ColumnRange first{0, middle == 0 ? stride : middle};
    const ColumnRange second{first.end, stride};
    kKernel.products(step, first, {}, a.data());
    if (middle > 0) kKernel.products(step, second, {}, b.data());
    const float* other = middle > 0 ? b.data() : nullptr;
    const double loss = skip_gram_loss(step, a.data(), other);
    AlignedFloats errors(kStepProducts);
    kKernel.errors(step, a.data(), other, errors.data());
    kKernel.update(step, errors.data(), first, Learning::kBoth);
    if (middle > 0) kKernel.update(step, errors.data(), second, Learning::kBoth);
    return loss;
  }

  // The same by one thread.
  void run_alone(std::size_t middle, std::size_t stride) {
    AlignedFloats both(kStepProducts);
    kKernel.products(step, {0, middle}, {middle, stride}, both.data());
    kKernel.errors(step, both.data(), nullptr, both.data());
    kKernel.update(step, both.data(), {0, stride}, Learning::kBoth);
  }
};

bool same_bits(const Embeddings& a, const Embeddings& b) {
  return std::equal(a.data(), a.data() + a.rows() * a.dim(), b.data());
}

void expect_gradient(std::size_t stride, std::size_t count, std::size_t middle) {
  const Problem before(count, stride);
  Problem p(count, stride);
  const double loss = p.run(middle, stride);
  double expected_loss = 0;
  std::vector<double> error(count * kStepOutputs);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      double x = 0;
      for (std::size_t c = 0; c < stride; ++c)
        x += static_cast<double>(before.in.row(i)[c]) * static_cast<double>(before.out.row(j)[c]);
      const double rate = j == 4 ? 0 : 0.05;
      error[i * kStepOutputs + j] = ((j == 0 ? 1 : 0) - sigmoid(x)) * rate;
      if (rate > 0) expected_loss -= std::log(j == 0 ? sigmoid(x) : 1 - sigmoid(x));
    }
  }
  EXPECT_NEAR(loss, expected_loss, 1e-4 * expected_loss + 1e-4);
  for (std::size_t c = 0; c < stride; ++c) {
    for (std::size_t i = 0; i < count; ++i) {
      auto want = static_cast<double>(before.in.row(i)[c]);
      for (std::size_t j = 0; j < kStepOutputs; ++j)
        want += error[i * kStepOutputs + j] * static_cast<double>(before.out.row(j)[c]);
      ASSERT_NEAR(static_cast<double>(p.in.row(i)[c]), want, 1e-5) << stride << " " << count;
    }
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      auto want = static_cast<double>(before.out.row(j)[c]);
      for (std::size_t i = 0; i < count; ++i)
        want += error[i * kStepOutputs + j] * static_cast<double>(before.in.row(i)[c]);
      ASSERT_NEAR(static_cast<double>(p.out.row(j)[c]), want, 1e-5) << stride << " " << count;
    }
  }
}

TEST(SkipGramKernels, AStepIsTheGradientOfADoubleLoop) {
  for (const std::size_t stride : {16UL, 32UL, 48UL, 64UL, 112UL, 128UL}) {
    for (const std::size_t count : {1UL, 2UL, 5UL, 10UL, kMaxStepInputs}) {
      expect_gradient(stride, count, 0);
      if (stride > kRowAlign) expect_gradient(stride, count, kRowAlign);
    }
  }
}

TEST(SkipGramKernels, OneThreadGivesTheBitsOfTwo) {
  for (const std::size_t count : {1UL, 4UL, 9UL}) {
    Problem two(count, 64);
    Problem one(count, 64);
    two.run(32, 64);
    one.run_alone(32, 64);
    EXPECT_TRUE(same_bits(one.in, two.in)) << count;
    EXPECT_TRUE(same_bits(one.out, two.out)) << count;
  }
}

TEST(SkipGramKernels, TheSameInputTwiceGetsBothChanges) {
  Embeddings in(1, 16);
  Embeddings out(2, 16);
  out.row(0)[0] = 1;
  SkipGramStep step;
  step.count = 2;
  step.inputs[0] = step.inputs[1] = in.row(0).data();
  for (std::size_t j = 0; j < kStepOutputs; ++j) step.outputs[j] = out.row(j == 0 ? 0 : 1).data();
  step.labels[0] = 1;
  step.rates[0] = 1;
  AlignedFloats products(kStepProducts);
  kKernel.products(step, {0, 16}, {}, products.data());
  kKernel.errors(step, products.data(), nullptr, products.data());
  kKernel.update(step, products.data(), {0, 16}, Learning::kBoth);
  EXPECT_NEAR(in.row(0)[0], 1.0F, 1e-5);
  EXPECT_EQ(out.row(1)[0], 0.0F);  // has no rate
}

TEST(SkipGramKernels, OutputsCanLearnAlone) {
  Problem p(3, 32);
  const Problem before(3, 32);
  AlignedFloats products(kStepProducts);
  kKernel.products(p.step, {0, 32}, {}, products.data());
  kKernel.errors(p.step, products.data(), nullptr, products.data());
  kKernel.update(p.step, products.data(), {0, 32}, Learning::kOutputs);
  EXPECT_TRUE(same_bits(p.in, before.in));
  EXPECT_FALSE(same_bits(p.out, before.out));
}

}  // namespace
}  // namespace sparrow::simd
