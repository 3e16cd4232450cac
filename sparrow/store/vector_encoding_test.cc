#include "sparrow/store/vector_encoding.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::store {
namespace {

TEST(VectorEncoding, EveryFloat16SurvivesTheWayThereAndBack) {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const float value = float32_of(static_cast<std::uint16_t>(half));
    if (std::isnan(value)) continue;
    EXPECT_EQ(float16_of(value), half);
  }
}

// Oracle: the nearest of all float16 values; of two as near, the one with an even last bit.
TEST(VectorEncoding, Float16RoundsToTheNearestEven) {
  EXPECT_EQ(float16_of(1.0F), 0x3C00);
  EXPECT_EQ(float16_of(-2.0F), 0xC000);
  EXPECT_EQ(float16_of(65504.0F), 0x7BFF);
  EXPECT_EQ(float16_of(65519.9F), 0x7BFF);
  EXPECT_EQ(float16_of(65520.0F), 0x7C00);
  EXPECT_EQ(float16_of(0x1p-24F), 1);
  EXPECT_EQ(float16_of(0x1p-25F), 0);
  EXPECT_EQ(float16_of(1.0F + 0x1p-11F), 0x3C00);
  EXPECT_EQ(float16_of(1.0F + 3 * 0x1p-11F), 0x3C02);
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    const float value = std::ldexp(static_cast<float>(random.below(1 << 24)),
                                   static_cast<int>(random.below(30)) - 48);
    const auto half = float16_of(value);
    const double error =
        std::abs(static_cast<double>(float32_of(half)) - static_cast<double>(value));
    for (const int step : {-1, 1}) {
      const auto other = static_cast<std::uint16_t>(half + step);
      if ((half == 0 && step < 0) || other >= 0x7C00) continue;
      const double other_error =
          std::abs(static_cast<double>(float32_of(other)) - static_cast<double>(value));
      EXPECT_TRUE(error < other_error || (error == other_error && half % 2 == 0)) << value;
    }
  }
}

TEST(VectorEncoding, BytesAndErrorAreAsDocumented) {
  Random random(7);
  std::vector<float> values;
  for (int i = 0; i < 64; ++i)
    values.push_back(static_cast<float>(random.below(2000)) / 1000.0F - 1.0F);
  float most = 0;
  for (const float v : values) most = std::max(most, std::abs(v));
  for (const auto encoding :
       {VectorEncoding::kFloat32, VectorEncoding::kFloat16, VectorEncoding::kInt8}) {
    std::string bytes;
    append_encoded(encoding, values, bytes);
    EXPECT_EQ(bytes.size(), encoded_bytes(encoding, values.size()));
    std::vector<float> back(values.size());
    decode(encoding, bytes, back);
    const float bound = encoding == VectorEncoding::kFloat32   ? 0.0F
                        : encoding == VectorEncoding::kFloat16 ? 0x1p-11F
                                                               : most / 127 / 2 * 1.0001F;
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_LE(std::abs(values[i] - back[i]), bound) << encoding_name(encoding);
    EXPECT_EQ(*encoding_of_name(encoding_name(encoding)), encoding);
  }
  std::string zero;
  append_encoded(VectorEncoding::kInt8, std::vector<float>(3), zero);
  EXPECT_EQ(zero, std::string(7, '\0'));
  EXPECT_FALSE(encoding_of_name("float8"));
}

}  // namespace
}  // namespace sparrow::store
