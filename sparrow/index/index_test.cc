// Contract of every index, exactness of FlatIndex and all_pairs_top_k, recall of HnswIndex.
#include <algorithm>
#include <cmath>
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

// Directions that nothing orders.
Embeddings uniform(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  Random random(seed);
  Embeddings e(rows, dim);
  for (std::size_t i = 0; i < rows * dim; ++i) e.data()[i] = static_cast<float>(random.normal());
  normalize_rows(e);
  return e;
}

// Rows of e, each a little moved.
std::vector<std::vector<float>> queries_near(const Embeddings& e, std::size_t count) {
  Random random(11);
  std::vector<std::vector<float>> queries(count);
  for (auto& query : queries) {
    const auto row = e.row(random.below(static_cast<std::uint32_t>(e.rows())));
    for (const float v : row) query.push_back(v + static_cast<float>(0.02 * random.normal()));
  }
  return queries;
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

// Of unit vectors of few dimensions, whose components are large: HnswIndex keeps 12 bits of each.
constexpr float kScoreError = 1e-3F;

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
    EXPECT_NEAR(first[0].score, 1, kScoreError);
  }
  EXPECT_EQ(index->size(), 550U);
}

TEST_P(IndexContract, GrowsFromNothing) {
  const Embeddings e = clustered(1500, 16, 8);
  HnswOptions options;
  options.capacity = e.rows();
  std::unique_ptr<Index> index;
  if (std::string(GetParam()) == "flat") {
    index = std::make_unique<FlatIndex>(Embeddings(0, 16));
  } else {
    index = std::make_unique<HnswIndex>(Embeddings(0, 16), options);
  }
  for (std::size_t r = 0; r < e.rows(); ++r) index->insert(e.row(r));
  EXPECT_EQ(index->size(), e.rows());
  EXPECT_GE(recall_at_k(*index, FlatIndex(e), queries_near(e, 100), 10), 0.95);
}

TEST_P(IndexContract, FindsNeighborsOfUniformAndClusteredRows) {
  for (const Embeddings& e : {clustered(20'000, 64, 21), uniform(10'000, 16, 22)})
    EXPECT_GE(recall_at_k(*make(e), FlatIndex(e), queries_near(e, 200), 10), 0.95);
}

// The inner product is what counts, not the angle: one scale for all would lose the short rows.
TEST_P(IndexContract, RowsMayBeOfVeryDifferentLength) {
  Embeddings e = clustered(5000, 32, 23);
  Random random(24);
  for (std::size_t r = 0; r < e.rows(); ++r) {
    const auto length = static_cast<float>(std::exp(2 * random.normal()));
    for (float& v : e.row(r)) v *= length;
  }
  const auto index = make(e);
  const auto queries = queries_near(e, 100);
  EXPECT_GE(recall_at_k(*index, FlatIndex(e), queries, 10), 0.95);
  const auto length = [](std::span<const float> v) {
    return std::sqrt(simd::dot(v.data(), v.data(), v.size()));
  };
  for (const auto& query : queries) {
    for (const Neighbor& n : index->search({query, 10, {}})) {
      const float exact = simd::dot(query.data(), e.row(n.row).data(), e.dim());
      EXPECT_NEAR(n.score, exact, kScoreError * length(query) * length(e.row(n.row)));
    }
  }
}

TEST_P(IndexContract, EveryFilterKeepsItsNeighbors) {
  const Embeddings e = clustered(30'000, 32, 25);
  const auto index = make(e);
  Random random(26);
  for (const double share : {0.999, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001}) {
    std::vector<std::uint8_t> allowed(e.rows());
    for (auto& a : allowed) a = random.uniform() < share ? 1 : 0;
    std::size_t found = 0;
    std::size_t wanted = 0;
    for (const auto& query : queries_near(e, 60)) {
      const auto truth = naive(e, query, 10, allowed);
      const auto given = index->search({query, 10, allowed});
      ASSERT_EQ(given.size(), truth.size()) << share;
      for (const Neighbor& n : given) {
        ASSERT_EQ(allowed[n.row], 1);
        found += std::any_of(truth.begin(), truth.end(),
                             [&](const Neighbor& t) { return t.row == n.row; })
                     ? 1U
                     : 0U;
      }
      wanted += truth.size();
    }
    EXPECT_GE(static_cast<double>(found) / static_cast<double>(wanted), 0.95) << share;
  }
}

// What a filter allows lies far from the query, and a walk near it meets none.
TEST_P(IndexContract, AFilterMayAllowOnlyWhatIsFar) {
  const Embeddings e = clustered(20'000, 16, 27);
  const auto index = make(e);
  const auto query = e.row(0);
  std::vector<std::uint8_t> allowed(e.rows());
  for (Row row = 0; row < e.rows(); ++row)
    allowed[row] = simd::dot(query.data(), e.row(row).data(), e.dim()) < 0 ? 1 : 0;
  ASSERT_GT(std::count(allowed.begin(), allowed.end(), 1), 2000);
  const auto given = index->search({query, 10, allowed});
  ASSERT_EQ(given.size(), 10U);
  for (const Neighbor& n : given) EXPECT_EQ(allowed[n.row], 1);
}

TEST_P(IndexContract, RowsOfZerosAndRowsThatAreEqualAreFound) {
  Embeddings e = clustered(2000, 16, 28);
  for (std::size_t r = 0; r < e.rows(); r += 2) std::ranges::fill(e.row(r), 0.0F);
  for (std::size_t r = 1; r < 400; r += 2) std::ranges::copy(e.row(1), e.row(r).begin());
  const auto index = make(e);
  const auto given = index->search({e.row(1), 150, {}});
  ASSERT_EQ(given.size(), 150U);
  for (const Neighbor& n : given) EXPECT_NEAR(n.score, 1, kScoreError);
  const std::vector<float> nothing(16);
  EXPECT_EQ(index->search({nothing, 20, {}}).size(), 20U);
}

TEST_P(IndexContract, AnyDimension) {
  for (const std::size_t dim : {1UL, 2UL, 31UL, 33UL, 64UL, 65UL, 100UL, 200UL}) {
    const Embeddings e = clustered(1500, dim, 29);
    const auto index = make(e);
    const FlatIndex flat(e);
    for (const auto& query : queries_near(e, 20)) {
      const auto given = index->search({query, 10, {}});
      const auto truth = flat.search({query, 10, {}});
      ASSERT_EQ(given.size(), 10U);
      // By score: in one dimension all rows are equal.
      for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(given[i].score, truth[i].score, 0.02) << dim;
    }
  }
}

TEST_P(IndexContract, EmptyAndTiny) {
  EXPECT_TRUE(make(Embeddings(0, 4))->search({std::vector<float>(4, 0.5F), 3, {}}).empty());
  const Embeddings e = clustered(2, 4, 5);
  EXPECT_EQ(make(e)->search({e.row(0), 10, {}}).size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(All, IndexContract, testing::Values("flat", "hnsw"));

TEST(HnswIndex, IsTheSameForAnyNumberOfThreads) {
  const Embeddings e = clustered(6000, 24, 30);
  const auto build = [&](std::size_t threads, std::uint64_t seed) {
    return std::make_unique<HnswIndex>(
        e, HnswOptions{.ef_search = 3, .seed = seed, .threads = threads});
  };
  const auto one = build(1, 1);
  const auto three = build(3, 1);
  const auto other = build(1, 2);
  std::size_t different = 0;
  for (const auto& query : queries_near(e, 200)) {
    const auto found = one->search({query, 3, {}});  // so narrow that graphs are told apart
    EXPECT_EQ(found, three->search({query, 3, {}}));
    different += found == other->search({query, 3, {}}) ? 0U : 1U;
  }
  EXPECT_GT(different, 0U) << "another seed gives another graph";
}

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
