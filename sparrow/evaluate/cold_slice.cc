#include "sparrow/evaluate/cold_slice.h"

#include <algorithm>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/model/similarity.h"

namespace sparrow::evaluate {
namespace {

struct Hidden {
  std::vector<std::uint8_t> hidden;      // by row
  std::vector<std::uint8_t> ineligible;  // too few positives: neither asks nor answers
  std::vector<std::uint32_t> popularity;
  std::vector<Transition> transitions;  // from a hidden item, of all users
  GroundTruth groups;                   // its pairs with a hidden item
  data::Dataset training;
};

data::Dataset without(const data::Dataset& dataset, const std::vector<std::uint8_t>& hidden) {
  data::Dataset training;
  training.catalog = data::Catalog(dataset.catalog.items(), dataset.catalog.schema());
  training.catalog.genome = dataset.catalog.genome;
  training.users = dataset.users;
  training.info = dataset.info;
  const data::Interactions& log = dataset.interactions;
  for (std::size_t u = 0; u < log.users(); ++u) {
    for (std::uint64_t e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      if (hidden[log.items[e]] != 0) continue;
      training.interactions.items.push_back(log.items[e]);
      training.interactions.values.push_back(log.values[e]);
      training.interactions.times.push_back(log.times[e]);
    }
    training.interactions.offsets.push_back(training.interactions.items.size());
  }
  return training;
}

Hidden hide(const data::Dataset& dataset, float min_value, const GroundTruth* groups,
            const ColdSliceOptions& options) {
  Hidden task;
  const std::size_t n = dataset.catalog.size();
  const data::Interactions& log = dataset.interactions;
  task.popularity = data::count_positives(log, n, min_value);
  task.hidden.assign(n, 0);
  task.ineligible.assign(n, 1);
  Random random(options.seed + 77);
  for (Row row = 0; row < n; ++row) {
    if (task.popularity[row] < options.min_positives) continue;
    task.ineligible[row] = 0;
    task.hidden[row] = random.uniform() < options.hidden_share ? 1 : 0;
  }
  for (std::uint32_t u = 0; u < log.users(); ++u) {
    Row previous = kNoRow;
    for (std::uint64_t e = log.offsets[u]; e < log.offsets[u + 1]; ++e) {
      if (log.values[e] < min_value) continue;
      const Row row = log.items[e];
      if (previous != kNoRow && previous != row && task.hidden[previous] != 0 &&
          task.ineligible[row] == 0)
        task.transitions.push_back({u, previous, row});
      previous = row;
    }
  }
  if (groups != nullptr) {
    task.groups = *groups;
    std::erase_if(task.groups.pairs, [&](const JudgedPair& pair) {
      return task.hidden[pair.a] == 0 && task.hidden[pair.b] == 0;
    });
  }
  task.training = without(dataset, task.hidden);
  return task;
}

Result<NextItem> next_of(const Hidden& task, embed::TrainOptions method,
                         const ColdSliceOptions& options, const RunControl& control) {
  method.neighbors = 1;
  auto model = options.train(task.training, method, control);
  if (!model) return model.error();
  auto similarity = model::Similarity::open(*model);
  if (!similarity) return similarity.error();
  std::vector<Row> seeds;
  for (Row row = 0; row < task.hidden.size(); ++row) {
    if (task.hidden[row] != 0) seeds.push_back(row);
  }
  Lists lists(task.hidden.size());
  parallel_for(
      seeds.size(), 16, options.threads, [&](std::size_t begin, std::size_t end, std::size_t) {
        for (std::size_t i = begin; i < end; ++i) {
          for (const Neighbor& n : (*similarity)->nearest(seeds[i], options.k, task.ineligible))
            lists[seeds[i]].push_back(n.row);
        }
      });
  return next_item(lists, task.transitions, task.popularity, options.k);
}

Result<PairQuality> pairs_of(const Hidden& task, embed::TrainOptions method,
                             const ColdSliceOptions& options, const RunControl& control) {
  method.neighbors = 1;
  method.fusion.content.title = 0;
  auto model = options.train(task.training, method, control);
  if (!model) return model.error();
  auto similarity = model::Similarity::open(*model);
  if (!similarity) return similarity.error();
  return measure_pairs(
      task.groups, [&](Row a, Row b) { return (*similarity)->score(a, b); },
      [](Row) { return true; });
}

}  // namespace

Result<ColdSlice> measure_cold_slice(const data::Dataset& dataset,
                                     const embed::TrainOptions& method, const GroundTruth* groups,
                                     const ColdSliceOptions& options, const RunControl& control) {
  const Hidden task = hide(dataset, method.sequences.min_value, groups, options);
  embed::TrainOptions words = method;
  words.method = "content";
  words.fusion.content.text_table = nullptr;
  words.fusion.content.text_vectors.reset();
  ColdSlice slice;
  slice.hidden = static_cast<std::size_t>(std::count(task.hidden.begin(), task.hidden.end(), 1));
  auto next = next_of(task, method, options, control);
  if (!next) return next.error();
  ColdSliceOptions as_here = options;
  as_here.train = embed::train_model;
  auto words_next = next_of(task, words, as_here, control);
  if (!words_next) return words_next.error();
  slice.method = std::move(*next);
  slice.words = std::move(*words_next);
  slice.p_value = paired_permutation_p(slice.method.user_hit, slice.words.user_hit, options.seed);
  if (groups == nullptr) return slice;
  auto pairs = pairs_of(task, method, options, control);
  if (!pairs) return pairs.error();
  auto words_pairs = pairs_of(task, words, as_here, control);
  if (!words_pairs) return words_pairs.error();
  slice.groups_difference = paired_auc(words_pairs->placements, pairs->placements);
  slice.groups = std::move(*pairs);
  slice.words_groups = std::move(*words_pairs);
  return slice;
}

}  // namespace sparrow::evaluate
