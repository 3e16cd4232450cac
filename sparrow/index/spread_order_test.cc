// SpreadOrder is a permutation, undoes itself, and its beginnings are spread evenly.
#include "sparrow/index/spread_order.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace sparrow::index {
namespace {

TEST(SpreadOrder, VisitsEachRowOnce) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 63ULL}) {
    for (std::size_t n = 0; n < 700; n = n < 70 ? n + 1 : n + 83) {
      const SpreadOrder order(n, seed);
      std::vector<int> seen(n + 3);
      for (std::size_t place = 0; place < n + 3; ++place) {
        const Row row = order.row_at(place);
        ASSERT_LT(row, n + 3);
        ++seen[row];
        ASSERT_EQ(order.place_of(row), place);
      }
      EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(n + 3));
      EXPECT_EQ(order.row_at(n), n) << "rows that come later keep their place";
    }
  }
}

TEST(SpreadOrder, UndoesItselfForManyRows) {
  for (const std::size_t n : {1'000'003UL, 16'777'216UL, 4'294'967'295UL}) {
    const SpreadOrder order(n, 1);
    for (std::size_t place = 0; place < n; place += n / 1000) {
      ASSERT_LT(order.row_at(place), n);
      ASSERT_EQ(order.place_of(order.row_at(place)), place);
    }
  }
}

TEST(SpreadOrder, AnyBeginningIsSpreadEvenly) {
  constexpr std::size_t kRows = 100'000;
  for (const std::uint64_t seed : {0ULL, 1ULL, 2ULL}) {
    const SpreadOrder order(kRows, seed);
    for (const std::size_t first : {50UL, 500UL, 5000UL}) {
      std::vector<std::size_t> rows;
      for (std::size_t place = 0; place < first; ++place) rows.push_back(order.row_at(place));
      std::sort(rows.begin(), rows.end());
      for (std::size_t i = 1; i < rows.size(); ++i)
        EXPECT_LT(rows[i] - rows[i - 1], 8 * kRows / first) << seed;
    }
  }
}

}  // namespace
}  // namespace sparrow::index
