// Kernels on blocks of bytes against plain loops; ctest runs them under every instruction set.
#include "sparrow/core/simd/byte_kernel.h"

#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

TEST(ByteKernel, MultipliesRowsAmongOtherThingsAsALongLoop) {
  constexpr std::size_t kBlocks = 9;
  Random random(3);
  for (std::size_t n = 0; n <= 224; n += kByteStep) {
    const std::size_t stride = n + 13;
    std::vector<std::uint8_t> data(kBlocks * stride);
    for (auto& b : data) b = static_cast<std::uint8_t>(random.below(256));
    std::vector<std::int16_t> query(n);
    const auto most = static_cast<std::uint32_t>(largest_query_word(n));
    for (auto& q : query)
      q = static_cast<std::int16_t>(static_cast<std::int32_t>(random.below(2 * most + 1)) -
                                    static_cast<std::int32_t>(most));
    for (std::size_t count = 0; count <= kBlocks; ++count) {
      std::vector<std::uint32_t> ids(count);
      for (auto& id : ids) id = random.below(kBlocks);
      std::vector<std::int32_t> out(count);
      dot_byte_blocks(query.data(), {data.data(), stride, n}, ids, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        std::int64_t sum = 0;
        for (std::size_t c = 0; c < n; ++c)
          sum += query[c] * static_cast<std::int8_t>(data[ids[i] * stride + c]);
        EXPECT_EQ(out[i], sum) << n;
      }
    }
  }
}

TEST(ByteKernel, TheLargestQueryDoesNotOverflow) {
  for (const std::size_t n : {32UL, 544UL, 4096UL, 65536UL}) {
    const std::vector<std::uint8_t> row(n, 0x80);  // -128
    const std::vector<std::int16_t> query(n, static_cast<std::int16_t>(largest_query_word(n)));
    const std::uint32_t first = 0;
    std::int32_t out = 0;
    dot_byte_blocks(query.data(), {row.data(), n, n}, {&first, 1}, &out);
    EXPECT_EQ(out, -128 * static_cast<std::int64_t>(n) * largest_query_word(n));
  }
}

TEST(ByteKernel, MultipliesNibblesAndWidensBytes) {
  Random random(4);
  for (std::size_t n = kByteStep; n <= 224; n += kByteStep) {
    std::vector<std::uint8_t> nibbles(n / 2);
    for (auto& b : nibbles) b = static_cast<std::uint8_t>(random.below(256));
    std::vector<std::uint8_t> bytes(n);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random.below(256));
    std::vector<std::int16_t> query(n);
    widen_bytes(bytes.data(), n, query.data());
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(query[i], static_cast<std::int8_t>(bytes[i]));
      const int nibble = i < n / 2 ? nibbles[i] & 15 : nibbles[i - n / 2] >> 4;
      sum += query[i] * nibble;
    }
    EXPECT_EQ(dot_nibbles(query.data(), nibbles.data(), n), sum);
  }
}

TEST(ByteKernel, FindsSetFlags) {
  Random random(5);
  for (const std::uint32_t one_in : {1U, 2U, 30U, 1000U}) {
    for (std::size_t n = 0; n < 300; n = n < 70 ? n + 1 : n + 61) {
      std::vector<std::uint8_t> flags(n);
      std::vector<std::uint32_t> expected;
      for (std::size_t i = 0; i < n; ++i) {
        flags[i] = random.below(one_in) == 0 ? static_cast<std::uint8_t>(1 + random.below(255)) : 0;
        if (flags[i] != 0) expected.push_back(100 + static_cast<std::uint32_t>(i));
      }
      std::vector<std::uint32_t> found(n);
      found.resize(positions_of_set(flags.data(), n, 100, found.data()));
      EXPECT_EQ(found, expected);
    }
  }
}

}  // namespace
}  // namespace sparrow::simd
