// Items that a model was not trained with: ContentPlacer and model::extend(). Oracles: the content
// that training gives the same item, and exact lists of the larger model.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/extension.h"
#include "sparrow/model/similarity.h"

namespace sparrow::embed {
namespace {

data::Dataset groups() {
  constexpr std::size_t kItems = 160;
  constexpr std::size_t kGroups = 4;
  data::Dataset dataset;
  std::vector<data::Item> items;
  for (std::size_t i = 0; i < kItems; ++i) {
    data::Item item;
    item.id = std::to_string(i);
    item.title = "Story of " + std::to_string(i % 7) + (i % 3 == 0 ? " Nights" : " Days");
    item.year = 1950 + static_cast<int>(i % 60);
    item.set(data::kGenres, data::Names{"genre " + std::to_string(i % kGroups),
                                        i % 5 == 0 ? "Children" : "Drama"});
    item.tags = {{"mood " + std::to_string(i % 9), static_cast<std::uint32_t>(1 + i % 4)}};
    item.set(data::kDirectors, data::Names{"Person " + std::to_string(i % 11)});
    items.push_back(std::move(item));
  }
  Random random(3);
  for (std::size_t u = 0; u < 400; ++u) {
    dataset.users.push_back(std::to_string(u));
    const auto mine = random.below(kGroups);
    std::vector<Row> seen;
    for (int e = 0; e < 12; ++e) {
      const auto row = static_cast<Row>(random.below(kItems / kGroups) * kGroups + mine);
      if (std::find(seen.begin(), seen.end(), row) != seen.end()) continue;
      seen.push_back(row);
      dataset.interactions.items.push_back(row);
      dataset.interactions.values.push_back(5);
      dataset.interactions.times.push_back(e);
    }
    dataset.interactions.offsets.push_back(dataset.interactions.items.size());
  }
  dataset.catalog = data::Catalog(std::move(items));
  dataset.info.hash = "groups";
  return dataset;
}

class PlacementTest : public testing::Test {
 protected:
  void SetUp() override {
    TrainOptions options;
    options.fusion.cooccurrence_dim = 16;
    options.fusion.history_dim = 8;
    auto model = train_model(dataset_, options, {});
    ASSERT_TRUE(model) << model.error().message;
    model_ = std::move(*model);
  }
  data::Dataset dataset_ = groups();
  model::Model model_;
};

TEST_F(PlacementTest, AnItemIsPlacedWhereTrainingPlacedIt) {
  const auto placer = ContentPlacer::open(model_);
  ASSERT_TRUE(placer) << placer.error().message;
  const auto indptr = model_.find("content.indptr")->uint32s();
  const auto indices = model_.find("content.indices")->uint32s();
  const auto values = model_.find("content.values")->floats();
  for (Row row = 0; row < model_.items.size(); ++row) {
    const auto row_of_item = dataset_.catalog.find(model_.items[row]);
    ASSERT_TRUE(row_of_item);
    const auto placed = placer->place(dataset_.catalog[*row_of_item], dataset_.catalog.schema());
    ASSERT_EQ(placed.features.size(), indptr[row + 1] - indptr[row]) << row;
    for (std::size_t i = 0; i < placed.features.size(); ++i) {
      EXPECT_EQ(placed.features[i], indices[indptr[row] + i]);
      EXPECT_NEAR(placed.values[i], values[indptr[row] + i], 1e-5);
    }
  }
}

TEST_F(PlacementTest, ANewItemStandsByItsTwinAndListsStayExactPrefixes) {
  const auto placer = ContentPlacer::open(model_);
  ASSERT_TRUE(placer);
  data::Item twin = dataset_.catalog[*dataset_.catalog.find("8")];
  twin.id = "twin";
  const std::vector<model::ItemContent> contents{placer->place(twin, dataset_.catalog.schema())};
  const auto larger = model::extend(model_, contents);
  ASSERT_TRUE(larger) << larger.error().message;
  EXPECT_TRUE(model::validate(*larger));
  const auto similarity = model::Similarity::open(*larger);
  ASSERT_TRUE(similarity);
  const auto added = static_cast<Row>(larger->items.size() - 1);
  EXPECT_EQ((*similarity)->source(added), model::Source::kContent);
  std::size_t of_group = 0;
  const auto list = (*similarity)->nearest(added, 10, {});
  for (const Neighbor& n : list) of_group += std::stoul(larger->items[n.row]) % 4 == 0 ? 1U : 0U;
  EXPECT_GE(of_group, 5U);  // chance: 2.5
  EXPECT_TRUE(std::any_of(list.begin(), list.end(),
                          [&](const Neighbor& n) { return larger->items[n.row] == "8"; }));
  const auto rows = larger->find("neighbors.rows")->uint32s();
  const std::size_t k = larger->find("neighbors.rows")->shape[1];
  std::size_t listed = 0;
  for (Row row = 0; row < larger->items.size(); ++row) {
    const auto truth = (*similarity)->nearest(row, k, {});
    for (std::size_t i = 0; i < std::min(k, truth.size()); ++i) {
      const Row found = rows[row * k + i];
      if (found == kNoRow) break;
      listed += found == added ? 1U : 0U;
      // Equal up to float rounding of the scores.
      EXPECT_NEAR((*similarity)->score(row, found), truth[i].score,
                  1e-3F * std::max(1.0F, truth[i].score));
    }
  }
  EXPECT_GT(listed, 0U);
}

// Seen: statistics of new items were estimated among others of them that had none yet, and every
// list of fifty alike items was empty.
TEST_F(PlacementTest, ManyNewItemsOfOneContentHaveListsOfTheirOwn) {
  const auto placer = ContentPlacer::open(model_);
  ASSERT_TRUE(placer);
  data::Item twin = dataset_.catalog[*dataset_.catalog.find("8")];
  std::vector<model::ItemContent> contents;
  for (int i = 0; i < 50; ++i) {
    twin.id = "twin " + std::to_string(i);
    contents.push_back(placer->place(twin, dataset_.catalog.schema()));
  }
  const auto larger = model::extend(model_, contents);
  ASSERT_TRUE(larger) << larger.error().message;
  const auto similarity = model::Similarity::open(*larger);
  ASSERT_TRUE(similarity);
  for (auto row = static_cast<Row>(model_.items.size()); row < larger->items.size(); ++row) {
    EXPECT_EQ((*similarity)->nearest(row, 10, {}).size(), 10U) << row;
    EXPECT_TRUE(std::isfinite((*similarity)->score(row, 0))) << row;
  }
}

TEST_F(PlacementTest, AModelWithoutAVocabularySaysSo) {
  model_.tensors.erase("content.vocabulary");
  EXPECT_EQ(ContentPlacer::open(model_).error().code, ErrorCode::kNotFound);
  model_.tensors.erase("content.values");
  EXPECT_EQ(model::extend(model_, {}).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace sparrow::embed
