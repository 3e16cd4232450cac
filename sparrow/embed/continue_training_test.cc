// A model of groups of items learns users and items that came later, without the log it was made
// of.
#include "sparrow/embed/continue_training.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/model/similarity.h"

namespace sparrow::embed {
namespace {

constexpr std::uint32_t kTastes = 5;  // an item's group: its number, modulo
constexpr std::uint32_t kFormerItems = 120;
constexpr std::uint32_t kAllItems = 150;

// Users who like items [first, last) of one group.
data::Dataset log_of(std::uint32_t first, std::uint32_t last, std::size_t users,
                     std::uint64_t seed) {
  data::Dataset dataset;
  std::vector<data::Item> items;
  for (std::uint32_t i = 0; i < last; ++i) {
    data::Item item;
    item.id = std::to_string(i);
    item.title = "Item " + item.id;
    items.push_back(std::move(item));
  }
  Random random(seed);
  for (std::size_t u = 0; u < users; ++u) {
    dataset.users.push_back(std::to_string(u));
    const std::uint32_t group = random.below(kTastes);
    for (int e = 0; e < 14; ++e) {
      const std::uint32_t places = (last - first) / kTastes;
      dataset.interactions.items.push_back(first + random.below(places) * kTastes + group);
      dataset.interactions.values.push_back(5);
      dataset.interactions.times.push_back(e);
    }
    dataset.interactions.offsets.push_back(dataset.interactions.items.size());
  }
  dataset.catalog = data::Catalog(std::move(items));
  dataset.info.hash = "groups";
  return dataset;
}

TrainOptions small_item2vec() {
  TrainOptions options;
  options.method = "item2vec";
  options.skip_gram.epochs = 15;
  options.skip_gram.dim = 16;
  return options;
}

double share_of_own_group(const model::Model& model, Row first, Row last) {
  const auto similarity = model::Similarity::open(model);
  double same = 0;
  for (Row row = first; row < last; ++row) {
    for (const Neighbor& n : (*similarity)->nearest(row, 10, {}))
      same += n.row % kTastes == row % kTastes ? 1 : 0;
  }
  return same / static_cast<double>(10 * (last - first));
}

TEST(ContinueTraining, NewItemsFindTheirGroupAndWhatIsNotInTheNewsStays) {
  const auto former = train_model(log_of(0, kFormerItems, 500, 1), small_item2vec(), {});
  ASSERT_TRUE(former);
  constexpr std::uint32_t kUntouched = 20;
  const data::Dataset news = log_of(kUntouched, kAllItems, 400, 2);
  const auto continued = continue_training(*former, news, small_item2vec(), {});
  ASSERT_TRUE(continued) << continued.error().message;
  EXPECT_EQ(continued->items_added, kAllItems - kFormerItems);
  EXPECT_EQ(continued->items_updated, kFormerItems - kUntouched);
  EXPECT_EQ(continued->items_missing, 0U);
  EXPECT_GT(share_of_own_group(continued->model, kFormerItems, kAllItems), 0.9);
  EXPECT_GT(share_of_own_group(continued->model, 0, kAllItems), 0.9);

  const auto dim = static_cast<std::ptrdiff_t>(former->dim());
  const auto before = former->find("vectors")->floats();
  const auto now = continued->model.find("vectors")->floats();
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + kUntouched * dim, now.begin()));
  EXPECT_FALSE(std::equal(before.begin(), before.end(), now.begin()));
  std::uint64_t events = 0;
  for (const auto count : continued->model.find("popularity")->uint32s()) events += count;
  EXPECT_EQ(events, (500U + 400U) * 14U);

  // The drift is that of the lists, taken literally.
  const auto old_lists = former->find("neighbors.rows");
  const auto new_lists = continued->model.find("neighbors.rows");
  double stayed = 0;
  std::size_t mostly_new = 0;
  std::vector<double> of_item;
  for (Row row = 0; row < kFormerItems; ++row) {
    const double others = stayed;
    const auto list = new_lists->uint32s().subspan(row * new_lists->shape[1], 10);
    for (std::size_t i = 0; i < 10; ++i) {
      const Row other = old_lists->uint32s()[row * old_lists->shape[1] + i];
      stayed += std::count(list.begin(), list.end(), other) > 0 ? 0.1 : 0;
    }
    of_item.push_back(stayed - others);
    mostly_new += of_item.back() < 0.45 ? 1U : 0U;
  }
  EXPECT_EQ(continued->lists_mostly_new, mostly_new);
  ASSERT_EQ(continued->most_changed.size(), 5U);
  EXPECT_NEAR(of_item[continued->most_changed[0]],
              *std::min_element(of_item.begin(), of_item.end()), 1e-9);
  EXPECT_NEAR(continued->mean_overlap_at_10, stayed / kFormerItems, 1e-9);
  EXPECT_EQ(continued->model.manifest.metrics["continued"]["from"], former->manifest.version);
}

TEST(ContinueTraining, OnlyWhatSkipGramMadeCanGoOn) {
  TrainOptions options = small_item2vec();
  options.method = "history";
  options.fusion.history_dim = 8;
  const auto former = train_model(log_of(0, kFormerItems, 300, 1), options, {});
  ASSERT_TRUE(former);
  const auto continued =
      continue_training(*former, log_of(0, kFormerItems, 100, 2), small_item2vec(), {});
  ASSERT_FALSE(continued);
  EXPECT_EQ(continued.error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace sparrow::embed
