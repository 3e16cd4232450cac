#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/text.h"
#include "sparrow/core/top_k.h"

namespace sparrow {
namespace {

TEST(TopK, KeepsTheBestAsASortWould) {
  Random random(1);
  for (const std::size_t k : {0U, 1U, 5U, 100U, 2000U}) {
    std::vector<Neighbor> all;
    TopK best(k);
    for (Row row = 0; row < 1000; ++row) {
      all.push_back({row, static_cast<float>(random.below(50))});  // many ties
      best.add(row, all.back().score);
    }
    std::sort(all.begin(), all.end(), better);
    all.resize(std::min<std::size_t>(k, all.size()));
    EXPECT_EQ(best.take(), all);
  }
}

TEST(TopK, TieRanksLeadBackToTheirRows) {
  Random random(3);
  for (int i = 0; i < 100'000; ++i) {
    const auto row = static_cast<Row>(random.next());
    ASSERT_EQ(row_of_tie_rank(tie_rank(row)), row);
  }
}

TEST(Random, SameSeedSameNumbersAndUniform) {
  Random a(7);
  Random b(7);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(a.next(), b.next());
    sum += b.uniform();
    a.uniform();
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(Parallel, CoversEveryIndexOnce) {
  std::vector<int> seen(10'001, 0);
  parallel_for(seen.size(), 37, 4, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) ++seen[i];
  });
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
}

TEST(Text, FoldsCaseAccentsAndPunctuation) {
  EXPECT_EQ(fold_text("Amélie  (Le Fabuleux…)"), "amelie le fabuleux");
  EXPECT_EQ(fold_text("L'Avventura"), "lavventura");
  EXPECT_EQ(fold_text("Æon Flux, Ødipus"), "aeon flux odipus");
  EXPECT_EQ(fold_text("bad \xff bytes"), "bad bytes");
  EXPECT_FALSE(is_utf8("\xc3"));
  EXPECT_TRUE(is_utf8("七人の侍"));
}

TEST(File, WritesWholeOrNotAtAll) {
  const auto folder = std::filesystem::temp_directory_path() / "sparrow-file-test";
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file_atomically(folder / "a", "one"));
  ASSERT_TRUE(write_file_atomically(folder / "a", "two"));
  EXPECT_EQ(*read_file(folder / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}),
            1);  // no temporary is left
  ASSERT_TRUE(append_durably(folder / "a", " and"));
  ASSERT_TRUE(append_durably(folder / "a", " three"));
  EXPECT_EQ(*read_file(folder / "a"), "two and three");
  EXPECT_EQ(append_durably(folder / "no" / "a", "x").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(append_durably("/dev/full", "x").error().code, ErrorCode::kExhausted);
  EXPECT_EQ(read_file(folder / "missing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_file(folder / "a", 2).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sparrow
