// Tables made by cells against those of every pair.
#include "sparrow/model/neighbor_lists.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/core/top_k.h"
#include "sparrow/model/cells.h"
#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kMany = 9000;
constexpr std::size_t kWidth = 24;
constexpr std::size_t kGroups = 60;

// Groups of items: behavior around a center of the group, content of five words of the group's ten.
// Every third item has content alone, every hundredth has neither.
Model grouped_model() {
  Random random(11);
  Model model;
  Embeddings centers(kGroups, kWidth);
  for (std::size_t g = 0; g < kGroups; ++g) {
    for (float& v : centers.row(g)) v = static_cast<float>(random.normal());
  }
  normalize_rows(centers);
  Embeddings vectors(kMany, kWidth);
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  std::vector<FusionItem> items(kMany);
  for (std::size_t r = 0; r < kMany; ++r) {
    model.items.push_back(std::to_string(r));
    const std::uint32_t group = random.below(kGroups);
    for (std::size_t c = 0; c < kWidth; ++c)
      vectors.row(r)[c] =
          r % 3 == 0 ? 0.0F : centers.row(group)[c] + static_cast<float>(random.normal() * 0.1);
    std::set<std::uint32_t> words;
    while (r % 100 != 0 && words.size() < 5) words.insert(group * 10 + random.below(10));
    for (const std::uint32_t word : words) {
      indices.push_back(word);
      values.push_back(0.447F);
    }
    offsets.push_back(static_cast<std::uint32_t>(indices.size()));
    items[r].richness = r % 100 == 0 ? 0.0F : 0.9F;
    items[r].popularity = static_cast<float>(random.normal());
  }
  FusionParameters p;
  p.content_weight = 0.5F;
  p.closeness_bonus = 0.35F;
  p.popularity_penalty = 0.15F;
  p.behavior_deviation = 0.25F;
  p.content_deviation = 0.1F;
  p.behavior_slope = 0.2F;
  set_vectors(model, vectors);
  set_content(model, {offsets, indices, values, {}});
  set_fusion(model, p, items);
  FusionSimilarity similarity(model);
  FusionReference reference;
  for (Row r = 1; r < kMany; r += 8) {
    if (r % 3 != 0) reference.behavior.push_back(r);
    reference.all.push_back(r);
  }
  const auto estimated = similarity.estimate_statistics(reference, 2);
  set_fusion(model, p, estimated);
  return model;
}

TEST(NeighborLists, CellsFindWhatEveryPairFinds) {
  Model exact = grouped_model();
  Model by_cells = exact;
  const FusionSimilarity similarity(exact);
  EXPECT_TRUE(add_neighbor_table(exact, similarity, {.neighbors = 20}).exact);
  const ListReport report = add_neighbor_table(
      by_cells, similarity, {.neighbors = 20, .exact_items = 100, .all_pairs_operations = 0});
  EXPECT_FALSE(report.exact);
  EXPECT_GE(report.recall_at_10, 0.95);
  EXPECT_LT(report.pairs, kMany * 0.6);
  const NeighborTable truth = *NeighborTable::of(exact);
  const NeighborTable found = *NeighborTable::of(by_cells);
  std::size_t wanted = 0;
  std::size_t hits = 0;
  std::size_t cold_wanted = 0;
  std::size_t cold_hits = 0;
  for (Row r = 0; r < kMany; ++r) {
    for (std::size_t i = 0; i < 10 && truth.rows_of(r)[i] != kNoRow; ++i) {
      const auto rows = found.rows_of(r);
      const bool hit = std::find(rows.begin(), rows.end(), truth.rows_of(r)[i]) != rows.end();
      (r % 3 == 0 ? cold_wanted : wanted) += 1;
      (r % 3 == 0 ? cold_hits : hits) += hit ? 1 : 0;
    }
    // The scores are the similarity's own, and best first.
    for (std::size_t i = 0; i < 20 && found.rows_of(r)[i] != kNoRow; ++i) {
      ASSERT_NEAR(found.scores_of(r)[i], similarity.score(r, found.rows_of(r)[i]), 1e-4);
      ASSERT_NE(found.rows_of(r)[i], r);
      if (i > 0) {
        ASSERT_GE(found.scores_of(r)[i - 1], found.scores_of(r)[i]);
      }
    }
  }
  EXPECT_GT(static_cast<double>(hits), 0.95 * static_cast<double>(wanted));
  EXPECT_GT(static_cast<double>(cold_hits), 0.95 * static_cast<double>(cold_wanted));
}

TEST(NeighborLists, ItemsMeetAllOthersWhereCellsAreNotEnoughAndThatIsPaidFor) {
  Model exact = grouped_model();
  Model by_cells = exact;
  const FusionSimilarity similarity(exact);
  add_neighbor_table(exact, similarity, {.neighbors = 20});
  const ListReport report = add_neighbor_table(
      by_cells, similarity, {.neighbors = 20, .exact_items = 100, .least_recall = 1.1});
  EXPECT_FALSE(report.exact);
  EXPECT_EQ(report.recall_at_10, 1);
  EXPECT_GE(report.pairs, kMany);
  const NeighborTable truth = *NeighborTable::of(exact);
  const NeighborTable found = *NeighborTable::of(by_cells);
  for (Row r = 0; r < kMany; ++r) {
    const auto wanted = truth.rows_of(r);
    const auto rows = found.rows_of(r);
    ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), rows.begin(), rows.end())) << r;
  }
}

TEST(NeighborLists, ThreadsAndBlocksChangeNothing) {
  Model one = grouped_model();
  Model two = one;
  const FusionSimilarity similarity(one);
  (void)add_neighbor_table(one, similarity, {.neighbors = 10, .exact_items = 0, .threads = 1});
  (void)add_neighbor_table(two, similarity, {.neighbors = 10, .exact_items = 0, .threads = 3});
  EXPECT_EQ(one.tensors, two.tensors);
}

TEST(NeighborLists, AnItemThatIsLikeNothingHasNoListAndIsInNone) {
  Model model = grouped_model();
  const FusionSimilarity similarity(model);
  (void)add_neighbor_table(model, similarity, {.neighbors = 20, .exact_items = 0});
  const NeighborTable table = *NeighborTable::of(model);
  ASSERT_EQ(similarity.source(300), Source::kNone);  // neither behavior nor content
  EXPECT_EQ(table.rows_of(300)[0], kNoRow);
  for (Row r = 0; r < kMany; ++r) {
    for (const std::uint32_t other : table.rows_of(r)) {
      if (other != kNoRow) {
        ASSERT_NE(similarity.source(other), Source::kNone);
      }
    }
  }
}

TEST(NeighborLists, AmongSomeIsWhatTheScoresSay) {
  const Model model = grouped_model();
  const FusionSimilarity similarity(model);
  const std::vector<Row> rows{3, 4, 100, 2000, 8999};
  std::vector<Row> among;
  for (Row r = 0; r < kMany; r += 7) among.push_back(r);
  const auto lists = similarity.nearest_among(rows, among, 15);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (similarity.source(rows[i]) == Source::kNone) {
      EXPECT_TRUE(lists[i].empty());
      continue;
    }
    TopK best(15);
    for (const Row j : among) {
      if (j != rows[i] && similarity.source(j) != Source::kNone)
        best.add(j, similarity.score(rows[i], j));
    }
    const auto truth = best.take();
    ASSERT_EQ(lists[i].size(), truth.size());
    for (std::size_t n = 0; n < truth.size(); ++n)
      EXPECT_NEAR(lists[i][n].score, truth[n].score, 1e-4);
  }
}

TEST(Cells, EveryRowIsInOneCellAndNoneIsTooLarge) {
  Random random(2);
  Embeddings vectors(5000, 8);  // half of them one and the same
  for (std::size_t r = 0; r < 5000; ++r) {
    for (float& v : vectors.row(r)) v = r % 2 == 0 ? 1.0F : static_cast<float>(random.normal());
  }
  std::vector<Row> rows;
  for (Row r = 0; r < 5000; ++r) rows.push_back(r);
  const Cells cells = make_cells(
      rows, 8,
      [&](Row r, std::span<float> out) { std::copy_n(vectors.row(r).begin(), 8, out.begin()); }, 50,
      1, 2);
  std::vector<Row> all = cells.rows;
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, rows);
  for (std::size_t c = 0; c < cells.count(); ++c) {
    EXPECT_LE(cells.of(c).size(), 400U);
    const auto around = cells.around(c, 700);
    EXPECT_GE(around.size(), 700U);
    for (const Row r : cells.of(c))
      EXPECT_TRUE(std::binary_search(around.begin(), around.end(), r));
  }
}

}  // namespace
}  // namespace sparrow::model
