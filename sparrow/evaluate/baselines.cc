#include "sparrow/evaluate/baselines.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <Eigen/Dense>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/top_k.h"
#include "sparrow/data/sequences.h"

namespace sparrow::evaluate {
namespace {

constexpr float kMinValue = 3.5F;

// Users who liked each item, and items each user liked.
struct Liked {
  std::vector<std::vector<std::uint32_t>> users;
  std::vector<std::vector<Row>> items;
};

Liked liked_of(const data::Dataset& training) {
  Liked liked;
  liked.users.resize(training.catalog.size());
  liked.items.resize(training.interactions.users());
  for (std::uint32_t u = 0; u < training.interactions.users(); ++u) {
    for (std::uint64_t e = training.interactions.offsets[u];
         e < training.interactions.offsets[u + 1]; ++e) {
      if (training.interactions.values[e] < kMinValue) continue;
      liked.users[training.interactions.items[e]].push_back(u);
      liked.items[u].push_back(training.interactions.items[e]);
    }
  }
  return liked;
}

// Co-counts of one item with all others, as cosine with shrinkage 10.
void item_knn_scores(const Liked& liked, Row seed, std::vector<float>& scores) {
  constexpr double kShrinkage = 10;
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (const std::uint32_t u : liked.users[seed]) {
    for (const Row row : liked.items[u]) scores[row] += 1;
  }
  for (Row row = 0; row < scores.size(); ++row) {
    const double both = static_cast<double>(scores[row]);
    if (both <= 0) continue;
    const double norm = std::sqrt(static_cast<double>(liked.users[seed].size()) *
                                  static_cast<double>(liked.users[row].size()));
    scores[row] = static_cast<float>(both / norm * both / (both + kShrinkage));
  }
}

constexpr double kEaseLambda = 800;

// Weights between eligible items, numbered in their order.
Embeddings ease_of(const Liked& liked, const std::vector<Row>& eligible) {
  std::vector<Row> number(liked.users.size(), kNoRow);
  for (Row i = 0; i < eligible.size(); ++i) number[eligible[i]] = i;
  std::vector<std::vector<Row>> histories;
  for (const auto& items : liked.items) {
    std::vector<Row> kept;
    for (const Row row : items) {
      if (number[row] != kNoRow) kept.push_back(number[row]);
    }
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    histories.push_back(std::move(kept));
  }
  return ease_weights(histories, eligible.size(), kEaseLambda);
}

}  // namespace

std::vector<std::string> baseline_names(std::size_t eligible) {
  std::vector<std::string> names{"popularity", "random", "genre-jaccard", "item-knn"};
  if (eligible <= kMaxEaseItems) names.emplace_back("ease");
  return names;
}

Embeddings ease_weights(const std::vector<std::vector<Row>>& liked, std::size_t items,
                        double lambda) {
  const auto n = static_cast<Eigen::Index>(items);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
  for (const auto& row : liked) {
    for (const Row a : row) {
      for (const Row b : row) gram(a, b) += 1;
    }
  }
  gram.diagonal().array() += lambda;
  const Eigen::MatrixXd inverse = gram.llt().solve(Eigen::MatrixXd::Identity(n, n));
  Embeddings weights(items, items);
  for (std::size_t i = 0; i < items; ++i) {
    for (std::size_t j = 0; j < items; ++j) {
      const auto r = static_cast<Eigen::Index>(i);
      const auto c = static_cast<Eigen::Index>(j);
      weights.row(i)[j] = i == j ? 0.0F : static_cast<float>(-inverse(r, c) / inverse(c, c));
    }
  }
  return weights;
}

Lists baseline_lists(const std::string& name, const data::Dataset& training,
                     const std::vector<Row>& eligible, std::size_t k, std::uint64_t seed) {
  const auto popularity =
      data::count_positives(training.interactions, training.catalog.size(), kMinValue);
  const Liked liked = liked_of(training);
  const Embeddings ease = name == "ease" ? ease_of(liked, eligible) : Embeddings();
  Lists lists(training.catalog.size());
  parallel_for(eligible.size(), 32, 0, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<float> scores(training.catalog.size());
    for (std::size_t i = begin; i < end; ++i) {
      const Row from = eligible[i];
      Random random(seed ^ (static_cast<std::uint64_t>(from) << 20));
      if (name == "item-knn") item_knn_scores(liked, from, scores);
      TopK best(k);
      for (std::size_t j = 0; j < eligible.size(); ++j) {
        const Row row = eligible[j];
        if (row == from) continue;
        float score = 0;
        if (name == "popularity") score = static_cast<float>(popularity[row]);
        if (name == "genre-jaccard")
          score = static_cast<float>(genre_jaccard(training.catalog[from], training.catalog[row]));
        if (name == "item-knn") score = scores[row];
        if (name == "ease") score = static_cast<float>(kEaseLambda) * ease.row(i)[j];
        best.add(row, score + 1e-6F * static_cast<float>(random.uniform()));
      }
      for (const Neighbor& n : best.take()) lists[from].push_back(n.row);
    }
  });
  return lists;
}

}  // namespace sparrow::evaluate
