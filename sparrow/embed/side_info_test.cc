#include "sparrow/embed/side_info.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::embed {
namespace {

constexpr std::size_t kClusters = 4;
constexpr std::size_t kItems = 80;  // item i lies in cluster i % kClusters; the last four are cold

struct Planted {
  data::Catalog catalog;
  data::Sequences sequences;
};

Planted plant() {
  std::vector<data::Item> items(kItems);
  for (std::size_t i = 0; i < kItems; ++i) {
    items[i].id = std::to_string(i);
    items[i].set(data::kGenres,
                 data::Names{"genre " + std::to_string(i % kClusters), "everything"});
    items[i].year = 1970 + static_cast<int>(i % 37);
    items[i].tags = {{"tag " + std::to_string(i % kClusters), 2}, {"only " + items[i].id, 1}};
  }
  Planted planted;
  planted.catalog = data::Catalog(std::move(items));
  Random random(1);
  for (std::size_t user = 0; user < 300; ++user) {
    const std::uint32_t mine = random.below(kClusters);
    for (int e = 0; e < 12; ++e) {
      const std::uint32_t cluster = random.below(10) == 0 ? random.below(kClusters) : mine;
      const std::uint32_t place = random.below(kItems / kClusters - 1);  // never the cold ones
      planted.sequences.items.push_back(static_cast<Row>(place * kClusters + cluster));
    }
    planted.sequences.offsets.push_back(planted.sequences.items.size());
  }
  return planted;
}

TEST(SideInfo, ColdItemsLandInTheirCluster) {
  const Planted planted = plant();
  auto trained = train_side_info(planted.sequences, side_features(planted.catalog, 3), {}, {});
  ASSERT_TRUE(trained) << trained.error().message;
  normalize_rows(trained->vectors);
  for (Row cold = kItems - kClusters; cold < kItems; ++cold) {
    std::array<double, kClusters> mean{};
    for (Row row = 0; row < kItems - kClusters; ++row) {
      mean[row % kClusters] += static_cast<double>(
          simd::dot(trained->vectors.row(cold).data(), trained->vectors.row(row).data(), 64));
    }
    const auto nearest = std::max_element(mean.begin(), mean.end()) - mean.begin();
    EXPECT_EQ(static_cast<std::size_t>(nearest), cold % kClusters);
  }
  EXPECT_LT(trained->epoch_loss.back(), trained->epoch_loss.front());
  EXPECT_GT(trained->attention[0], 0);
  EXPECT_EQ(trained->attention[3], 0);  // nobody is known
}

TEST(SideInfo, EqualSeedsEqualBytes) {
  const Planted planted = plant();
  const SideFeatures features = side_features(planted.catalog, 3);
  SideInfoOptions options;
  options.epochs = 2;
  const auto a = train_side_info(planted.sequences, features, options, {});
  const auto b = train_side_info(planted.sequences, features, options, {});
  options.seed = 2;
  const auto c = train_side_info(planted.sequences, features, options, {});
  ASSERT_TRUE(a && b && c);
  EXPECT_TRUE(std::ranges::equal(a->vectors.values(), b->vectors.values()));
  EXPECT_FALSE(std::ranges::equal(a->vectors.values(), c->vectors.values()));
}

TEST(SideInfo, RareTagsAreLeftOutAndErrorsAreSaid) {
  const Planted planted = plant();
  const SideFeatures features = side_features(planted.catalog, 3);
  EXPECT_EQ(features.count, 5U + 4U + 4U);  // genres, frequent tags, decades
  EXPECT_EQ(features.slot(0, 1).size(), 1U);
  SideInfoOptions options;
  options.min_count = 1'000'000;
  EXPECT_EQ(train_side_info(planted.sequences, features, options, {}).error().code,
            ErrorCode::kInvalidInput);
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(
      train_side_info(planted.sequences, features, {}, RunControl{{}, &cancelled}).error().code,
      ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sparrow::embed
