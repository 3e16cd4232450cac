// Batches against a double loop, for every width of rows and number of inputs, whole and by parts.
#include "sparrow/core/simd/skip_gram_kernel.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-std::clamp(x, -8.0, 8.0))); }

struct Problem {
  Embeddings in;
  Embeddings out;
  SkipGramBatch batch;

  Problem(std::size_t count, std::size_t stride) : in(count, stride), out(kStepOutputs, stride) {
    Random random(5);
    for (std::size_t i = 0; i < count * stride; ++i)
      in.data()[i] = static_cast<float>(random.normal() * 0.3);
    for (std::size_t i = 0; i < kStepOutputs * stride; ++i)
      out.data()[i] = static_cast<float>(random.normal() * 0.3);
    std::vector<float*> inputs;
    for (std::size_t i = 0; i < count; ++i) inputs.push_back(in.row(i).data());
    SkipGramStep& step = batch.add(inputs.data(), count);
    for (std::size_t j = 0; j < kStepOutputs; ++j) {
      step.outputs[j] = out.row(j).data();
      step.labels[step_place(j)] = j == 0 ? 1 : 0;
      step.rates[step_place(j)] = j == 4 ? 0 : 0.05F;
    }
  }

  // In two parts of columns when `middle` is not 0.
  double run(std::size_t middle, std::size_t stride) {
    AlignedFloats a(batch.places());
    AlignedFloats b(batch.places());
    AlignedFloats errors(batch.places());
    skip_gram_products(batch, {0, middle == 0 ? stride : middle}, a.data());
    if (middle > 0) skip_gram_products(batch, {middle, stride}, b.data());
    const float* second = middle > 0 ? b.data() : nullptr;
    const double loss = skip_gram_loss(batch, a.data(), second);
    skip_gram_errors(batch, a.data(), second, errors.data());
    skip_gram_update(batch, errors.data(), {0, middle == 0 ? stride : middle});
    if (middle > 0) skip_gram_update(batch, errors.data(), {middle, stride});
    return loss;
  }
};

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

TEST(SkipGramKernels, ABatchIsTheGradientOfADoubleLoop) {
  for (const std::size_t stride : {16UL, 32UL, 48UL, 64UL, 112UL, 128UL}) {
    for (const std::size_t count : {1UL, 2UL, 5UL, 10UL, 64UL}) {
      expect_gradient(stride, count, 0);
      if (stride > kRowAlign) expect_gradient(stride, count, kRowAlign);
    }
  }
}

TEST(SkipGramKernels, TheSameOutputTwiceGetsBothChanges) {
  Embeddings in(1, 16);
  Embeddings out(2, 16);
  in.data()[0] = 1;
  float* input = in.row(0).data();
  SkipGramBatch batch;
  SkipGramStep& step = batch.add(&input, 1);
  for (std::size_t j = 0; j < kStepOutputs; ++j) {
    step.outputs[j] = out.row(j < 2 ? 0 : 1).data();
    step.labels[step_place(j)] = 1;
    step.rates[step_place(j)] = j < 2 ? 1.0F : 0.0F;
  }
  AlignedFloats products(batch.places());
  AlignedFloats errors(batch.places());
  skip_gram_products(batch, {0, 16}, products.data());
  skip_gram_errors(batch, products.data(), nullptr, errors.data());
  skip_gram_update(batch, errors.data(), {0, 16});
  EXPECT_NEAR(out.row(0)[0], 1.0F, 1e-5);
  EXPECT_EQ(out.row(1)[0], 0.0F);
}

TEST(SkipGramKernels, StepsOfABatchSeeTheValuesBeforeIt) {
  Embeddings in(1, 16);
  Embeddings out(1, 16);
  in.data()[0] = 1;
  float* input = in.row(0).data();
  SkipGramBatch batch;
  const SkipGramStep* first = nullptr;
  for (int s = 0; s < 2; ++s) {
    SkipGramStep& step = s == 0 ? batch.add(&input, 1) : batch.add_again(*first);
    first = &step;
    std::fill_n(step.outputs, kStepOutputs, out.row(0).data());
    step.labels[0] = 1;
    step.rates[0] = 1;
  }
  AlignedFloats products(batch.places());
  AlignedFloats errors(batch.places());
  skip_gram_products(batch, {0, 16}, products.data());
  skip_gram_errors(batch, products.data(), nullptr, errors.data());
  EXPECT_EQ(errors[batch.place_of(0)], 0.5F);
  EXPECT_EQ(errors[batch.place_of(1)], 0.5F);
  skip_gram_update(batch, errors.data(), {0, 16});
  EXPECT_NEAR(out.row(0)[0], 1.0F, 0.3F);
}

}  // namespace
}  // namespace sparrow::simd
