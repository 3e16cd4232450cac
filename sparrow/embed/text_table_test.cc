// A small table made by hand; tests/text_table_test.py compares a real one with its own package.
#include "sparrow/embed/text_table.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/number_bins.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/safetensors.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTableDim = 6;

class TextTableTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("sparrow-text-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    nlohmann::json vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
    for (std::size_t b = 0; b < 256; ++b) vocabulary[fmt::format("<0x{:02X}>", b)] = 3 + b;
    std::uint32_t next = 259;
    for (const char* token : {"▁", "a", "b", "c", "ab", "▁a", "▁ab", "abc"})
      vocabulary[token] = next++;
    const nlohmann::json json = {{"added_tokens", {{{"id", 1}, {"content", "<s>"}}}},
                                 {"model",
                                  {{"type", "BPE"},
                                   {"byte_fallback", true},
                                   {"vocab", vocabulary},
                                   {"merges", {"a b", "▁ a", "▁ ab", "ab c"}}}}};
    ASSERT_TRUE(write_file_atomically(folder_ / "tokenizer.json", json.dump()));
    Random random(5);
    std::vector<float> values(next * kTableDim);
    for (float& v : values) v = static_cast<float>(random.normal());
    ASSERT_TRUE(write_file_atomically(
        folder_ / "table.safetensors",
        model::write_safetensors({{"w", model::Tensor::halves_of(values, {next, kTableDim})}})));
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(TextTableTest, TheLowestRankIsMergedFirstAndWhatIsUnknownBecomesBytes) {
  const auto table = TextTable::open(folder_);
  ASSERT_TRUE(table) << table.error().message;
  using Ids = std::vector<std::uint32_t>;
  EXPECT_EQ(table->tokenize(""), Ids{});
  EXPECT_EQ(table->tokenize("ab"), (Ids{265}));  // "a b" before "▁ a", then "▁ ab"
  EXPECT_EQ(table->tokenize("a b"), (Ids{264, 259, 261}));
  EXPECT_EQ(table->tokenize("abc"), (Ids{265, 262}));  // "▁ ab" before "ab c"
  EXPECT_EQ(table->tokenize("cabc"), (Ids{259, 262, 266}));
  EXPECT_EQ(table->tokenize("é"), (Ids{259, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(table->tokenize("\xC3"), (Ids{259, 3 + 0xC3}));  // no UTF-8
  EXPECT_EQ(table->tokenize("a<s>a"), (Ids{264, 1, 264}));
  std::vector<float> both(kTableDim);
  std::vector<float> one(kTableDim);
  table->embed("ab a", both);
  table->embed("ab", one);
  std::vector<float> other(kTableDim);
  table->embed("a", other);
  for (std::size_t i = 0; i < kTableDim; ++i) EXPECT_NEAR(both[i], (one[i] + other[i]) / 2, 1e-6);
}

TEST_F(TextTableTest, WhatIsNoTableIsAnErrorThatSaysWhatToDo) {
  EXPECT_NE(TextTable::open(folder_ / "no").error().message.find("get_text_table"),
            std::string::npos);
  ASSERT_TRUE(write_file_atomically(folder_ / "tokenizer.json", "{\"model\":{}}"));
  EXPECT_NE(TextTable::open(folder_).error().message.find("tokenizer.json"), std::string::npos);
}

// Forty items of prose, prices and brands; one with nothing but an id.
data::Dataset shop() {
  data::Dataset dataset;
  data::Schema schema;
  const auto brand = schema.add("brand", data::AttributeKind::kCategory);
  const auto price = schema.add("price", data::AttributeKind::kNumber);
  std::vector<data::Item> items;
  for (int i = 0; i < 40; ++i) {
    data::Item item;
    item.id = "sku" + std::to_string(i);
    item.title = i % 2 == 0 ? "ab" : "c";
    item.set(brand, std::string(i % 2 == 0 ? "North" : "South"));
    item.set(price, i % 2 == 0 ? 10.5 + i : 400.5 + 10 * i);
    item.set(data::kText, std::string(i % 2 == 0 ? "abc ab" : "c c b"));
    items.push_back(std::move(item));
  }
  data::Item bare;
  bare.id = bare.title = "4711";
  items.push_back(bare);
  dataset.catalog = data::Catalog(std::move(items), schema);
  dataset.info.hash = "shop";
  return dataset;
}

TEST_F(TextTableTest, AFurtherItemIsPlacedWhereTrainingPlacedItsTwinInEveryBlock) {
  const data::Dataset dataset = shop();
  const auto table = TextTable::open(folder_);
  ASSERT_TRUE(table);
  TrainOptions options;
  options.fusion.content.text_table = std::make_shared<const TextTable>(*table);
  const auto model = train_model(dataset, options, {});
  ASSERT_TRUE(model) << model.error().message;
  const auto content = *model::ContentView::of(*model);
  ASSERT_TRUE(content.dense);
  const auto placer = ContentPlacer::open(*model, &*table);
  ASSERT_TRUE(placer) << placer.error().message;
  EXPECT_FALSE(placer->lacks_table());
  EXPECT_TRUE(ContentPlacer::open(*model)->lacks_table());
  for (Row row = 0; row < 40; ++row) {
    const auto placed = placer->place(dataset.catalog[row], dataset.catalog.schema());
    ASSERT_EQ(placed.features.size(), content.offsets[row + 1] - content.offsets[row]);
    for (std::size_t i = 0; i < placed.values.size(); ++i)
      EXPECT_NEAR(placed.values[i], content.values[content.offsets[row] + i], 1e-5);
    const auto dense = content.dense->row(row);
    ASSERT_EQ(placed.dense.size(), dense.size());
    for (std::size_t i = 0; i < dense.size(); ++i) EXPECT_NEAR(placed.dense[i], dense[i], 1e-3);
  }
  const auto larger = model::extend(*model, std::vector<model::ItemContent>{[&] {
    data::Item twin = dataset.catalog[4];
    twin.id = "twin";
    return placer->place(twin, dataset.catalog.schema());
  }()});
  ASSERT_TRUE(larger) << larger.error().message;
  EXPECT_TRUE(model::validate(*larger));
  const auto similarity = model::Similarity::open(*larger);
  ASSERT_TRUE(similarity);
  for (const Neighbor& n : (*similarity)->nearest(41, 5, {})) EXPECT_EQ(n.row % 2, 0U);
}

TEST_F(TextTableTest, AnItemWithNothingButAnIdIsLikeNothing) {
  const data::Dataset dataset = shop();
  const auto model = train_model(dataset, {}, {});
  ASSERT_TRUE(model);
  const auto similarity = model::Similarity::open(*model);
  ASSERT_TRUE(similarity);
  EXPECT_EQ((*similarity)->source(40), model::Source::kNone);
  EXPECT_EQ((*similarity)->source(3), model::Source::kContent);
  EXPECT_TRUE((*similarity)->nearest(40, 10, {}).empty());
  EXPECT_EQ((*similarity)->to_match((*similarity)->score(40, 3)), 0);
  for (Row row = 0; row < 40; ++row) {
    for (const Neighbor& n : (*similarity)->nearest(row, 40, {})) EXPECT_NE(n.row, 40U);
  }
  EXPECT_EQ(model::NeighborTable::of(*model)->rows_of(40)[0], kNoRow);
}

TEST(NumberBins, NearNumbersShareMostAndFarOnesNothing) {
  std::vector<double> prices;
  for (int i = 0; i < 200; ++i) prices.push_back(5 * std::exp(0.03 * i));  // 5 to 2,000
  const auto scale = scale_of(prices);
  ASSERT_TRUE(scale);
  EXPECT_TRUE(scale->logarithmic);
  const auto shared = [&](double a, double b) {
    float sum = 0;
    for (const auto& [x, v] : scale->bins_of(a)) {
      for (const auto& [y, w] : scale->bins_of(b)) sum += x == y ? v * w : 0;
    }
    return sum;
  };
  EXPECT_NEAR(shared(20, 20), 1, 1e-5);
  EXPECT_GT(shared(20, 21), 0.95);
  EXPECT_EQ(shared(20, 1500), 0);
  EXPECT_NEAR(shared(1e9, 1e9), 1, 1e-5);  // beyond the last bin
  EXPECT_TRUE(scale->bins_of(-3).empty());
  EXPECT_FALSE(scale_of({7, 7, 7}));
  std::vector<double> numbers(100);
  for (int i = 0; i < 100; ++i) numbers[static_cast<std::size_t>(i)] = 1000 + i;
  EXPECT_FALSE(scale_of(numbers));  // a running number is a name
}

}  // namespace
}  // namespace sparrow::embed
