// Contract of every index, exactness of FlatIndex and all_pairs_top_k, recall of HnswIndex.
#include <memory>

#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/index/all_pairs.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/index/hnsw_index.h"

namespace sparrow::index {
namespace {

// Points around a few centers: neighbors that mean something.
Embeddings clustered(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  Random random(seed);
  Embeddings centers(20, dim);
  for (std::size_t i = 0; i < centers.rows() * dim; ++i)
    centers.data()[i] = static_cast<float>(random.normal());
  Embeddings e(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto center = centers.row(random.below(20));
    for (std::size_t c = 0; c < dim; ++c)
      e.row(r)[c] = center[c] + static_cast<float>(0.5 * random.normal());
  }
  normalize_rows(e);
  return e;
}

std::vector<Neighbor> naive(const Embeddings& e, std::span<const float> query, std::size_t k,
                            std::span<const std::uint8_t> allowed) {
  TopK best(k);
  for (Row row = 0; row < e.rows(); ++row) {
    if (allowed.empty() || allowed[row] != 0)
      best.add(row, simd::dot(query.data(), e.row(row).data(), e.dim()));
  }
  return best.take();
}

class IndexContract : public testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Index> make(const Embeddings& e) {
    if (std::string(GetParam()) == "flat") return std::make_unique<FlatIndex>(e);
    HnswOptions options;
    options.capacity = 100;
    options.ef_search = 100;
    return std::make_unique<HnswIndex>(e, options);
  }
};

TEST_P(IndexContract, FindsNearestUnderAnyFilterAndNeverFewer) {
  const Embeddings e = clustered(3000, 24, 1);
  const auto index = make(e);
  Random random(2);
  std::size_t found = 0;
  std::size_t wanted = 0;
  for (const double share : {1.0, 0.5, 0.1, 0.01, 0.001, 0.0}) {
    std::vector<std::uint8_t> allowed(e.rows());
    for (auto& a : allowed) a = random.uniform() < share ? 1 : 0;
    for (std::size_t q = 0; q < 30; ++q) {
      const auto query = e.row(random.below(3000));
      const auto truth = naive(e, query, 10, allowed);
      const auto given = index->search({query, 10, allowed});
      ASSERT_EQ(given.size(), truth.size()) << share;
      for (std::size_t i = 0; i + 1 < given.size(); ++i)
        ASSERT_FALSE(better(given[i + 1], given[i]));
      for (const Neighbor& n : given) {
        ASSERT_EQ(allowed[n.row], 1);
        found += std::count_if(truth.begin(), truth.end(),
                               [&](const Neighbor& t) { return t.row == n.row; }) > 0
                     ? 1U
                     : 0U;
      }
      wanted += truth.size();
    }
  }
  EXPECT_GE(static_cast<double>(found) / static_cast<double>(wanted), 0.95);
}

TEST_P(IndexContract, InsertedRowsAreFound) {
  const Embeddings e = clustered(500, 16, 3);
  const auto index = make(e);
  const Embeddings more = clustered(50, 16, 4);
  for (std::size_t r = 0; r < more.rows(); ++r) {
    index->insert(more.row(r));
    const auto first = index->search({more.row(r), 1, {}});
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].row, 500 + r);
    EXPECT_NEAR(first[0].score, 1, 1e-5);
  }
  EXPECT_EQ(index->size(), 550U);
}

TEST_P(IndexContract, EmptyAndTiny) {
  EXPECT_TRUE(make(Embeddings(0, 4))->search({std::vector<float>(4, 0.5F), 3, {}}).empty());
  const Embeddings e = clustered(2, 4, 5);
  EXPECT_EQ(make(e)->search({e.row(0), 10, {}}).size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(All, IndexContract, testing::Values("flat", "hnsw"));

TEST(AllPairs, EqualsTheNaiveListsForAnyNumberOfThreads) {
  for (const std::size_t rows : {1UL, 5UL, 257UL, 700UL, 1300UL, 2100UL}) {
    const Embeddings e = clustered(rows, 20, 6);
    const auto lists = all_pairs_top_k(e, 10, 2);
    EXPECT_EQ(lists, all_pairs_top_k(e, 10, 1));
    for (Row row = 0; row < rows; ++row) {
      std::vector<std::uint8_t> others(rows, 1);
      others[row] = 0;
      const auto truth = naive(e, e.row(row), 10, others);
      for (std::size_t i = 0; i < 10; ++i) {
        const Neighbor& n = lists[row * 10 + i];
        if (i >= truth.size()) {
          EXPECT_EQ(n.row, kNoRow);
        } else {
          EXPECT_NEAR(n.score, truth[i].score, 1e-5);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sparrow::index
