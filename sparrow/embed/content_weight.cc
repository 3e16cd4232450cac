// choose_content_weight(): try weights on held-out users, smooth, take the largest that loses
// little.
#include "sparrow/embed/content_weight.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include <Eigen/Dense>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_similarity.h"

namespace sparrow::embed {
namespace {

// The rows `chosen` of a content matrix, as content of a smaller set of items.
ContentVectors content_of(const ContentVectors& content, const std::vector<Row>& chosen) {
  ContentVectors part;
  part.features = content.features;
  part.full_weight = content.full_weight;
  part.dense = Embeddings(content.dense.rows() == 0 ? 0 : chosen.size(), content.dense.dim());
  for (const Row row : chosen) {
    for (std::uint32_t e = content.indptr[row]; e < content.indptr[row + 1]; ++e) {
      part.indices.push_back(content.indices[e]);
      part.values.push_back(content.values[e]);
    }
    part.indptr.push_back(static_cast<std::uint32_t>(part.indices.size()));
    part.weight.push_back(content.weight[row]);
    if (part.dense.rows() > 0)
      std::copy(content.dense.row(row).begin(), content.dense.row(row).end(),
                part.dense.row(part.weight.size() - 1).begin());
  }
  return part;
}

constexpr std::size_t kTrialItems = 3000;
constexpr int kFolds = 2;  // sets of held-out users that the content weight is tried on

struct Transition {
  std::uint32_t user = 0;
  Row from = 0;
  Row to = 0;
};

// A small copy of the problem: some items, some users, a fifth of those held out.
struct Trial {
  WeightedHistories training;
  std::vector<Transition> held_out;
  std::vector<std::uint32_t> popularity;
  std::vector<Row> chosen;  // rows of the whole catalog
};

Trial make_trial(const WeightedHistories& histories, const std::vector<Row>& chosen,
                 std::uint64_t seed) {
  Random random(seed + 3);
  std::vector<Row> kept(chosen.size());
  for (Row r = 0; r < kept.size(); ++r) kept[r] = r;
  shuffle(kept, random);
  if (kept.size() > kTrialItems) kept.resize(kTrialItems);
  std::sort(kept.begin(), kept.end());
  std::vector<Row> renumbered(chosen.size(), kNoRow);
  Trial trial;
  for (const Row r : kept) {
    renumbered[r] = static_cast<Row>(trial.chosen.size());
    trial.chosen.push_back(chosen[r]);
  }
  trial.training.items = kept.size();
  trial.popularity.assign(kept.size(), 0);
  const std::size_t users = histories.offsets.size() - 1;
  const std::size_t stride = trial_stride(chosen.size(), users);
  for (std::size_t u = 0; u < users; u += stride) {
    const bool held = random.below(5) == 0;
    Row previous = kNoRow;
    for (std::uint64_t p = histories.offsets[u]; p < histories.offsets[u + 1]; ++p) {
      const Row row = renumbered[histories.rows[p]];
      if (row == kNoRow) continue;
      const bool liked = histories.weights[p] >= 1;
      if (held && liked) {
        if (previous != kNoRow)
          trial.held_out.push_back({static_cast<std::uint32_t>(u), previous, row});
        previous = row;
      } else if (!held) {
        trial.training.rows.push_back(row);
        trial.training.weights.push_back(histories.weights[p]);
        trial.popularity[row] += liked ? 1 : 0;
      }
    }
    if (!held) trial.training.offsets.push_back(trial.training.rows.size());
  }
  return trial;
}

using Lists = std::vector<std::vector<Neighbor>>;  // by seed

// The ten nearest of every item that a held-out user left, by each similarity. They share products.
std::vector<Lists> lists_of(std::span<const model::FusionSimilarity> similarities,
                            const Trial& trial, std::size_t threads) {
  const std::size_t n = trial.chosen.size();
  std::vector<Row> seeds;
  for (const Transition& t : trial.held_out) seeds.push_back(t.from);
  std::sort(seeds.begin(), seeds.end());
  seeds.erase(std::unique(seeds.begin(), seeds.end()), seeds.end());
  std::vector<Lists> lists(similarities.size(), Lists(n));
  parallel_for(seeds.size(), 64, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    const auto rows = std::span<const Row>(seeds).subspan(begin, end - begin);
    std::vector<float> inner(rows.size() * n);
    std::vector<float> cosine(rows.size() * n);
    similarities[0].raw_rows(rows, inner, cosine);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t w = 0; w < similarities.size(); ++w)
        lists[w][rows[i]] =
            similarities[w].nearest_of(rows[i], 10, {}, std::span(inner).subspan(i * n, n),
                                       std::span(cosine).subspan(i * n, n));
    }
  });
  return lists;
}

ContentWeightTrial measure_hits(const Lists& lists, const Trial& trial) {
  ContentWeightTrial result;
  double users = 0;
  double weighted_hits = 0;
  double all_weights = 0;
  for (std::size_t begin = 0; begin < trial.held_out.size();) {
    double hits = 0;
    double count = 0;
    double weighted = 0;
    double weights = 0;
    std::size_t end = begin;
    for (; end < trial.held_out.size() && trial.held_out[end].user == trial.held_out[begin].user;
         ++end) {
      const Transition& t = trial.held_out[end];
      const auto& list = lists[t.from];
      const bool hit =
          std::any_of(list.begin(), list.end(), [&](const auto& n) { return n.row == t.to; });
      const double w = 1.0 / std::max(1U, trial.popularity[t.to]);
      hits += hit ? 1 : 0;
      weighted += hit ? w : 0;
      weights += w;
      ++count;
    }
    result.hit_at_10 += hits / count;
    weighted_hits += weighted / count;
    all_weights += weights / count;
    ++users;
    begin = end;
  }
  result.hit_at_10 /= std::max(1.0, users);
  result.hit_at_10_ipw = all_weights > 0 ? weighted_hits / all_weights : 0;
  return result;
}

constexpr std::size_t kTrialDim = 128;
constexpr float kContentWeights[] = {0.0F, 0.15F, 0.30F, 0.45F, 0.55F, 0.65F, 0.75F, 0.85F};

// Adds the hits of every content weight on one set of held-out users.
Result<void> try_content_weights(const Trial& trial, const ContentVectors& content,
                                 const FusionOptions& options,
                                 std::vector<ContentWeightTrial>& trials) {
  FusionOptions fewer = options;  // rough figures will do here
  fewer.cooccurrence_dim = std::min(fewer.cooccurrence_dim, kTrialDim);
  fewer.ridge_dim = std::min(fewer.ridge_dim, kTrialDim);
  fewer.reference_items = std::min<std::size_t>(fewer.reference_items, 512);
  auto vectors = behavior_vectors(trial.training, fewer, RunControl{});
  if (!vectors) return vectors.error();
  model::Model model;
  model.items.resize(trial.chosen.size());
  std::vector<Row> rows(trial.chosen.size());
  for (Row r = 0; r < rows.size(); ++r) rows[r] = r;
  const ContentVectors part = content_of(content, trial.chosen);
  assemble(model, *vectors, part, rows, trial.popularity);
  const model::FusionParameters parameters =
      measure_parameters(*vectors, model::ContentMatrix(model), rows, options);
  set_fusion(model, parameters, item_scalars(part, trial.popularity, rows));
  std::vector<model::FusionSimilarity> similarities(std::size(kContentWeights),
                                                    model::FusionSimilarity(model));
  for (std::size_t w = 0; w < similarities.size(); ++w)
    similarities[w].set_content_weight(kContentWeights[w]);
  model::FusionSimilarity::estimate_statistics(
      similarities, reference_rows(rows, rows.size(), fewer), options.threads);
  const std::vector<Lists> lists = lists_of(similarities, trial, options.threads);
  for (std::size_t w = 0; w < similarities.size(); ++w) {
    const ContentWeightTrial measured = measure_hits(lists[w], trial);
    trials[w].content_weight = kContentWeights[w];
    trials[w].hit_at_10 += measured.hit_at_10 / kFolds;
    trials[w].hit_at_10_ipw += measured.hit_at_10_ipw / kFolds;
  }
  return {};
}

}  // namespace

std::size_t trial_stride(std::size_t items, std::size_t users) {
  constexpr std::size_t kUsers = 20'000;  // for each kTrialItems
  constexpr std::size_t kMost = 1'000'000;
  const std::size_t least = std::min(kMost, kUsers * std::max<std::size_t>(1, items / kTrialItems));
  return std::max<std::size_t>(1, users / least);
}

Result<float> choose_content_weight(const WeightedHistories& histories,
                                    const std::vector<Row>& chosen, const ContentVectors& content,
                                    const FusionOptions& options,
                                    std::vector<ContentWeightTrial>& trials) {
  constexpr float kFallback = 0.5F;
  trials.assign(std::size(kContentWeights), {});
  for (int fold = 0; fold < kFolds; ++fold) {
    const Trial trial =
        make_trial(histories, chosen, options.seed + 1000 * static_cast<std::uint64_t>(fold));
    if (trial.training.items < 50 || trial.held_out.size() < 500) {
      trials.clear();
      return kFallback;
    }
    if (auto tried = try_content_weights(trial, content, options, trials); !tried)
      return tried.error();
  }
  // A cubic through the trials: a single one is too noisy to decide.
  Eigen::MatrixXd powers(std::size(kContentWeights), 4);
  Eigen::VectorXd quality(std::size(kContentWeights));
  for (std::size_t w = 0; w < trials.size(); ++w) {
    const double c = static_cast<double>(trials[w].content_weight);
    powers.row(static_cast<Eigen::Index>(w)) << 1, c, c * c, c * c * c;
    quality(static_cast<Eigen::Index>(w)) =
        std::sqrt(trials[w].hit_at_10 * trials[w].hit_at_10_ipw);
  }
  const Eigen::Vector4d fit = powers.colPivHouseholderQr().solve(quality);
  const auto fitted = [&](double c) { return fit(0) + c * (fit(1) + c * (fit(2) + c * fit(3))); };
  constexpr double kStep = 0.01;
  constexpr double kHighest = 0.85;
  double best = 0;
  for (double c = 0; c <= kHighest; c += kStep) best = std::max(best, fitted(c));
  float largest = 0;
  for (double c = 0; c <= kHighest; c += kStep) {
    if (fitted(c) >= (1 - static_cast<double>(options.tolerated_loss)) * best)
      largest = static_cast<float>(c);
  }
  return largest;
}

}  // namespace sparrow::embed
