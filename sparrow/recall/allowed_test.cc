#include "sparrow/recall/allowed.h"

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::recall {
namespace {

TEST(Allowed, IsWhatEachConditionAllows) {
  constexpr Row kRows = 500;
  Random random(4);
  std::vector<std::uint8_t> hidden(kRows);
  std::vector<std::uint8_t> shown(kRows);
  for (auto& mark : hidden) mark = random.below(3) == 0 ? 1 : 0;
  for (auto& mark : shown) mark = random.below(3) == 0 ? 0 : 1;
  for (const std::size_t count : {0U, 1U, 4U, 300U}) {
    std::vector<Row> excluded;
    for (std::size_t i = 0; i < count; ++i) excluded.push_back(random.below(kRows));
    Allowed allowed;
    allowed.none_of(hidden);
    allowed.none_of({});  // nothing is hidden
    allowed.only(shown);
    allowed.without(excluded);
    allowed.also([](Row row) { return row % 7 != 0; });
    for (Row row = 0; row < kRows; ++row) {
      const bool out = std::find(excluded.begin(), excluded.end(), row) != excluded.end();
      EXPECT_EQ(allowed.excludes(row), out);
      EXPECT_EQ(allowed(row), hidden[row] == 0 && shown[row] != 0 && !out && row % 7 != 0);
    }
  }
  EXPECT_TRUE(Allowed()(3));
}

}  // namespace
}  // namespace sparrow::recall
