#include "sparrow/evaluate/offline.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/data/split.h"
#include "sparrow/evaluate/baselines.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"
#include "sparrow/rank/recommender.h"

namespace sparrow::evaluate {
namespace {

// One split, ready to be asked.
struct Task {
  data::Dataset training;
  std::vector<std::uint32_t> popularity;
  std::vector<Row> eligible;
  std::vector<std::uint8_t> ineligible;  // by row: 1 is never listed
  PopularityCuts cuts;
  std::vector<Transition> transitions;       // both items eligible
  std::vector<Transition> cold_transitions;  // from an eligible item to one that is not
};

Task make_task(const data::Dataset& dataset, data::Split split, const EvaluateOptions& options,
               float min_value) {
  Task task;
  task.training.catalog = data::Catalog(dataset.catalog.items(), dataset.catalog.schema());
  task.training.catalog.genome = dataset.catalog.genome;
  task.training.users = dataset.users;
  task.training.info = dataset.info;
  task.training.interactions = std::move(split.training);
  task.popularity =
      data::count_positives(task.training.interactions, dataset.catalog.size(), min_value);
  task.ineligible.resize(dataset.catalog.size(), 1);
  for (Row row = 0; row < dataset.catalog.size(); ++row) {
    if (task.popularity[row] < options.min_positives) continue;
    task.eligible.push_back(row);
    task.ineligible[row] = 0;
  }
  task.cuts = popularity_cuts(task.popularity, options.min_positives);
  for (const data::NextPositive& t : split.held_out) {
    if (task.popularity[t.from] < options.min_positives || t.from == t.to) continue;
    const bool cold = task.popularity[t.to] < options.min_positives;
    (cold ? task.cold_transitions : task.transitions).push_back({t.user, t.from, t.to});
  }
  return task;
}

Lists lists_of(const rank::Recommender& recommender, const std::vector<Row>& seeds,
               std::span<const std::uint8_t> hidden, std::size_t k, std::size_t threads) {
  Lists lists(recommender.catalog().size());
  parallel_for(seeds.size(), 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    rank::SimilarRequest request;
    request.size = k;
    request.hidden = hidden;
    for (std::size_t i = begin; i < end; ++i) {
      request.seed = seeds[i];
      for (const auto& item : recommender.similar(request).items)
        lists[seeds[i]].push_back(item.row);
    }
  });
  return lists;
}

void add_next_item(NextItem& sum, const NextItem& one) {
  sum.hit += one.hit;
  sum.hit_ipw += one.hit_ipw;
  sum.ndcg += one.ndcg;
  sum.mrr += one.mrr;
  sum.hit_tail += one.hit_tail;
  sum.transitions += one.transitions;
  sum.user_hit.insert(sum.user_hit.end(), one.user_hit.begin(), one.user_hit.end());
  sum.user_weighted_hit.insert(sum.user_weighted_hit.end(), one.user_weighted_hit.begin(),
                               one.user_weighted_hit.end());
  sum.user_weight.insert(sum.user_weight.end(), one.user_weight.begin(), one.user_weight.end());
}

void add_health(ListHealth& sum, const ListHealth& one) {
  sum.skew += one.skew;
  sum.coverage += one.coverage;
  sum.gini += one.gini;
  sum.popularity_lift += one.popularity_lift;
  sum.novelty += one.novelty;
  sum.genre_coherence += one.genre_coherence;
  sum.diversity += one.diversity;
}

void divide(MethodReport& report, double n) {
  for (NextItem& slice : report.held_out_slices) {
    for (double* v : {&slice.hit, &slice.hit_ipw, &slice.ndcg, &slice.mrr, &slice.hit_tail})
      *v /= n;
  }
  for (double* v :
       {&report.held_out.hit, &report.held_out.hit_ipw, &report.held_out.ndcg, &report.held_out.mrr,
        &report.held_out.hit_tail, &report.served_hit, &report.health.skew, &report.health.coverage,
        &report.health.gini, &report.health.popularity_lift, &report.health.novelty,
        &report.health.genre_coherence, &report.health.diversity}) {
    *v /= n;
  }
}

class Evaluation {
 public:
  Evaluation(const data::Dataset& dataset, const EvaluateOptions& options,
             const RunControl& control)
      : dataset_(dataset), options_(options), control_(control) {}

  Result<Report> run() {
    const float min_value = dataset_.info.scale.liked;
    for (std::size_t s = 0; s < options_.splits; ++s) {
      held_out_.push_back(
          make_task(dataset_,
                    data::hold_out_users(dataset_.interactions, options_.held_out_share, min_value,
                                         options_.seed + s),
                    options_, min_value));
    }
    last_out_ = make_task(dataset_, data::leave_last_out(dataset_.interactions, min_value),
                          options_, min_value);
    Report report{dataset_.info, options_, {}, {}, {}};
    choose_seeds(report);
    for (const Task& task : held_out_) report.cuts.push_back(task.cuts);
    report.cuts.push_back(last_out_.cuts);
    for (const auto& method : options_.methods) {
      auto measured = measure_method(method);
      if (!measured) return measured.error();
      report.methods.push_back(std::move(*measured));
    }
    if (!options_.baselines) return report;
    for (const auto& name : baseline_names(last_out_.eligible.size()))
      report.methods.push_back(measure_baseline(name));
    return report;
  }

 private:
  // The seeds asked most often, for "where does this method lose": a few transitions tell nothing.
  void choose_seeds(Report& report) {
    constexpr std::size_t kMost = 300;
    constexpr std::uint32_t kLeastTransitions = 5;
    std::vector<std::uint32_t> asked(dataset_.catalog.size(), 0);
    for (const Task& task : held_out_) {
      for (const Transition& t : task.transitions) ++asked[t.from];
    }
    for (Row row = 0; row < asked.size(); ++row) {
      if (asked[row] >= kLeastTransitions) seeds_.push_back(row);
    }
    std::stable_sort(seeds_.begin(), seeds_.end(),
                     [&](Row a, Row b) { return asked[a] > asked[b]; });
    if (seeds_.size() > kMost) seeds_.resize(kMost);
    for (const Row row : seeds_)
      report.seeds.push_back({dataset_.catalog[row].id, dataset_.catalog[row].title, asked[row]});
  }

  void add_seed_hits(MethodReport& report, const Task& task, const Lists& lists) const {
    std::vector<std::uint32_t> hits(dataset_.catalog.size(), 0);
    for (const Transition& t : task.transitions) {
      const auto& list = lists[t.from];
      const auto end =
          list.begin() + static_cast<std::ptrdiff_t>(std::min(options_.k, list.size()));
      if (std::find(list.begin(), end, t.to) != end) ++hits[t.from];
    }
    report.seed_hits.resize(seeds_.size(), 0);
    for (std::size_t i = 0; i < seeds_.size(); ++i) report.seed_hits[i] += hits[seeds_[i]];
  }

  Result<MethodReport> measure_method(const embed::TrainOptions& method) {
    MethodReport report;
    report.name = method.name.empty() ? method.method : method.name;
    for (std::size_t s = 0; s <= held_out_.size(); ++s) {
      const Task& task = s < held_out_.size() ? held_out_[s] : last_out_;
      control_.report({"evaluate " + report.name, s, held_out_.size() + 1, "splits", 0});
      embed::TrainOptions options = method;
      options.neighbors = 1;  // lists are asked for with exclusions, so a table would not help
      auto model =
          options_.train(task.training, options,
                         control_.progress ? RunControl{{}, control_.cancelled} : control_);
      if (!model) return model.error();
      auto recommender = rank::Recommender::open(task.training.catalog, *model);
      if (!recommender) return recommender.error();
      const Lists lists =
          lists_of(**recommender, task.eligible, task.ineligible, options_.k, options_.threads);
      add(report, task, lists, s);
      const Lists served = lists_of(**recommender, task.eligible, {}, options_.k, options_.threads);
      add_slices(report, task, {lists, served}, s);
      if (s < held_out_.size())
        report.served_hit += next_item(served, task.transitions, task.popularity, options_.k).hit;
    }
    divide(report, static_cast<double>(held_out_.size()));
    return measure_truth(method, std::move(report));
  }

  MethodReport measure_baseline(const std::string& name) {
    MethodReport report;
    report.name = name;
    report.baseline = true;
    for (std::size_t s = 0; s <= held_out_.size(); ++s) {
      const Task& task = s < held_out_.size() ? held_out_[s] : last_out_;
      const Lists lists =
          baseline_lists(name, task.training, task.eligible, options_.k, options_.seed);
      add(report, task, lists, s);
      add_slices(report, task, {lists, lists}, s);
    }
    divide(report, static_cast<double>(held_out_.size()));
    report.served_hit = report.held_out.hit;
    return report;
  }

  void add(MethodReport& report, const Task& task, const Lists& lists, std::size_t split) const {
    const NextItem next = next_item(lists, task.transitions, task.popularity, options_.k);
    if (split == held_out_.size()) {
      report.last_out = next;
      return;
    }
    add_next_item(report.held_out, next);
    add_seed_hits(report, task, lists);
    add_health(report.health, list_health(lists, task.eligible, task.popularity,
                                          task.training.users.size(), task.training.catalog));
  }

  struct BothLists {
    const Lists& eligible;  // may hold eligible items only
    const Lists& served;    // the whole catalogue
  };

  void add_slices(MethodReport& report, const Task& task, BothLists lists,
                  std::size_t split) const {
    auto& slices = split == held_out_.size() ? report.last_out_slices : report.held_out_slices;
    for (std::size_t slice = 0; slice < kSlices; ++slice) {
      const bool cold = slice + 1 == kSlices;
      add_next_item(
          slices[slice],
          cold ? next_item(lists.served, task.cold_transitions, task.popularity, options_.k)
               : next_item(lists.eligible,
                           transitions_into(slice, task.transitions, task.popularity, task.cuts),
                           task.popularity, options_.k));
    }
  }

  // Pairs are measured on models of all data; groups (series, remakes) with content that knows no
  // title words.
  Result<MethodReport> measure_truth(const embed::TrainOptions& method, MethodReport report) const {
    const auto start = std::chrono::steady_clock::now();
    const RunControl silent{{}, control_.cancelled};
    auto whole = options_.train(dataset_, method, silent);
    if (!whole) return whole.error();
    report.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (options_.ground_truth) {
      auto quality = pair_quality(*whole, *options_.ground_truth);
      if (!quality) return quality.error();
      report.judged = *quality;
      report.judged_lists = list_quality(*whole, *options_.ground_truth);
    }
    report.whole = whole_health(*whole);
    report.popularity_match = popularity_match(*whole);
    if (options_.cold_slice) {
      auto cold =
          measure_cold_slice(dataset_, method, options_.groups ? &*options_.groups : nullptr,
                             {.min_positives = options_.min_positives,
                              .k = options_.k,
                              .seed = options_.seed,
                              .threads = options_.threads,
                              .train = options_.train},
                             silent);
      if (!cold) return cold.error();
      report.cold = std::move(*cold);
    }
    if (options_.groups) {
      embed::TrainOptions untitled = method;
      untitled.fusion.content.title = 0;
      untitled.neighbors = 1;
      auto model = options_.train(dataset_, untitled, silent);
      if (!model) return model.error();
      auto quality = pair_quality(*model, *options_.groups);
      if (!quality) return quality.error();
      report.groups = *quality;
    }
    return report;
  }

  Result<PairQuality> pair_quality(const model::Model& model, const GroundTruth& truth) const {
    auto similarity = model::Similarity::open(model);
    if (!similarity) return similarity.error();
    PairQuality quality = measure_pairs(
        truth, [&](Row a, Row b) { return (*similarity)->score(a, b); }, [](Row) { return true; });
    quality.reliability = reliability(
        truth, [&](Row a, Row b) { return (*similarity)->to_match((*similarity)->score(a, b)); });
    return quality;
  }

  // Every item asks, every item may be listed. Kept lists, where they are long
  // enough.
  ListHealth whole_health(const model::Model& model) const {
    const auto table = model::NeighborTable::of(model);
    Lists lists(dataset_.catalog.size());
    std::vector<Row> all(lists.size());
    std::iota(all.begin(), all.end(), Row{0});
    for (const Row row : all) {
      for (const Row other : table->rows_of(row).first(std::min(options_.k, table->per_item))) {
        if (other != kNoRow) lists[row].push_back(other);
      }
    }
    return list_health(lists, all, last_out_.popularity, dataset_.users.size(), dataset_.catalog);
  }

  // Lists over the whole catalogue, as they are served.
  ListQuality list_quality(const model::Model& model, const GroundTruth& truth) const {
    const auto recommender = rank::Recommender::open(dataset_.catalog, model);
    if (!recommender) return {};
    return measure_lists(
        truth, [&](Row seed) { return lists_of(**recommender, {seed}, {}, options_.k, 1)[seed]; },
        options_.k);
  }

  std::vector<PopularityMatch> popularity_match(const model::Model& model) const {
    constexpr std::size_t kPairs = 50'000;
    const auto similarity = model::Similarity::open(model);
    const auto& eligible = last_out_.eligible;
    if (!similarity || eligible.size() < 2) return {};
    std::vector<PopularityMatch> bins(33);
    Random random(options_.seed);
    const auto n = static_cast<std::uint32_t>(eligible.size());
    for (std::size_t i = 0; i < kPairs; ++i) {
      const Row a = eligible[random.below(n)];
      const Row b = eligible[random.below(n)];
      if (a == b) continue;
      const double popularity = std::log2(static_cast<double>(last_out_.popularity[b]));
      auto& bin = bins[static_cast<std::size_t>(popularity)];
      bin.popularity += popularity;
      bin.match += static_cast<double>((*similarity)->to_match((*similarity)->score(a, b)));
      ++bin.pairs;
    }
    std::erase_if(bins, [](const auto& bin) { return bin.pairs < 20; });
    for (auto& bin : bins) {
      bin.popularity = std::exp2(bin.popularity / static_cast<double>(bin.pairs));
      bin.match /= static_cast<double>(bin.pairs);
    }
    return bins;
  }

  const data::Dataset& dataset_;
  const EvaluateOptions& options_;
  const RunControl& control_;
  std::vector<Task> held_out_;
  Task last_out_;
  std::vector<Row> seeds_;
};

}  // namespace

embed::TrainOptions settings_of(const std::string& method, const embed::TrainOptions& given) {
  embed::TrainOptions options = given;
  options.method = method;
  if (method == "original") {
    options = {};
    options.method = "item2vec";
    options.seed = given.seed;
    options.skip_gram.dim = 10;
    options.skip_gram.epochs = 10;
    options.skip_gram.window = 5;
    options.skip_gram.loss = embed::Loss::kHierarchicalSoftmax;
  }
  options.name = method;
  return options;
}

Result<Report> evaluate_offline(const data::Dataset& dataset, const EvaluateOptions& options,
                                const RunControl& control) {
  return Evaluation(dataset, options, control).run();
}

}  // namespace sparrow::evaluate
