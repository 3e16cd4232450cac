// Oracle: Similarity::nearest(), which is exact.
#include "sparrow/recall/neighbor_search.h"

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/model/neighbor_lists.h"

namespace sparrow::recall {
namespace {

// Vectors around centers; each twentieth item has none.
model::Model clustered(std::size_t items, std::size_t dim) {
  constexpr std::size_t kCenters = 40;
  Random random(5);
  std::vector<float> centers(kCenters * dim);
  for (float& c : centers) c = static_cast<float>(random.normal());
  model::Model model;
  model.manifest.name = "clustered";
  model.manifest.version = "1";
  std::vector<float> vectors;
  std::vector<std::uint32_t> popularity;
  for (std::size_t i = 0; i < items; ++i) {
    model.items.push_back(std::to_string(i));
    popularity.push_back(i % 20 == 0 ? 0 : 5);
    const std::size_t center = random.below(kCenters);
    for (std::size_t d = 0; d < dim; ++d)
      vectors.push_back(i % 20 == 0 ? 0.0F
                                    : centers[center * dim + d] +
                                          0.5F * static_cast<float>(random.normal()));
  }
  model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {items, dim});
  model.tensors["popularity"] =
      model::Tensor::of(std::span<const std::uint32_t>(popularity), {items});
  return model;
}

double recall_of(const NeighborSearch& search, const model::Similarity& similarity,
                 std::span<const std::uint8_t> excluded) {
  std::size_t hits = 0;
  std::size_t wanted = 0;
  for (Row row = 1; row < similarity.items(); row += 97) {
    if (similarity.source(row) != model::Source::kBehavior) continue;
    const auto found = search.nearest(row, 10, excluded);
    EXPECT_EQ(found.size(), 10U);
    for (const Neighbor& truth : similarity.nearest(row, 10, excluded)) {
      ++wanted;
      hits +=
          std::any_of(found.begin(), found.end(), [&](const auto& n) { return n.row == truth.row; })
              ? 1U
              : 0U;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(wanted);
}

class NeighborSearchTest : public testing::Test {
 protected:
  void SetUp() override {
    (void)model::add_neighbor_table(model_, *similarity_, {.neighbors = 50});
  }

  model::Model model_ = clustered(6000, 24);
  std::unique_ptr<model::Similarity> similarity_ = std::move(*model::Similarity::open(model_));
  // Any cost is too much: a walk is tried, and used where it is faster and good.
  SearchOptions walk_{.exact_budget = std::chrono::microseconds(0)};
};

TEST_F(NeighborSearchTest, CheapExactSearchIsKept) {
  const SearchOptions generous{.exact_budget = std::chrono::hours(1)};
  const NeighborSearch search(model_, *similarity_, generous, nullptr);
  EXPECT_FALSE(search.report().walk);
  EXPECT_GT(search.report().exact_us, 0);
  for (Row row = 0; row < 200; ++row)
    EXPECT_EQ(search.nearest(row, 20, {}), similarity_->nearest(row, 20, {}));
}

TEST_F(NeighborSearchTest, AWalkFindsNearlyAllAndFiltersNeverShorten) {
  const NeighborSearch search(model_, *similarity_, walk_, nullptr);
  if (search.report().walk) {
    EXPECT_GE(search.report().walk_recall_at_10, 0.95);
    EXPECT_LT(search.report().walk_us, search.report().exact_us);
  }
  EXPECT_GT(recall_of(search, *similarity_, {}), 0.9);
  Random random(6);
  for (const std::uint32_t one_in : {2U, 8U, 50U, 200U}) {
    std::vector<std::uint8_t> excluded(model_.items.size());
    for (auto& e : excluded) e = random.below(one_in) == 0 ? 0 : 1;
    EXPECT_GT(recall_of(search, *similarity_, excluded), 0.9) << one_in;
  }
  // Fewer allowed than asked for: all of them.
  std::vector<std::uint8_t> excluded(model_.items.size(), 1);
  excluded[1] = excluded[7] = excluded[40] = 0;
  EXPECT_EQ(search.nearest(1, 10, excluded).size(), 2U);
  EXPECT_EQ(search.nearest(3, 10, excluded).size(), 3U);
}

TEST_F(NeighborSearchTest, AnImpossibleRecallMeansExact) {
  SearchOptions strict = walk_;
  strict.least_recall = 1.01;
  const NeighborSearch search(model_, *similarity_, strict, nullptr);
  EXPECT_FALSE(search.report().walk);
  EXPECT_EQ(search.nearest(5, 20, {}), similarity_->nearest(5, 20, {}));
}

TEST_F(NeighborSearchTest, ALargerStateMeasuresNothingAndFindsItsNewItems) {
  const NeighborSearch before(model_, *similarity_, walk_, nullptr);
  // Where item 1 is; no list has it.
  model::Model larger = model_;
  larger.manifest.metrics["trained_items"] = 6000;
  larger.items.push_back("new");
  const auto append_row = [](model::Tensor& tensor, std::size_t bytes) {
    tensor.bytes.own() += std::string(tensor.bytes.view().substr(bytes, bytes));
    tensor.shape[0] += 1;
  };
  append_row(larger.tensors.at("vectors"), 24 * sizeof(float));
  append_row(larger.tensors.at("popularity"), sizeof(std::uint32_t));
  append_row(larger.tensors.at("neighbors.rows"), 50 * sizeof(std::uint32_t));
  append_row(larger.tensors.at("neighbors.scores"), 50 * sizeof(float));
  const auto similarity = model::Similarity::open(larger);
  ASSERT_TRUE(similarity) << similarity.error().message;
  const NeighborSearch after(larger, **similarity, walk_, &before);
  EXPECT_EQ(after.report().walk, before.report().walk);
  EXPECT_EQ(after.nearest(1, 10, {})[0].row, 6000U);
}

}  // namespace
}  // namespace sparrow::recall
