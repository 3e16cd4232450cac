#include "sparrow/rank/ranker.h"

#include <gtest/gtest.h>

namespace sparrow::rank {
namespace {

TEST(LinearRanker, SumsWeightsTimesFeatures) {
  const auto ranker = LinearRanker::of_json({{"co_watch", 3}, {"quality", -2.5}});
  ASSERT_TRUE(ranker);
  EXPECT_FALSE(ranker->neutral());
  const Features f{50, 2, 0.5F, -1, 0.4F, 1};
  EXPECT_FLOAT_EQ((*ranker->score({&f, 1}, {}))[0], 50 + 3 * 2 - 2.5F * 0.4F);
  EXPECT_TRUE(LinearRanker().neutral());
  EXPECT_FLOAT_EQ((*LinearRanker().score({&f, 1}, {}))[0], 50);
}

TEST(LinearRanker, RefusesWhatIsNoWeight) {
  for (const char* text : {"{\"beauty\":1}", "{\"quality\":\"x\"}", "{\"quality\":1e9}", "[]", "3",
                           "{\"quality\":null}"}) {
    const auto ranker = LinearRanker::of_json(nlohmann::json::parse(text));
    ASSERT_FALSE(ranker) << text;
    EXPECT_EQ(ranker.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace sparrow::rank
