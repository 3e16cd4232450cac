// The step against a double loop, for every width of rows and number of inputs.
#include "sparrow/core/simd/skip_gram_kernel.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-std::clamp(x, -8.0, 8.0))); }

TEST(SkipGramKernels, StepIsTheGradientOfADoubleLoop) {
  Random random(5);
  for (const std::size_t stride : {16UL, 32UL, 48UL, 64UL, 112UL, 128UL}) {
    for (const std::size_t count : {1UL, 2UL, 5UL, 10UL, 64UL}) {
      Embeddings in(count, stride);
      Embeddings out(kStepOutputs, stride);
      for (std::size_t i = 0; i < count * stride; ++i)
        in.data()[i] = static_cast<float>(random.normal() * 0.3);
      for (std::size_t i = 0; i < kStepOutputs * stride; ++i)
        out.data()[i] = static_cast<float>(random.normal() * 0.3);
      const Embeddings in_before = in;
      const Embeddings out_before = out;
      std::vector<float*> inputs;
      for (std::size_t i = 0; i < count; ++i) inputs.push_back(in.row(i).data());
      SkipGramStep step{.inputs = inputs.data(), .count = count, .stride = stride};
      for (std::size_t j = 0; j < kStepOutputs; ++j) {
        step.outputs[j] = out.row(j).data();
        step.labels[j] = j == 0 ? 1 : 0;
        step.rates[j] = j == 4 ? 0 : 0.05F;
      }
      double loss = 0;
      skip_gram_step(step, &loss);
      double expected_loss = 0;
      std::vector<double> error(count * kStepOutputs);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < kStepOutputs; ++j) {
          double x = 0;
          for (std::size_t c = 0; c < stride; ++c)
            x += static_cast<double>(in_before.row(i)[c]) * out_before.row(j)[c];
          const double p = sigmoid(x);
          error[i * kStepOutputs + j] = (step.labels[j] - p) * step.rates[j];
          if (step.rates[j] > 0) expected_loss -= std::log(j == 0 ? p : 1 - p);
        }
      }
      EXPECT_NEAR(loss, expected_loss, 1e-4 * expected_loss + 1e-4);
      for (std::size_t c = 0; c < stride; ++c) {
        for (std::size_t i = 0; i < count; ++i) {
          double want = in_before.row(i)[c];
          for (std::size_t j = 0; j < kStepOutputs; ++j)
            want += error[i * kStepOutputs + j] * out_before.row(j)[c];
          ASSERT_NEAR(in.row(i)[c], want, 1e-5) << stride << " " << count;
        }
        for (std::size_t j = 0; j < kStepOutputs; ++j) {
          double want = out_before.row(j)[c];
          for (std::size_t i = 0; i < count; ++i)
            want += error[i * kStepOutputs + j] * in_before.row(i)[c];
          ASSERT_NEAR(out.row(j)[c], want, 1e-5) << stride << " " << count;
        }
      }
    }
  }
}

TEST(SkipGramKernels, TheSameOutputTwiceGetsBothChanges) {
  Embeddings in(1, 16);
  Embeddings out(2, 16);
  in.data()[0] = 1;
  float* input = in.row(0).data();
  SkipGramStep step{.inputs = &input, .count = 1, .stride = 16};
  for (std::size_t j = 0; j < kStepOutputs; ++j) {
    step.outputs[j] = out.row(j < 2 ? 0 : 1).data();
    step.labels[j] = 1;
    step.rates[j] = j < 2 ? 1.0F : 0.0F;
  }
  skip_gram_step(step, nullptr);
  EXPECT_NEAR(out.row(0)[0], 1.0F, 1e-5);
  EXPECT_EQ(out.row(1)[0], 0.0F);
}

}  // namespace
}  // namespace sparrow::simd
