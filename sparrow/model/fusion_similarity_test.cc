// Fast paths of FusionSimilarity against its scalar formula.
#include "sparrow/model/fusion_similarity.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/core/top_k.h"

namespace sparrow::model {
namespace {

constexpr std::size_t kItems = 1500;  // more than a block of the search
constexpr std::size_t kDim = 20;

// Every third item has no vector; content: a common feature and some of forty.
Model random_model(float content_weight) {
  Random random(3);
  Model model;
  Embeddings vectors(kItems, kDim);
  std::vector<std::uint32_t> indptr{0};
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  std::vector<FusionItem> items(kItems);
  for (std::size_t r = 0; r < kItems; ++r) {
    model.items.push_back(std::to_string(r));
    for (std::size_t c = 0; c < kDim; ++c)
      vectors.row(r)[c] = r % 3 == 0 ? 0.0F : static_cast<float>(random.normal() * 0.2);
    for (std::uint32_t f = 0; f < 40; ++f) {
      if (f != 0 && random.below(8) != 0) continue;
      indices.push_back(f);
      values.push_back(0.4F);
    }
    indptr.push_back(static_cast<std::uint32_t>(indices.size()));
    items[r].richness = static_cast<float>(random.uniform());
    items[r].popularity = static_cast<float>(random.normal());
  }
  FusionParameters p;
  p.content_weight = content_weight;
  p.closeness_bonus = 0.7F;
  p.popularity_penalty = 0.15F;
  p.behavior_deviation = 0.2F;
  p.content_mean = 0.3F;
  p.content_deviation = 0.2F;
  p.behavior_slope = 0.1F;
  set_vectors(model, vectors);
  set_content(model, {indptr, indices, values, {}});
  set_fusion(model, p, items);
  return model;
}

FusionReference every_fourth() {
  FusionReference reference;
  for (Row r = 1; r < kItems; r += 4) {
    if (r % 3 != 0) reference.behavior.push_back(r);
    reference.all.push_back(r);
  }
  return reference;
}

TEST(FusionSimilarity, ListsAreThoseOfTheScores) {
  const Model model = random_model(0.4F);
  FusionSimilarity similarity(model);
  (void)similarity.estimate_statistics(every_fourth(), 2);
  const auto block = similarity.nearest_block(600, 40, 25);
  std::vector<std::uint8_t> excluded(kItems);
  for (std::size_t r = 0; r < kItems; r += 2) excluded[r] = 1;
  for (Row row = 600; row < 640; ++row) {
    TopK all(25);
    TopK odd(25);
    for (Row j = 0; j < kItems; ++j) {
      if (j != row) all.add(j, similarity.score(row, j));
      if (j != row && excluded[j] == 0) odd.add(j, similarity.score(row, j));
    }
    const auto same = [](const std::vector<Neighbor>& a, const std::vector<Neighbor>& b) {
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i].score, b[i].score, 1e-4);
    };
    const auto truth = all.take();
    same(similarity.nearest(row, 25, {}), truth);
    same(block[row - 600], truth);
    same(similarity.nearest(row, 25, excluded), odd.take());
  }
}

TEST(FusionSimilarity, ListsByBoundsOfBytesAreTheSame) {
  for (const float content_weight : {0.0F, 0.4F, 1.0F}) {
    const Model model = random_model(content_weight);
    FusionSimilarity plain(model);
    (void)plain.estimate_statistics(every_fourth(), 2);
    FusionSimilarity prepared = plain;
    prepared.prepare_search();
    std::vector<std::uint8_t> excluded(kItems, 1);
    for (std::size_t r = 5; r < kItems; r += 9) excluded[r] = 0;
    const std::vector<std::uint8_t> all_but_two = [] {
      std::vector<std::uint8_t> marks(kItems, 1);
      marks[3] = marks[700] = 0;
      return marks;
    }();
    for (Row row = 0; row < kItems; row += 7) {
      for (const std::size_t k : {1U, 25U, 200U}) {
        EXPECT_EQ(prepared.nearest(row, k, {}), plain.nearest(row, k, {}));
        EXPECT_EQ(prepared.nearest(row, k, excluded), plain.nearest(row, k, excluded));
        EXPECT_EQ(prepared.nearest(row, k, all_but_two), plain.nearest(row, k, all_but_two));
      }
    }
  }
}

TEST(FusionSimilarity, StatisticsAreThoseOfTheScalarFormulaForEveryContentWeight) {
  const FusionReference reference = every_fourth();
  const Model model = random_model(0);
  std::vector<FusionSimilarity> together(2, FusionSimilarity(model));
  together[1].set_content_weight(0.6F);
  FusionSimilarity::estimate_statistics(together, reference, 2);
  for (std::size_t w = 0; w < 2; ++w) {
    const Model alone = random_model(w == 0 ? 0.0F : 0.6F);
    FusionSimilarity similarity(alone);
    const auto items = similarity.estimate_statistics(reference, 1);
    for (Row row = 0; row < 60; ++row) {
      const FusionItem one = similarity.estimate_item(row, reference);
      EXPECT_NEAR(items[row].mean_s, one.mean_s, 1e-4);
      EXPECT_NEAR(items[row].deviation_s, one.deviation_s, 1e-4);
      EXPECT_NEAR(items[row].mean_l, one.mean_l, 1e-4);
      EXPECT_NEAR(items[row].deviation_l, one.deviation_l, 1e-4);
      EXPECT_EQ(similarity.score(row, 700), together[w].score(row, 700));
    }
  }
}

}  // namespace
}  // namespace sparrow::model
