// Every kernel against a double loop; ctest runs this again under each forced target.
#include "sparrow/core/simd/kernels.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

std::vector<float> numbers(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(random.uniform() * 2 - 1);
  return values;
}

// It did not: benchmarks that printed "avx2" ran AVX-512.
TEST(Kernels, AskingForTheInstructionSetLeavesItInUse) {
  if (!forced_target_error().empty()) GTEST_SKIP() << forced_target_error();
  float out = 0;
  const std::uint64_t before = multiply_adds(1, &out);  // as many as a vector has lanes
  const char* forced = std::getenv("SPARROW_SIMD");
  const std::string active = active_target();
  if (forced != nullptr) {
    EXPECT_EQ(active, forced);
  }
  EXPECT_EQ(multiply_adds(1, &out), before);
}

TEST(Kernels, AgreeWithDoubleLoopAtAnyLengthAndOffset) {
  for (std::size_t n = 0; n <= 67; ++n) {
    for (std::size_t offset = 0; offset < 3; ++offset) {
      const auto a = numbers(n + offset, 1 + n);
      auto b = numbers(n + offset, 100 + n);
      double dot_sum = 0;
      double l2 = 0;
      for (std::size_t i = offset; i < n + offset; ++i) {
        dot_sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        l2 += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
      }
      EXPECT_NEAR(dot(a.data() + offset, b.data() + offset, n), dot_sum, 1e-5);
      EXPECT_NEAR(squared_l2(a.data() + offset, b.data() + offset, n), l2, 1e-4);
      auto y = b;
      axpy(0.5F, a.data() + offset, y.data() + offset, n);
      scale(b.data() + offset, 2, n);
      for (std::size_t i = offset; i < n + offset; ++i) {
        EXPECT_NEAR(y[i], 0.5F * a[i] + 0.5F * b[i], 1e-5);
      }
    }
  }
}

TEST(Kernels, DotRowsIsDotOfEachRow) {
  const auto rows = numbers(7 * 33, 5);
  const auto query = numbers(33, 6);
  std::vector<float> out(7);
  dot_rows(query.data(), rows.data(), 7, 33, out.data());
  for (std::size_t r = 0; r < 7; ++r)
    EXPECT_EQ(out[r], dot(query.data(), rows.data() + 33 * r, 33));
}

}  // namespace
}  // namespace sparrow::simd

namespace sparrow::simd {
namespace {

TEST(Kernels, BlocksAndSparseRowsAgreeWithDoubleLoops) {
  Random random(11);
  for (const std::size_t n : {1UL, 7UL, 16UL, 64UL, 100UL, 192UL}) {
    for (const std::size_t rows : {1UL, 4UL, 9UL}) {
      Embeddings a(rows, n);
      Embeddings b(2 * rows + 1, n);
      for (std::size_t i = 0; i < rows * n; ++i) a.data()[i] = static_cast<float>(random.normal());
      for (std::size_t i = 0; i < b.rows() * n; ++i)
        b.data()[i] = static_cast<float>(random.normal());
      std::vector<float> out(rows * (b.rows() + 3), -1.0F);
      dot_block(a.data(), rows, b.data(), b.rows(), n, out.data(), b.rows() + 3);
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < b.rows(); ++j) {
          double sum = 0;
          for (std::size_t c = 0; c < n; ++c)
            sum += static_cast<double>(a.row(i)[c]) * static_cast<double>(b.row(j)[c]);
          ASSERT_NEAR(out[i * (b.rows() + 3) + j], sum, 1e-4) << n << " " << i << " " << j;
        }
        ASSERT_EQ(out[i * (b.rows() + 3) + b.rows()], -1.0F);  // nothing beyond the block
      }
      AlignedFloats panel(kPanel * n);
      pack_panel(b.data(), b.rows(), n, panel.data());
      std::vector<float> side(rows * kPanel);
      dot_panel(a.data(), rows, panel.data(), n, side.data());
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < kPanel; ++j) {
          const float want = j < b.rows() ? out[i * (b.rows() + 3) + j] : 0.0F;
          ASSERT_NEAR(side[i * kPanel + j], want, 1e-4);
        }
      }
      const std::vector<double> exact(a.data(), a.data() + rows * n);
      const std::vector<double> exact_panel(panel.begin(), panel.end());
      std::vector<double> exact_side(rows * kPanel);
      dot_panel(exact.data(), rows, exact_panel.data(), n, exact_side.data());
      for (std::size_t i = 0; i < exact_side.size(); ++i)
        ASSERT_NEAR(exact_side[i], static_cast<double>(side[i]), 1e-4);
      std::vector<std::uint32_t> picked;
      std::vector<float> weights;
      for (std::size_t e = 0; e < 13; ++e) {
        picked.push_back(random.below(static_cast<std::uint32_t>(b.rows())));
        weights.push_back(static_cast<float>(random.normal()));
      }
      std::vector<float> sum(n);
      weighted_sum(weights.data(), picked.data(), picked.size(), b.data(), n, sum.data());
      for (std::size_t c = 0; c < n; ++c) {
        double want = 0;
        for (std::size_t e = 0; e < picked.size(); ++e)
          want += static_cast<double>(weights[e]) * static_cast<double>(b.row(picked[e])[c]);
        ASSERT_NEAR(sum[c], want, 1e-4);
      }
    }
  }
}

TEST(Kernels, ByteProductsAreExact) {
  Random random(13);
  for (const std::size_t n : {kByteRow, 3 * kByteRow}) {
    constexpr std::size_t kRows = 5;
    std::vector<std::int16_t> query(n);
    std::vector<std::int8_t> rows(kRows * n);
    for (auto& x : query) x = static_cast<std::int16_t>(static_cast<int>(random.below(255)) - 127);
    for (auto& x : rows) x = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    std::vector<std::int32_t> out(kRows);
    dot_byte_rows(query.data(), rows.data(), kRows, n, out.data());
    for (std::size_t r = 0; r < kRows; ++r) {
      std::int32_t want = 0;
      for (std::size_t c = 0; c < n; ++c) want += query[c] * rows[r * n + c];
      EXPECT_EQ(out[r], want);
    }
  }
}

TEST(Kernels, SelectAboveFindsAllAndOnlyThose) {
  Random random(12);
  for (std::size_t n = 0; n < 150; ++n) {
    std::vector<float> scores(n);
    for (float& s : scores) s = static_cast<float>(random.uniform());
    for (const float threshold : {-1.0F, 0.5F, 0.97F, 2.0F}) {
      std::vector<std::uint32_t> found(n + 1);
      found.resize(select_above(scores.data(), n, threshold, found.data()));
      std::vector<std::uint32_t> want;
      for (std::uint32_t i = 0; i < n; ++i) {
        if (scores[i] > threshold) want.push_back(i);
      }
      ASSERT_EQ(found, want);
    }
  }
}

TEST(Kernels, PanelRowsAboveEitherBar) {
  Random random(13);
  for (int round = 0; round < 200; ++round) {
    std::vector<float> scores(kPanel);
    std::vector<float> bars(kPanel);
    const float bar = round % 3 == 0 ? -__builtin_inff() : 0.9F;
    std::uint64_t want = 0;
    for (std::size_t r = 0; r < kPanel; ++r) {
      scores[r] = static_cast<float>(random.uniform());
      bars[r] = random.below(8) == 0 ? 0.5F : __builtin_inff();
      if (scores[r] > bar || scores[r] > bars[r]) want |= std::uint64_t{1} << r;
    }
    ASSERT_EQ(panel_above(scores.data(), bar, bars.data()), want);
  }
}

}  // namespace
}  // namespace sparrow::simd
