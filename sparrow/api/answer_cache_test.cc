#include "sparrow/api/answer_cache.h"

#include <gtest/gtest.h>

namespace sparrow::api {
namespace {

std::string get(AnswerCache& cache, const std::string& key, const std::string& fill = "") {
  std::string out = "<";
  bool degraded = false;
  std::shared_ptr<const events::Impression> list;
  if (!cache.append(key, out, degraded, list, [&](std::string& o) { o += fill; })) return "-";
  return out + (degraded ? "!" : "");
}

TEST(AnswerCache, FillsTheGapAndTellsOfWhatWasDegraded) {
  AnswerCache cache(1 << 20);
  EXPECT_EQ(get(cache, "a"), "-");
  cache.put("a", {"head tail", 5, false, nullptr});
  cache.put("b", {"", 0, true, nullptr});
  EXPECT_EQ(get(cache, "a", "id-1 "), "<head id-1 tail");
  EXPECT_EQ(get(cache, "a", "id-2 "), "<head id-2 tail");
  EXPECT_EQ(get(cache, "b", "x"), "<x!");
  EXPECT_EQ(cache.counts().hits, 3U);
  EXPECT_EQ(cache.counts().misses, 1U);
}

TEST(AnswerCache, StaysBelowItsBoundAndKeepsWhatIsAskedFor) {
  constexpr std::size_t kBound = std::size_t{4} << 20;
  AnswerCache cache(kBound);
  const std::string text(2700, 'x');
  cache.put("wanted", {text, 0, false, nullptr});
  std::size_t found = 0;
  for (int i = 0; i < 10'000; ++i) {
    cache.put("key-" + std::to_string(i), {text, 0, false, nullptr});
    if (i % 10 == 0) found += get(cache, "wanted") == "<" + text ? 1U : 0U;
  }
  EXPECT_EQ(found, 1000U);
  EXPECT_EQ(get(cache, "key-0"), "-");
  EXPECT_LE(cache.counts().bytes, kBound);
  EXPECT_GT(cache.counts().bytes, kBound * 9 / 10);
}

TEST(AnswerCache, KeepsNothingWithoutRoomAndNothingTooLarge) {
  AnswerCache none(0);
  none.put("a", {"text", 0, false});
  EXPECT_EQ(get(none, "a"), "-");
  EXPECT_FALSE(none.keeps());
  AnswerCache small(16 * 1024);
  small.put("a", {std::string(2000, 'x'), 0, false});
  EXPECT_EQ(get(small, "a"), "-");
}

}  // namespace
}  // namespace sparrow::api
