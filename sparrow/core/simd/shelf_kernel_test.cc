// Against the formula, one item at a time.
#include "sparrow/core/simd/shelf_kernel.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::simd {
namespace {

float plain_likeness(const ShelfPlace& x, const ShelfPlace& y) {
  const int both = std::popcount(x.genres & y.genres);
  const int all = std::popcount(x.genres | y.genres);
  float like = 0.6F * (both == 0 ? 0.0F : static_cast<float>(both) / static_cast<float>(all));
  if (x.series != 0 && x.series == y.series) like += 0.25F;
  if (x.year != 0 && y.year != 0 && std::abs(x.year - y.year) <= 5) like += 0.15F;
  return like;
}

ShelfPlace random_place(Random& random, bool upper_genres) {
  ShelfPlace place;
  for (int g = 0; g < 4; ++g)
    place.genres |= std::uint64_t{1} << random.below(upper_genres ? 64 : 12);
  if (random.below(10) == 0) place.genres = 0;
  place.series = random.below(3);
  place.year = random.below(6) == 0 ? 0 : static_cast<std::int32_t>(1990 + random.below(12));
  return place;
}

TEST(ShelfKernel, IsTheFormula) {
  Random random(3);
  for (const bool upper_genres : {false, true}) {
    for (const std::size_t n : {1U, 15U, 16U, 17U, 100U}) {
      const std::size_t room = (n + kShelfLanes - 1) / kShelfLanes * kShelfLanes;
      std::vector<ShelfPlace> places(room);
      std::vector<std::uint32_t> low(room);
      std::vector<std::uint32_t> high(room);
      std::vector<std::uint32_t> series(room);
      std::vector<std::int32_t> year(room);
      std::vector<float> count(room);
      std::vector<float> worth(room, -__builtin_inff());
      for (std::size_t i = 0; i < n; ++i) {
        places[i] = random_place(random, upper_genres);
        low[i] = static_cast<std::uint32_t>(places[i].genres);
        high[i] = static_cast<std::uint32_t>(places[i].genres >> 32);
        series[i] = places[i].series;
        year[i] = places[i].year;
        count[i] = static_cast<float>(std::popcount(places[i].genres));
        worth[i] = static_cast<float>(random.below(8)) / 8;  // ties happen
      }
      std::vector<float> overlap(room, 0);
      std::vector<float> value(room);
      std::vector<float> want(n, 0);
      for (int step = 0; step < 5; ++step) {
        const ShelfPlace taken = random_place(random, upper_genres);
        const LargestValue largest =
            lower_values({n, low.data(), upper_genres ? high.data() : nullptr, count.data(),
                          series.data(), year.data(), worth.data(), overlap.data(), value.data()},
                         taken, 0.4F);
        float want_largest = -__builtin_inff();
        for (std::size_t i = 0; i < n; ++i) {
          want[i] = std::max(want[i], plain_likeness(places[i], taken));
          ASSERT_EQ(overlap[i], want[i]) << n << " " << i;
          ASSERT_EQ(value[i], worth[i] - 0.4F * want[i]);
          want_largest = std::max(want_largest, value[i]);
        }
        ASSERT_EQ(largest.value, want_largest);
        const auto end = value.begin() + static_cast<std::ptrdiff_t>(n);
        ASSERT_EQ(largest.count,
                  static_cast<std::size_t>(std::count(value.begin(), end, want_largest)));
        ASSERT_EQ(largest.first, static_cast<std::size_t>(
                                     std::find(value.begin(), end, want_largest) - value.begin()));
      }
    }
  }
}

}  // namespace
}  // namespace sparrow::simd
