// train_fusion(): behavior vectors -> standardisation constants -> content weight -> per-item
// statistics.
#include "sparrow/embed/fusion.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <Eigen/Dense>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/sequences.h"
#include "sparrow/model/content_matrix.h"
#include "sparrow/model/fusion_similarity.h"

namespace sparrow::embed {
namespace {

using model::FusionItem;
using model::FusionParameters;
using model::Model;
using model::Tensor;

struct MeanDeviation {
  float mean = 0;
  float deviation = 1;
};

template <typename Value>
MeanDeviation over_random_pairs(std::size_t n, std::uint64_t seed, const Value& value) {
  if (n < 2) return {};
  Random random(seed);
  double sum = 0;
  double squares = 0;
  constexpr std::size_t kPairs = 200'000;
  std::size_t count = 0;
  for (std::size_t p = 0; p < kPairs; ++p) {
    const Row a = random.below(static_cast<std::uint32_t>(n));
    const Row b = random.below(static_cast<std::uint32_t>(n));
    if (a == b) continue;
    const double x = static_cast<double>(value(a, b));
    sum += x;
    squares += x * x;
    ++count;
  }
  const double mean = sum / static_cast<double>(count);
  const double variance = squares / static_cast<double>(count) - mean * mean;
  return {static_cast<float>(mean), static_cast<float>(std::sqrt(std::max(1e-12, variance)))};
}

float row_dot(const Embeddings& e, Row a, Row b) {
  return simd::dot(e.row(a).data(), e.row(b).data(), e.dim());
}

// [sqrt(share / sd) PPMI | sqrt((1 - share) / sd) history], rows of length 1: one inner product
// that is the weighted sum of both standardised cosines, up to a constant.
Result<Embeddings> behavior_vectors(const WeightedHistories& histories,
                                    const FusionOptions& options, const RunControl& control) {
  const std::size_t n = histories.items;
  if (n == 0) return Embeddings(0, options.cooccurrence_dim + options.history_dim);
  CooccurrenceOptions near = options.cooccurrence;
  near.threads = options.threads;
  auto matrix = ppmi_matrix(histories, near, control);
  if (!matrix) return matrix.error();
  EigenOptions eigen;
  eigen.dim = options.cooccurrence_dim;
  eigen.seed = options.seed;
  eigen.threads = options.threads;
  control.report({"eigenvectors", 0, 2, "matrices", 0});
  Embeddings first = eigen_embedding(n, product_of(*matrix, options.threads), eigen);
  *matrix = SparseMatrix{};
  control.report({"eigenvectors", 1, 2, "matrices", 0});
  eigen.dim = options.history_dim;
  Embeddings second = history_eigenvectors(histories, eigen, options.threads);
  control.report({"eigenvectors", 2, 2, "matrices", 0});
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  normalize_rows(first);
  normalize_rows(second);
  const float sd1 = over_random_pairs(n, options.seed, [&](Row a, Row b) {
                      return row_dot(first, a, b);
                    }).deviation;
  const float sd2 = over_random_pairs(n, options.seed, [&](Row a, Row b) {
                      return row_dot(second, a, b);
                    }).deviation;
  Embeddings joined(n, first.dim() + second.dim());
  for (std::size_t r = 0; r < n; ++r) {
    const auto out = joined.row(r);
    std::transform(first.row(r).begin(), first.row(r).end(), out.begin(),
                   [&](float v) { return v * std::sqrt(options.cooccurrence_share / sd1); });
    std::transform(second.row(r).begin(), second.row(r).end(),
                   out.begin() + static_cast<std::ptrdiff_t>(first.dim()),
                   [&](float v) { return v * std::sqrt((1 - options.cooccurrence_share) / sd2); });
  }
  normalize_rows(joined);
  return joined;
}

// The rows `chosen` of a content matrix, as content of a smaller set of items.
ContentVectors content_of(const ContentVectors& content, const std::vector<Row>& chosen) {
  ContentVectors part;
  part.features = content.features;
  part.full_weight = content.full_weight;
  for (const Row row : chosen) {
    for (std::uint32_t e = content.indptr[row]; e < content.indptr[row + 1]; ++e) {
      part.indices.push_back(content.indices[e]);
      part.values.push_back(content.values[e]);
    }
    part.indptr.push_back(static_cast<std::uint32_t>(part.indices.size()));
    part.weight.push_back(content.weight[row]);
  }
  return part;
}

Tensor parameters_tensor(const FusionParameters& parameters) {
  std::vector<float> values(FusionParameters::kCount);
  std::memcpy(values.data(), &parameters, sizeof(parameters));
  return Tensor::of(std::span<const float>(values), {FusionParameters::kCount});
}

// Standardisation constants over random pairs of items with behavior.
FusionParameters measure_parameters(const Embeddings& vectors, const model::ContentMatrix& content,
                                    const std::vector<Row>& chosen, const FusionOptions& options) {
  FusionParameters p;
  p.closeness_bonus = options.closeness_bonus;
  p.closeness_threshold = options.closeness_threshold;
  p.closeness_base = options.closeness_base;
  p.closeness_agreement = options.closeness_agreement;
  p.popularity_penalty = options.popularity_penalty;
  const auto inner = [&](Row a, Row b) { return row_dot(vectors, a, b); };
  const auto cosine = [&](Row a, Row b) { return content.cosine(chosen[a], chosen[b]); };
  const MeanDeviation b = over_random_pairs(chosen.size(), options.seed + 1, inner);
  const MeanDeviation c = over_random_pairs(chosen.size(), options.seed + 1, cosine);
  p.behavior_mean = b.mean;
  p.behavior_deviation = b.deviation;
  p.content_mean = c.mean;
  p.content_deviation = std::max(c.deviation, 1e-3F);
  p.behavior_slope =
      over_random_pairs(chosen.size(), options.seed + 1, [&](Row x, Row y) {
        return (inner(x, y) - b.mean) / b.deviation * (cosine(x, y) - c.mean) / p.content_deviation;
      }).mean;
  return p;
}

std::vector<FusionItem> item_scalars(const ContentVectors& content,
                                     const std::vector<std::uint32_t>& popularity,
                                     const std::vector<Row>& chosen) {
  double sum = 0;
  double squares = 0;
  for (const Row row : chosen) {
    const double x = std::log(std::max(1.0, static_cast<double>(popularity[row])));
    sum += x;
    squares += x * x;
  }
  const double n = std::max<double>(1, static_cast<double>(chosen.size()));
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(1e-6, squares / n - mean * mean));
  std::vector<FusionItem> items(content.weight.size());
  for (std::size_t row = 0; row < items.size(); ++row) {
    items[row].richness = content.full_weight > 0
                              ? std::sqrt(std::sqrt(content.weight[row] / content.full_weight))
                              : 0.0F;
  }
  for (const Row row : chosen) {
    const double x = std::log(std::max(1.0, static_cast<double>(popularity[row])));
    items[row].popularity = static_cast<float>((x - mean) / deviation);
  }
  return items;
}

std::vector<Row> reference_rows(const std::vector<Row>& chosen, std::size_t items,
                                const FusionOptions& options) {
  std::vector<Row> rows = chosen;
  if (rows.empty()) {  // content only
    rows.resize(items);
    for (Row r = 0; r < items; ++r) rows[r] = r;
  }
  if (rows.size() > options.reference_items) {
    Random random(options.seed + 2);
    shuffle(rows, random);
    rows.resize(options.reference_items);
    std::sort(rows.begin(), rows.end());
  }
  return rows;
}

// Everything but the choice of weights. `chosen` are the rows of `model.items` with behavior, in
// the order of `vectors`.
void assemble(Model& model, const Embeddings& vectors, const ContentVectors& content,
              const std::vector<Row>& chosen, const std::vector<std::uint32_t>& popularity) {
  const std::size_t n = model.items.size();
  std::vector<float> all(n * vectors.dim(), 0.0F);
  for (std::size_t r = 0; r < chosen.size(); ++r) {
    std::copy(vectors.row(r).begin(), vectors.row(r).end(),
              all.begin() + static_cast<std::ptrdiff_t>(chosen[r] * vectors.dim()));
  }
  model.tensors["vectors"] = Tensor::of(std::span<const float>(all), {n, vectors.dim()});
  model.tensors["popularity"] = Tensor::of(std::span<const std::uint32_t>(popularity), {n});
  add_content(model, content);
}

void set_tensors(Model& model, const FusionParameters& parameters,
                 const std::vector<FusionItem>& items) {
  model.tensors["fusion.parameters"] = parameters_tensor(parameters);
  model.tensors["fusion.items"] =
      Tensor::of(std::span<const float>(reinterpret_cast<const float*>(items.data()),
                                        items.size() * FusionItem::kCount),
                 {items.size(), FusionItem::kCount});
}

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
  constexpr std::size_t kItems = 3000;
  constexpr std::size_t kUsers = 20'000;
  Random random(seed + 3);
  std::vector<Row> kept(chosen.size());
  for (Row r = 0; r < kept.size(); ++r) kept[r] = r;
  shuffle(kept, random);
  if (kept.size() > kItems) kept.resize(kItems);
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
  const std::size_t stride = std::max<std::size_t>(1, users / kUsers);
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
  parallel_for(seeds.size(), 32, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
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

}  // namespace

namespace {

constexpr float kContentWeights[] = {0.0F, 0.15F, 0.30F, 0.45F, 0.55F, 0.65F, 0.75F, 0.85F};

// Adds the hits of every content weight on one set of held-out users.
Result<void> try_content_weights(const Trial& trial, const ContentVectors& content,
                                 const FusionOptions& options,
                                 std::vector<ContentWeightTrial>& trials) {
  auto vectors = behavior_vectors(trial.training, options, RunControl{});
  if (!vectors) return vectors.error();
  Model model;
  model.items.resize(trial.chosen.size());
  std::vector<Row> rows(trial.chosen.size());
  for (Row r = 0; r < rows.size(); ++r) rows[r] = r;
  const ContentVectors part = content_of(content, trial.chosen);
  assemble(model, *vectors, part, rows, trial.popularity);
  FusionParameters parameters =
      measure_parameters(*vectors, model::ContentMatrix(model), rows, options);
  const auto items = item_scalars(part, trial.popularity, rows);
  FusionOptions fewer = options;  // a rough mean and deviation will do here
  fewer.reference_items = std::min<std::size_t>(fewer.reference_items, 512);
  set_tensors(model, parameters, items);
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
  // A parabola through the trials: a single one is too noisy to decide.
  Eigen::MatrixXd powers(std::size(kContentWeights), 3);
  Eigen::VectorXd quality(std::size(kContentWeights));
  for (std::size_t w = 0; w < trials.size(); ++w) {
    const double c = static_cast<double>(trials[w].content_weight);
    powers.row(static_cast<Eigen::Index>(w)) << 1, c, c * c;
    quality(static_cast<Eigen::Index>(w)) =
        std::sqrt(trials[w].hit_at_10 * trials[w].hit_at_10_ipw);
  }
  const Eigen::Vector3d fit = powers.colPivHouseholderQr().solve(quality);
  const auto fitted = [&](double c) { return fit(0) + fit(1) * c + fit(2) * c * c; };
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

namespace {

// How the model came to be.
void describe(const FusionOptions& options, const FusionParameters& parameters,
              const std::vector<ContentWeightTrial>& trials, std::size_t items_with_behavior,
              model::Manifest& manifest) {
  nlohmann::json tried = nlohmann::json::array();
  for (const auto& t : trials) {
    tried.push_back({{"content_weight", t.content_weight},
                     {"hit_at_10", t.hit_at_10},
                     {"hit_at_10_ipw", t.hit_at_10_ipw}});
  }
  manifest.options["content_weight"] = parameters.content_weight;
  manifest.options["closeness_bonus"] = options.closeness_bonus;
  manifest.options["closeness_threshold"] = options.closeness_threshold;
  manifest.options["closeness_base"] = options.closeness_base;
  manifest.options["closeness_agreement"] = options.closeness_agreement;
  manifest.options["popularity_penalty"] = options.popularity_penalty;
  manifest.options["cooccurrence_dim"] = options.cooccurrence_dim;
  manifest.options["history_dim"] = options.history_dim;
  manifest.options["min_positives"] = options.histories.min_positives;
  manifest.options["min_value"] = options.histories.min_value;
  manifest.metrics["content_weight_trials"] = tried;
  manifest.metrics["items_with_behavior"] = items_with_behavior;
}

}  // namespace

Result<void> train_fusion(const data::Dataset& dataset, const FusionOptions& options,
                          const RunControl& control, Model& model) {
  control.report({"content", 0, 1, "catalogs", 0});
  const ContentVectors content = build_content(dataset.catalog, options.content);
  std::vector<Row> chosen;
  const WeightedHistories histories =
      weighted_histories(dataset.interactions, dataset.catalog.size(), options.histories, chosen);
  if (chosen.empty() && content.indices.empty()) {
    return Error{ErrorCode::kInvalidInput,
                 "no item has enough positive interactions, and the catalogue has no genres, tags, "
                 "years or title "
                 "words: there is nothing to learn from"};
  }
  auto vectors = behavior_vectors(histories, options, control);
  if (!vectors) return vectors.error();
  const auto popularity = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                                options.histories.min_value);
  assemble(model, *vectors, content, chosen, popularity);
  FusionParameters parameters =
      measure_parameters(*vectors, model::ContentMatrix(model), chosen, options);
  if (chosen.empty()) {  // content only: constants over all items
    std::vector<Row> all = reference_rows({}, dataset.catalog.size(), options);
    const model::ContentMatrix matrix(model);
    const auto c = over_random_pairs(all.size(), options.seed,
                                     [&](Row a, Row b) { return matrix.cosine(all[a], all[b]); });
    parameters.content_mean = c.mean;
    parameters.content_deviation = std::max(c.deviation, 1e-3F);
  }
  std::vector<ContentWeightTrial> trials;
  if (options.content_weight) {
    parameters.content_weight = *options.content_weight;
  } else {
    control.report({"content weight", 0, 1, "trials", 0});
    auto weight = choose_content_weight(histories, chosen, content, options, trials);
    if (!weight) return weight.error();
    parameters.content_weight = chosen.empty() ? 1.0F : *weight;
  }
  if (control.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
  control.report({"similarity statistics", 0, 1, "passes", 0});
  set_tensors(model, parameters, item_scalars(content, popularity, chosen));
  model::FusionSimilarity similarity(model);
  model.tensors["fusion.items"] = similarity.estimate_statistics(
      reference_rows(chosen, dataset.catalog.size(), options), options.threads);
  describe(options, parameters, trials, chosen.size(), model.manifest);
  return {};
}

}  // namespace sparrow::embed
