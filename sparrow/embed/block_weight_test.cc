#include "sparrow/embed/block_weight.h"

#include <gtest/gtest.h>

#include "sparrow/core/random.h"

namespace sparrow::embed {
namespace {

constexpr std::uint32_t kShelves = 4;
constexpr std::uint32_t kOfEach = 25;

// Items of four tastes, a genre each; users who like what is of their taste, nine times of ten.
data::Dataset of_tastes(std::size_t users) {
  data::Dataset dataset;
  std::vector<data::Item> items(kShelves * kOfEach);
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].id = std::to_string(i);
    items[i].set(data::kGenres, data::Names{std::string(1, static_cast<char>('a' + i / kOfEach))});
  }
  dataset.catalog = data::Catalog(std::move(items));
  Random random(7);
  for (std::size_t u = 0; u < users; ++u) {
    const auto taste = static_cast<std::uint32_t>(u) % kShelves;
    for (std::size_t e = 0; e < 10; ++e) {
      const std::uint32_t of = random.below(10) == 0 ? random.below(kShelves) : taste;
      dataset.interactions.items.push_back(of * kOfEach + random.below(kOfEach));
      dataset.interactions.values.push_back(1);
      dataset.interactions.times.push_back(static_cast<std::int64_t>(e));
    }
    dataset.interactions.offsets.push_back(dataset.interactions.items.size());
    dataset.users.push_back(std::to_string(u));
  }
  dataset.info.scale.liked = 1;
  return dataset;
}

// The taste of an item and chance, in this proportion.
Embeddings rows_of(float taste, std::uint64_t seed) {
  Embeddings rows(kShelves * kOfEach, 8);
  Random random(seed);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (float& v : rows.row(i)) v = static_cast<float>(random.below(2001)) / 1000 - 1;
    rows.row(i)[i / kOfEach] += taste;
  }
  return rows;
}

TEST(BlockWeight, FollowsHowFarABlockTellsWhatOnePersonLikes) {
  const data::Dataset dataset = of_tastes(400);
  const auto genres = separation_of_genres(dataset);
  const auto much = separation_of_rows(dataset, rows_of(3, 1));
  const auto little = separation_of_rows(dataset, rows_of(0.7F, 2));
  const auto none = separation_of_rows(dataset, rows_of(0, 3));
  ASSERT_TRUE(genres && much && little && none);
  EXPECT_GT(*genres, 1);
  EXPECT_GT(*much, 2 * *little);
  EXPECT_GT(*little, 0.1);
  EXPECT_LT(std::abs(*none), 0.1);
  EXPECT_GT(weight_beside_genres(much, genres, 1), weight_beside_genres(little, genres, 1));
  EXPECT_GT(weight_beside_genres(little, genres, 1), 0.05F);
  EXPECT_LE(weight_beside_genres(10.0, genres, 1), 1);
}

TEST(BlockWeight, IsNothingForABlockThatTellsNothing) {
  EXPECT_EQ(weight_beside_genres(0.01, 1.0, 1), 0);
  EXPECT_EQ(weight_beside_genres(-0.4, 1.0, 1), 0);
  EXPECT_FLOAT_EQ(weight_beside_genres(0.25, std::nullopt, 1), 0.5F);  // genres tell nothing
  EXPECT_FLOAT_EQ(weight_beside_genres(0.25, 0.01, 1), 0.5F);
}

TEST(BlockWeight, IsATenthWhereThereIsTooLittleBehavior) {
  const data::Dataset few = of_tastes(10);
  EXPECT_FALSE(separation_of_rows(few, rows_of(3, 1)));
  EXPECT_FALSE(separation_of_rows(of_tastes(400), Embeddings(kShelves * kOfEach, 8)));  // no rows
  EXPECT_FLOAT_EQ(weight_beside_genres(std::nullopt, 1.0, 1), 0.1F);
}

TEST(BlockWeight, LooksOnlyAtItemsThatHaveARow) {
  const data::Dataset dataset = of_tastes(400);
  Embeddings rows = rows_of(3, 1);
  for (std::size_t i = 0; i < rows.rows(); i += 2)
    for (float& v : rows.row(i)) v = 0;
  const auto found = separation_of_rows(dataset, rows);
  ASSERT_TRUE(found);
  EXPECT_NEAR(*found, *separation_of_rows(dataset, rows_of(3, 1)), 0.3);
}

}  // namespace
}  // namespace sparrow::embed
