#include "sparrow/rank/recommender.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "sparrow/rank/small_world.h"

namespace sparrow::rank {
namespace {

// Six items on a line, the last one cold.
model::Model line_model() {
  model::Model model;
  model.manifest.name = "line";
  std::vector<float> vectors;
  for (int i = 0; i < 6; ++i) {
    model.items.push_back(std::to_string(i));
    const float angle = 0.2F * static_cast<float>(i);
    vectors.push_back(i == 5 ? 0 : std::cos(angle));
    vectors.push_back(i == 5 ? 0 : std::sin(angle));
  }
  model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {6, 2});
  const std::vector<std::uint32_t> popularity{5, 4, 3, 2, 1, 0};
  model.tensors["popularity"] = model::Tensor::of(std::span<const std::uint32_t>(popularity), {6});
  const std::vector<std::uint32_t> indptr{0, 1, 2, 3, 4, 5, 6};
  const std::vector<std::uint32_t> indices{0, 0, 0, 1, 1, 1};
  const std::vector<float> values(6, 1.0F);
  model.tensors["content.indptr"] = model::Tensor::of(std::span<const std::uint32_t>(indptr), {7});
  model.tensors["content.indices"] =
      model::Tensor::of(std::span<const std::uint32_t>(indices), {6});
  model.tensors["content.values"] = model::Tensor::of(std::span<const float>(values), {6});
  return model;
}

data::Catalog catalog_of(const std::vector<std::string>& ids) {
  std::vector<data::Item> items(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) items[i].id = items[i].title = ids[i];
  return data::Catalog(std::move(items));
}

std::vector<std::string> ids_of(const data::Catalog& catalog, const Answer& answer) {
  std::vector<std::string> ids;
  for (const auto& item : answer.items) ids.push_back(catalog[item.row].id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST(Recommender, ListsNearestWithoutTheSeedPagesAndExcludes) {
  const auto catalog = catalog_of({"0", "1", "2", "3", "4", "5"});
  const model::Model model = line_model();
  const auto recommender = Recommender::open(catalog, model);
  ASSERT_TRUE(recommender);
  EXPECT_EQ(ids_of(catalog, (*recommender)->similar({0, 3, 0, {}})), (Ids{"1", "2", "3"}));
  EXPECT_EQ(ids_of(catalog, (*recommender)->similar({0, 2, 1, {}})), (Ids{"2", "3"}));
  EXPECT_EQ(ids_of(catalog, (*recommender)->similar({0, 3, 0, {1, 2}})), (Ids{"3", "4", "5"}));
  const Answer cold = (*recommender)->similar({5, 2, 0, {}});
  EXPECT_EQ(cold.seed_source, model::Source::kContent);
  EXPECT_EQ(cold.items.size(), 2U);
  for (const auto& item : cold.items) EXPECT_EQ(item.source, model::Source::kContent);
  const Answer all = (*recommender)->similar({0, 20, 0, {}});
  EXPECT_EQ(all.items.size(), 5U);
  EXPECT_FALSE(all.degraded.empty());  // short, and says so
}

TEST(Recommender, ItemsTheModelOrTheCatalogLacks) {
  const auto catalog = catalog_of({"new", "4", "3", "2"});
  const model::Model model = line_model();
  const auto recommender = Recommender::open(catalog, model);
  ASSERT_TRUE(recommender);
  const Answer fresh = (*recommender)->similar({0, 2, 0, {}});
  EXPECT_EQ(ids_of(catalog, fresh), (Ids{"2", "3"}));  // popular instead
  EXPECT_FALSE(fresh.degraded.empty());
  EXPECT_EQ(ids_of(catalog, (*recommender)->similar({1, 2, 0, {}})),
            (Ids{"3", "2"}));  // never an item that is gone
  EXPECT_FALSE(Recommender::open(catalog_of({"x"}), model));
}

// Nobody watched anything: the channel that counts who did fails.
TEST(Recommender, AFailingChannelIsDroppedAndTold) {
  data::Dataset dataset;
  dataset.catalog = catalog_of({"0", "1", "2", "3", "4", "5"});
  dataset.interactions.offsets = {0};
  const recall::ItemFacts facts(dataset);
  const model::Model model = line_model();
  const auto recommender = Recommender::open(dataset.catalog, model, &facts);
  ASSERT_TRUE(recommender);
  Request request;
  request.seeds = {{0, 1}};
  request.size = 3;
  for (const bool alone : {false, true}) {
    request.controls.channels = {"co-watch"};
    if (!alone) request.controls.channels.emplace_back("embedding");
    const Answer answer = (*recommender)->recommend(request);
    EXPECT_EQ(ids_of(dataset.catalog, answer), (Ids{"1", "2", "3"}));
    EXPECT_TRUE(answer.failed.contains(ChannelId::kCoWatch));
    EXPECT_EQ(answer.failed.size(), 1U);
    EXPECT_EQ(answer.asked.size(), 2U);
    ASSERT_EQ(answer.degraded.size(), 1U);
    EXPECT_NE(answer.degraded[0].find("co-watch failed: there are no interactions"),
              std::string::npos);
  }
}

// Fault 5 of the pages: "ratings" was read as several of "rating", so that no list asked for
// evidence and none had it.
TEST(Filter, RatingsAreHowManyAndNotHowGood) {
  const SmallWorld world;
  const recall::ItemFacts& facts = *world.facts;
  for (const std::size_t least : {1U, 3U, 8U}) {
    const auto filter = Filter::parse("ratings >= " + std::to_string(least), facts);
    ASSERT_TRUE(filter);
    for (Row row = 0; row < facts.size(); ++row)
      EXPECT_EQ((*filter)->holds(row, kNoRow), facts.liked_by(row).size() >= least) << row;
  }
}

}  // namespace
}  // namespace sparrow::rank
