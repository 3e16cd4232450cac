// Oracles: literal dense computations, Eigen's dense solver, closed-form transition probabilities.
#include <algorithm>
#include <cmath>
#include <map>

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/embed/cooccurrence.h"
#include "sparrow/embed/eigen_embedding.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/embed/skip_gram_tables.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_similarity.h"
#include "sparrow/model/similarity.h"

namespace sparrow::embed {
namespace {

// Users who like one of `clusters` groups of items, nine times in ten.
data::Dataset planted(std::size_t clusters, std::size_t per_cluster, std::size_t users,
                      std::uint64_t seed) {
  data::Dataset dataset;
  std::vector<data::Item> items;
  const std::size_t n = clusters * per_cluster;
  for (std::size_t i = 0; i < n; ++i) {
    data::Item item;
    item.id = std::to_string(i);
    item.title = "Item " + item.id;
    item.year = 1980 + static_cast<int>(i % 30);
    item.set(data::kGenres, data::Names{"genre " + std::to_string(i % clusters)});
    items.push_back(std::move(item));
  }
  Random random(seed);
  for (std::size_t u = 0; u < users; ++u) {
    dataset.users.push_back(std::to_string(u));
    const std::uint32_t mine = random.below(static_cast<std::uint32_t>(clusters));
    std::vector<Row> seen;
    for (int e = 0; e < 16; ++e) {
      const std::uint32_t cluster =
          random.below(10) == 0 ? random.below(static_cast<std::uint32_t>(clusters)) : mine;
      const auto row = static_cast<Row>(
          random.below(static_cast<std::uint32_t>(per_cluster)) * clusters + cluster);
      if (std::find(seen.begin(), seen.end(), row) != seen.end()) continue;
      seen.push_back(row);
      dataset.interactions.items.push_back(row);
      dataset.interactions.values.push_back(cluster == mine ? 5.0F : 3.0F);
      dataset.interactions.times.push_back(e);
    }
    dataset.interactions.offsets.push_back(dataset.interactions.items.size());
  }
  dataset.catalog = data::Catalog(std::move(items));
  dataset.info.hash = "planted";
  return dataset;
}

// Share of the ten nearest that lie in the item's own group.
double purity(const model::Model& model, std::size_t clusters) {
  const auto similarity = model::Similarity::open(model);
  double same = 0;
  double all = 0;
  for (Row row = 0; row < model.items.size(); ++row) {
    for (const Neighbor& n : (*similarity)->nearest(row, 10, {})) {
      same += n.row % clusters == row % clusters ? 1 : 0;
      all += 1;
    }
  }
  return same / all;
}

TEST(Train, EveryMethodRecoversPlantedGroups) {
  const data::Dataset dataset = planted(5, 30, 600, 1);
  for (const Method& method : methods()) {
    TrainOptions options;
    options.method = method.name;
    options.skip_gram.epochs = 15;
    options.skip_gram.dim = 16;
    options.fusion.cooccurrence_dim = 16;
    options.fusion.history_dim = 8;
    const auto model = train_model(dataset, options, {});
    ASSERT_TRUE(model) << method.name << ": " << model.error().message;
    EXPECT_TRUE(model::validate(*model)) << method.name;
    EXPECT_GT(purity(*model, 5), 0.9) << method.name;
  }
}

TEST(Content, ImportedVectorsAreOneMoreBlock) {
  const std::size_t items = 60;
  const std::size_t groups = 3;
  ImportedBlock block;
  block.vectors = Embeddings(items, 4);
  Random random(1);
  for (Row row = 0; row + 1 < items; ++row) {  // the last item has none
    auto vector = block.vectors.row(row);
    for (float& v : vector) v = 0.1F * static_cast<float>(random.uniform());
    vector[3] = 5;  // what all of them share says nothing
    vector[row % groups] += 1;
  }
  std::vector<data::Item> catalog(items);
  for (std::size_t i = 0; i < items; ++i) {
    catalog[i].id = std::to_string(i);
    catalog[i].set(data::kGenres, data::Names{"the same"});
    catalog[i].year = 2000;
  }
  ContentOptions options;
  options.imported = {block};
  model::Model model;
  const ContentVectors content = build_content(data::Catalog(catalog), options);
  add_content(model, content);
  const model::ContentMatrix matrix(model);
  std::vector<float> scores(items);
  matrix.add_cosines(0, scores);
  for (Row row = 1; row + 1 < items; ++row)
    EXPECT_EQ(scores[row] > 0.5F, row % groups == 0) << row << ": " << scores[row];
  EXPECT_LT(content.weight[items - 1], content.weight[0]);
}

TEST(SkipGram, NegativeSamplingRecoversPlantedGroups) {
  TrainOptions options;
  options.method = "item2vec";
  options.skip_gram.loss = Loss::kNegativeSampling;
  options.skip_gram.epochs = 30;
  options.skip_gram.dim = 16;
  const auto model = train_model(planted(5, 30, 600, 1), options, {});
  ASSERT_TRUE(model);
  EXPECT_GT(purity(*model, 5), 0.9);
}

TEST(SkipGram, SameSeedSameBytesAndCancels) {
  const data::Dataset dataset = planted(3, 20, 200, 2);
  const auto sequences = data::build_sequences(dataset.interactions, {});
  std::vector<std::uint32_t> counts(60, 0);
  for (const Row row : sequences.items) ++counts[row];
  SkipGramOptions options;
  options.epochs = 3;
  const auto a = train_skip_gram(source_of(sequences), counts, options, {});
  const auto b = train_skip_gram(source_of(sequences), counts, options, {});
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(std::ranges::equal(a->vectors.values(), b->vectors.values()));
  EXPECT_LT(a->epoch_loss.back(), a->epoch_loss.front());
  const std::atomic<bool> cancelled{true};
  EXPECT_FALSE(train_skip_gram(source_of(sequences), counts, options, RunControl{{}, &cancelled}));
  options.min_count = 1'000'000;
  EXPECT_EQ(train_skip_gram(source_of(sequences), counts, options, {}).error().code,
            ErrorCode::kInvalidInput);
}

TEST(SkipGram, OldEventsTakePartLessOften) {
  data::Sequences sequences;
  sequences.items = {1, 2};
  sequences.weights = {1.0F, 0.25F};
  sequences.offsets = {0, 2};
  const SequenceSource source = source_of(sequences);
  std::vector<Row> out;
  std::size_t old_events = 0;
  for (std::size_t epoch = 0; epoch < 1000; ++epoch) {
    const std::uint32_t first = 0;
    source.fill({&first, 1}, epoch, {&out, 1});
    ASSERT_EQ(out.front(), 1U);
    old_events += out.size() - 1;
  }
  EXPECT_NEAR(static_cast<double>(old_events), 250, 45);
}

// The thread sanitizer sees the kernels too, forty times as slow.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kEpochs = 2;
#else
constexpr std::size_t kEpochs = 20;
#endif

TEST(SkipGram, SameBytesWhateverTheThreads) {
  const auto sequences = data::build_sequences(planted(5, 30, 600, 1).interactions, {});
  std::vector<std::uint32_t> counts(150, 0);
  for (const Row row : sequences.items) ++counts[row];
  for (const Loss loss : {Loss::kNegativeSampling, Loss::kHierarchicalSoftmax}) {
    for (const std::size_t dim : {10UL, 40UL, 64UL, 100UL}) {
      SkipGramOptions options;
      options.loss = loss;
      options.dim = dim;
      options.epochs = kEpochs;
      options.threads = 1;
      const auto one = train_skip_gram(source_of(sequences), counts, options, {});
      ASSERT_TRUE(one);
      for (const std::size_t threads : {2UL, 4UL}) {
        options.threads = threads;
        const auto more = train_skip_gram(source_of(sequences), counts, options, {});
        ASSERT_TRUE(more);
        EXPECT_TRUE(std::ranges::equal(one->vectors.values(), more->vectors.values())) << dim;
        EXPECT_EQ(one->epoch_loss, more->epoch_loss);
        EXPECT_EQ(one->pairs, more->pairs);
      }
    }
  }
}

TEST(SkipGram, InversePopularityGivesRareItemsLargerSteps) {
  const std::vector<std::uint32_t> counts{100, 10, 10, 1};
  SkipGramOptions options;
  options.min_count = 1;
  options.inverse_popularity = 1;
  const auto weight = skip_gram_tables(counts, options, 121).weight;
  ASSERT_EQ(weight.size(), 4U);
  EXPECT_NEAR(weight[0], 121.0 / 4 / 100, 1e-5);
  EXPECT_NEAR(weight[1], 121.0 / 4 / 10, 1e-5);
  EXPECT_EQ(weight[3], 8);  // at most
  options.inverse_popularity = 0;
  for (const float w : skip_gram_tables(counts, options, 121).weight) EXPECT_FLOAT_EQ(w, 1);
}

TEST(Fusion, SameSeedSameBytesWhateverTheThreads) {
  const data::Dataset dataset = planted(5, 30, 600, 3);
  TrainOptions options;
  options.fusion.cooccurrence_dim = 16;
  options.fusion.history_dim = 8;
  options.threads = 1;
  const auto one = train_model(dataset, options, {});
  options.threads = 4;
  const auto four = train_model(dataset, options, {});
  ASSERT_TRUE(one && four);
  EXPECT_EQ(model::content_hash(*one), model::content_hash(*four));
}

TEST(Fusion, ScoresAgreeListsAreExactAndOwnScoreIsHighest) {
  TrainOptions options;
  options.fusion.cooccurrence_dim = 16;
  options.fusion.history_dim = 8;
  options.fusion.histories.min_positives = 20;  // some items have content only
  const auto model = train_model(planted(4, 40, 150, 4), options, {});
  ASSERT_TRUE(model);
  const auto similarity = model::Similarity::open(*model);
  ASSERT_TRUE(similarity);
  std::vector<float> scores(model->items.size());
  std::size_t cold = 0;
  for (Row row = 0; row < scores.size(); ++row) {
    cold += (*similarity)->source(row) == model::Source::kContent ? 1U : 0U;
    (*similarity)->scores(row, scores);
    TopK best(15);
    for (Row j = 0; j < scores.size(); ++j) {
      EXPECT_LE(scores[j], scores[row]);
      EXPECT_NEAR(scores[j], (*similarity)->score(row, j), 1e-3F * std::max(1.0F, scores[j]));
      EXPECT_NEAR((*similarity)->score(row, j), (*similarity)->score(j, row),
                  1e-4F * std::max(1.0F, scores[j]));
      if (j != row) best.add(j, scores[j]);
    }
    EXPECT_EQ((*similarity)->nearest(row, 15, {}), best.take());
  }
  EXPECT_GT(cold, 0U);
  EXPECT_LT(cold, scores.size());
}

TEST(Cooccurrence, MatchesTheFormulaTakenLiterally) {
  const data::Dataset dataset = planted(2, 6, 25, 5);
  HistoryOptions history;
  history.min_positives = 1;
  const auto positives = data::count_positives(dataset.interactions, 12, history.min_value);
  const WeightedHistories h =
      weighted_histories(dataset.interactions, 12, choose_items(positives, history), history);
  const std::size_t n = h.items;
  CooccurrenceOptions options;
  const auto matrix = ppmi_matrix(h, options, {});
  ASSERT_TRUE(matrix);
  Eigen::MatrixXd counts =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  for (std::size_t u = 0; u + 1 < h.offsets.size(); ++u) {
    double sum = 0;
    for (auto p = h.offsets[u]; p < h.offsets[u + 1]; ++p) sum += static_cast<double>(h.weights[p]);
    for (auto p = h.offsets[u]; p < h.offsets[u + 1]; ++p) {
      for (auto q = h.offsets[u]; q < h.offsets[u + 1]; ++q) {
        if (p == q) continue;
        const double ww = static_cast<double>(h.weights[p]) * static_cast<double>(h.weights[q]);
        const double d = std::abs(static_cast<double>(p) - static_cast<double>(q));
        counts(h.rows[p], h.rows[q]) +=
            ww / std::max(1.0, sum - 1) + (d <= 8 ? ww * (9 - d) / 8 / 2 : 0);
      }
    }
  }
  const Eigen::VectorXd totals = counts.rowwise().sum();
  Eigen::VectorXd q = totals.array().pow(0.75);
  q *= totals.sum() / q.sum();
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(counts.rows(), counts.cols());
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t e = 0; e < matrix->row_size(r); ++e)
      dense(static_cast<Eigen::Index>(r), matrix->column(r, e)) =
          static_cast<double>(matrix->value(r, e));
  }
  for (Eigen::Index a = 0; a < counts.rows(); ++a) {
    for (Eigen::Index b = 0; b < counts.cols(); ++b) {
      double expected = 0;
      if (counts(a, b) > 0) {
        const double m = std::min(totals(a), totals(b));
        expected =
            0.5 * (std::max(0.0, std::log(counts(a, b) * totals.sum() / (totals(a) * q(b)))) +
                   std::max(0.0, std::log(counts(a, b) * totals.sum() / (totals(b) * q(a)))));
        expected *= counts(a, b) / (counts(a, b) + 1) * m / (m + 1);
      }
      EXPECT_NEAR(dense(a, b), expected, 1e-4) << a << " " << b;
    }
  }
}

TEST(EigenEmbedding, SpansTheLeadingEigenvectors) {
  constexpr Eigen::Index kRows = 60;
  Random random(6);
  Eigen::MatrixXd basis(kRows, 8);
  for (Eigen::Index i = 0; i < basis.size(); ++i) basis.data()[i] = random.normal();
  const Eigen::MatrixXd symmetric = basis * basis.transpose();
  SparseMatrix matrix(static_cast<std::size_t>(kRows));
  std::vector<std::uint32_t> columns(kRows);
  std::vector<float> values(kRows);
  for (Eigen::Index r = 0; r < kRows; ++r) {
    for (Eigen::Index c = 0; c < kRows; ++c) {
      columns[static_cast<std::size_t>(c)] = static_cast<std::uint32_t>(c);
      values[static_cast<std::size_t>(c)] = static_cast<float>(symmetric(r, c));
    }
    matrix.append_row(static_cast<std::size_t>(r), columns, values);
  }
  EigenOptions options;
  options.dim = 8;
  options.oversampling = 8;
  const Embeddings e =
      eigen_embedding(static_cast<std::size_t>(kRows), product_of(matrix, 2), options);
  for (std::size_t a = 0; a < e.rows(); ++a) {
    for (std::size_t b = 0; b < e.rows(); ++b) {
      EXPECT_NEAR(simd::dot(e.row(a).data(), e.row(b).data(), 8),
                  symmetric(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)), 0.02);
    }
  }
}

TEST(SparseMatrix, MultipliesNarrowAndWideRowsLikeADoubleLoop) {
  constexpr std::size_t kWidth = 170;  // every path of the kernel
  for (const std::size_t rows : {5UL, 3000UL, 70'000UL}) {
    Random random(rows);
    SparseMatrix matrix(rows);
    std::vector<std::vector<std::uint32_t>> columns(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<float> values;
      for (std::uint32_t c = random.below(40); c < rows;
           c += 1 + random.below(rows > 100 ? 9000 : 2)) {
        columns[r].push_back(c);
        values.push_back(static_cast<float>(c % 7) + 0.5F);
      }
      matrix.append_row(r, columns[r], values);
      if (r % SparseMatrix::kBlockRows == SparseMatrix::kBlockRows - 1) matrix.close_block(r);
    }
    AlignedFloats x(rows * kWidth);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
    AlignedFloats y(rows * kWidth, 99.0F);
    matrix.multiply(x.data(), y.data(), kWidth, 2);
    for (std::size_t r = 0; r < rows; r += rows / 5) {
      for (std::size_t w = 0; w < kWidth; w += 13) {
        double expected = 0;
        for (const std::uint32_t c : columns[r])
          expected += (c % 7 + 0.5) * static_cast<double>(x[c * kWidth + w]);
        ASSERT_NEAR(static_cast<double>(y[r * kWidth + w]), expected, 1e-2) << rows << " " << r;
      }
    }
  }
}

// From t -> v the next x has probability proportional to w(v, x) / p if x = t, w(v, x) if t and x
// are connected, w(v, x) / q else.
void expect_exact_steps(std::vector<std::vector<Row>> more, std::size_t items) {
  data::Sequences sequences;
  more.insert(more.end(), {{0, 1, 2, 0}, {1, 3}, {1, 3}, {1, 4, 5}, {3, 5}});
  for (const std::vector<Row>& s : more) {
    sequences.items.insert(sequences.items.end(), s.begin(), s.end());
    sequences.offsets.push_back(sequences.items.size());
  }
  const data::ItemGraph graph =
      data::build_item_graph(sequences, items, data::Direction::kUndirected);
  WalkOptions options;
  options.p = 0.25F;
  options.q = 4;
  options.walk_length = 3;
  const WalkSampler sampler(graph, options);
  std::map<std::pair<Row, Row>, std::map<Row, double>> seen;
  std::vector<WalkSampler::Start> starts;
  for (std::uint32_t w = 0; w < 60'000; ++w) starts.push_back({0, w});
  std::vector<std::vector<Row>> walks(starts.size());
  sampler.walk(starts, 0, walks);
  std::vector<std::vector<Row>> one(1);
  for (std::size_t w = 0; w < walks.size(); ++w) {
    const auto& walk = walks[w];
    ASSERT_EQ(walk.size(), 3U);
    if (w % 100 == 0) {  // who walks beside it does not matter
      sampler.walk({&starts[w], 1}, 0, one);
      ASSERT_EQ(one[0], walk);
    }
    seen[{walk[0], walk[1]}][walk[2]] += 1;
  }
  const auto connected = [&](Row a, Row b) {
    return std::ranges::binary_search(graph.neighbors(a), b);
  };
  for (const auto& [edge, nexts] : seen) {
    const auto [t, v] = edge;
    std::map<Row, double> expected;
    double sum = 0;
    double total = 0;
    for (auto e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e) {
      const Row x = graph.targets[e];
      const double bias = x == t ? 4.0 : connected(t, x) ? 1.0 : 0.25;
      expected[x] = bias * static_cast<double>(graph.weights[e]);
      sum += expected[x];
    }
    for (const auto& [x, count] : nexts) total += count;
    double chi_square = 0;
    for (const auto& [x, weight] : expected) {
      const double mean = total * weight / sum;
      const double count = nexts.contains(x) ? nexts.at(x) : 0;
      chi_square += (count - mean) * (count - mean) / mean;
    }
    EXPECT_LT(chi_square, 25) << t << " -> " << v;  // at most 4 degrees of freedom: p < 1e-4
  }
}

TEST(RandomWalk, Node2vecStepsHaveTheirExactProbabilities) { expect_exact_steps({}, 6); }

// An item with many neighbors, though no walk meets it: common neighbors are then looked up.
TEST(RandomWalk, SoTheyHaveInAGraphWithAHub) {
  std::vector<std::vector<Row>> hub;
  for (Row item = 7; item < 107; ++item) hub.push_back({6, item});
  expect_exact_steps(hub, 107);
}

}  // namespace
}  // namespace sparrow::embed
