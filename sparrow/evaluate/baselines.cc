#include "sparrow/evaluate/baselines.h"

#include <cmath>
#include <functional>

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

}  // namespace

std::vector<std::string> baseline_names() {
  return {"popularity", "random", "genre-jaccard", "item-knn"};
}

Lists baseline_lists(const std::string& name, const data::Dataset& training,
                     const std::vector<Row>& eligible, std::size_t k, std::uint64_t seed) {
  const auto popularity =
      data::count_positives(training.interactions, training.catalog.size(), kMinValue);
  const Liked liked = liked_of(training);
  Lists lists(training.catalog.size());
  parallel_for(eligible.size(), 32, 0, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<float> scores(training.catalog.size());
    for (std::size_t i = begin; i < end; ++i) {
      const Row from = eligible[i];
      Random random(seed ^ (static_cast<std::uint64_t>(from) << 20));
      if (name == "item-knn") item_knn_scores(liked, from, scores);
      TopK best(k);
      for (const Row row : eligible) {
        if (row == from) continue;
        float score = 0;
        if (name == "popularity") score = static_cast<float>(popularity[row]);
        if (name == "genre-jaccard")
          score = static_cast<float>(genre_jaccard(training.catalog[from], training.catalog[row]));
        if (name == "item-knn") score = scores[row];
        best.add(row, score + 1e-6F * static_cast<float>(random.uniform()));
      }
      for (const Neighbor& n : best.take()) lists[from].push_back(n.row);
    }
  });
  return lists;
}

}  // namespace sparrow::evaluate
