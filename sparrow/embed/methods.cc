// The table of training methods: all that differs from method to method is in its row.
#include <algorithm>

#include "sparrow/data/item_graph.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/views.h"

namespace sparrow::embed {
namespace {

using model::Model;
using nlohmann::json;

// Vectors of chosen rows as vectors of all items.
Embeddings spread(const Embeddings& part, const std::vector<Row>& chosen, std::size_t items) {
  Embeddings all(items, part.dim());
  for (std::size_t r = 0; r < chosen.size(); ++r)
    std::copy(part.row(r).begin(), part.row(r).end(), all.row(chosen[r]).begin());
  return all;
}

SkipGramOptions skip_gram_options(const TrainOptions& options) {
  SkipGramOptions skip_gram = options.skip_gram;
  skip_gram.seed = options.seed;
  if (skip_gram.threads == 0) skip_gram.threads = options.threads;
  return skip_gram;
}

Result<void> keep_skip_gram(const Result<SkipGramResult>& trained, Model& model) {
  if (!trained) return trained.error();
  set_vectors(model, trained->vectors);
  model.manifest.metrics["loss"] = trained->epoch_loss.empty() ? 0.0 : trained->epoch_loss.back();
  model.manifest.metrics["pairs"] = trained->pairs;
  model.manifest.metrics["pairs_per_second"] =
      trained->seconds > 0 ? static_cast<double>(trained->pairs) / trained->seconds : 0;
  return {};
}

Result<void> train_item2vec(const data::Dataset& dataset, const TrainOptions& options,
                            const RunControl& control, Model& model) {
  const data::Sequences sequences = data::build_sequences(dataset.interactions, options.sequences);
  std::vector<std::uint32_t> counts(dataset.catalog.size(), 0);
  for (const Row item : sequences.items) ++counts[item];
  return keep_skip_gram(
      train_skip_gram(source_of(sequences), std::move(counts), skip_gram_options(options), control),
      model);
}

Result<void> train_node2vec(const data::Dataset& dataset, const TrainOptions& options,
                            const RunControl& control, Model& model) {
  const data::Sequences sequences = data::build_sequences(dataset.interactions, options.sequences);
  SkipGramOptions skip_gram = skip_gram_options(options);
  WalkOptions walks = options.walks;
  walks.seed = options.seed;
  const data::ItemGraph graph = data::build_item_graph(
      sequences, dataset.catalog.size(), data::Direction::kUndirected, walks.graph_window);
  const WalkSampler sampler(graph, walks);
  // Rare items are rare in the log, not in the walks, which start everywhere.
  auto counts = sampler.expected_counts();
  const auto positives = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                               options.sequences.min_value);
  for (Row item = 0; item < counts.size(); ++item) {
    if (positives[item] < skip_gram.min_count) counts[item] = 0;
  }
  skip_gram.min_count = 1;
  return keep_skip_gram(train_skip_gram(sampler.source(), std::move(counts), skip_gram, control),
                        model);
}

Result<void> train_deepwalk(const data::Dataset& dataset, const TrainOptions& options,
                            const RunControl& control, Model& model) {
  TrainOptions uniform = options;
  uniform.walks.p = uniform.walks.q = 1;
  return train_node2vec(dataset, uniform, control, model);
}

SideInfoOptions side_info_options(const TrainOptions& options) {
  SideInfoOptions side = options.side_info;
  side.dim = options.skip_gram.dim;
  side.window = std::max<std::size_t>(1, options.skip_gram.window);
  side.negatives = options.skip_gram.negatives;
  side.negative_exponent = options.skip_gram.negative_exponent;
  side.min_count = options.skip_gram.min_count;
  side.seed = options.seed;
  return side;
}

Result<void> train_with_side_info(const data::Dataset& dataset, const TrainOptions& options,
                                  const RunControl& control, Model& model) {
  const SideInfoOptions side = side_info_options(options);
  const data::Sequences sequences = data::build_sequences(dataset.interactions, options.sequences);
  const auto trained =
      train_side_info(sequences, side_features(dataset.catalog, side.min_items), side, control);
  if (!trained) return trained.error();
  set_vectors(model, trained->vectors);
  const auto& a = trained->attention;
  model.manifest.metrics["attention"] = {
      {"id", a[0]}, {"genres", a[1]}, {"tags", a[2]}, {"people", a[3]}, {"decade", a[4]}};
  model.manifest.metrics["loss"] = trained->epoch_loss.empty() ? 0.0 : trained->epoch_loss.back();
  model.manifest.metrics["pairs"] = trained->pairs;
  return {};
}

// Histories of the items with enough behavior.
Result<WeightedHistories> histories_of(const data::Dataset& dataset, const TrainOptions& options,
                                       std::vector<Row>& chosen) {
  HistoryOptions history = options.fusion.histories;
  history.min_value = options.sequences.min_value;
  chosen = choose_items(
      data::count_positives(dataset.interactions, dataset.catalog.size(), history.min_value),
      history);
  if (chosen.empty())
    return Error{
        ErrorCode::kInvalidInput,
        "no item has enough positive interactions; lower --min-count, or use a content method"};
  return weighted_histories(dataset.interactions, dataset.catalog.size(), chosen, history);
}

constexpr std::size_t kDim = 96;  // of the methods that are one block of the fusion

EigenOptions eigen_options(const TrainOptions& options, std::size_t dim) {
  EigenOptions eigen;
  eigen.dim = dim;
  eigen.seed = options.seed;
  eigen.threads = options.threads;
  return eigen;
}

Result<void> train_history(const data::Dataset& dataset, const TrainOptions& options,
                           const RunControl&, Model& model) {
  std::vector<Row> chosen;
  const auto histories = histories_of(dataset, options, chosen);
  if (!histories) return histories.error();
  set_vectors(
      model, spread(history_eigenvectors(*histories, eigen_options(options, kDim), options.threads),
                    chosen, dataset.catalog.size()));
  return {};
}

Result<void> train_cooccurrence(const data::Dataset& dataset, const TrainOptions& options,
                                const RunControl& control, Model& model) {
  std::vector<Row> chosen;
  const auto histories = histories_of(dataset, options, chosen);
  if (!histories) return histories.error();
  CooccurrenceOptions near = options.fusion.cooccurrence;
  near.threads = options.threads;
  auto matrix = ppmi_matrix(*histories, near, control);
  if (!matrix) return matrix.error();
  set_vectors(model, spread(eigen_embedding(histories->items, product_of(*matrix, options.threads),
                                            eigen_options(options, kDim)),
                            chosen, dataset.catalog.size()));
  return {};
}

Result<void> train_fused(const data::Dataset& dataset, const TrainOptions& options,
                         const RunControl& control, Model& model) {
  FusionOptions fusion = options.fusion;
  fusion.seed = options.seed;
  fusion.threads = options.threads;
  fusion.histories.min_value = options.sequences.min_value;
  return train_fusion(dataset, fusion, control, model);
}

Result<void> train_nothing(const data::Dataset&, const TrainOptions&, const RunControl&, Model&) {
  return {};
}

// What the manifest says of the options that a method reads.

void describe_sequences(const TrainOptions& o, json& j) {
  j["sequences"] = {{"session_gap_s", o.sequences.session_gap_s},
                    {"half_life_days", o.sequences.half_life_days}};
}

void describe_skip_gram(const TrainOptions& o, json& j) {
  const SkipGramOptions& s = o.skip_gram;
  j["skip_gram"] = {
      {"dim", s.dim},
      {"window", s.window},
      {"loss", s.loss == Loss::kHierarchicalSoftmax ? "hierarchical-softmax" : "negative-sampling"},
      {"negatives", s.negatives},
      {"negative_exponent", s.negative_exponent},
      {"subsample", s.subsample},
      {"inverse_popularity", s.inverse_popularity},
      {"epochs", s.epochs},
      {"learning_rate", s.learning_rate},
      {"min_learning_rate", s.min_learning_rate},
      {"min_count", s.min_count}};
  describe_sequences(o, j);
}

void describe_walks(const TrainOptions& o, json& j) {
  describe_skip_gram(o, j);
  j["walks"] = {{"graph_window", o.walks.graph_window},
                {"walks_per_node", o.walks.walks_per_node},
                {"walk_length", o.walks.walk_length},
                {"p", o.walks.p},
                {"q", o.walks.q}};
}

void describe_side_info(const TrainOptions& o, json& j) {
  const SideInfoOptions side = side_info_options(o);
  j["side_info"] = {{"dim", side.dim},
                    {"window", side.window},
                    {"negatives", side.negatives},
                    {"negative_exponent", side.negative_exponent},
                    {"epochs", side.epochs},
                    {"learning_rate", side.learning_rate},
                    {"min_learning_rate", side.min_learning_rate},
                    {"min_count", side.min_count},
                    {"min_items", side.min_items},
                    {"id_dropout", side.id_dropout},
                    {"graph_window", side.walks.graph_window},
                    {"walks_per_node", side.walks.walks_per_node},
                    {"walk_length", side.walks.walk_length}};
  describe_sequences(o, j);
}

void describe_fusion(const TrainOptions& o, json& j) {
  j["cooccurrence_share"] = o.fusion.cooccurrence_share;
  j["audience_weight"] = o.fusion.content.audience;
  j["ridge_share"] = o.fusion.ridge_share;
  j["closeness_bonus"] = o.fusion.closeness_bonus;
  j["popularity_penalty"] = o.fusion.popularity_penalty;
  j["min_positives"] = o.fusion.histories.min_positives;
}

void describe_histories(const TrainOptions& o, json& j) {
  j["min_positives"] = o.fusion.histories.min_positives;
}

void describe_nothing(const TrainOptions&, json&) {}

// What a method needs beside the data set, the content and the neighbor table.

double sequence_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  return static_cast<double>(skip_gram_memory_bytes(dataset.catalog.size(), options.skip_gram)) +
         static_cast<double>(dataset.interactions.size()) * 8;
}

// The item graph and the sampler's slots. Of the transitions about half are distinct.
double graph_bytes(const data::Dataset& dataset, const TrainOptions& options,
                   const WalkOptions& walks) {
  const auto positives = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                               options.sequences.min_value);
  double transitions = 0;
  for (const std::uint32_t count : positives)
    transitions += 2.0 * count * static_cast<double>(walks.graph_window);
  const auto items = static_cast<double>(dataset.catalog.size());
  return std::min(transitions / 2, items * items) * 20 + std::min(transitions, 33.6e6) * 8;
}

double walk_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  return sequence_bytes(dataset, options) + graph_bytes(dataset, options, options.walks);
}

double side_info_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  return sequence_bytes(dataset, options) + graph_bytes(dataset, options, options.side_info.walks);
}

// How much there is for the methods that count: items with enough behavior, their interactions.
struct CountedSizes {
  double items = 0;
  double rows = 0;
  double users = 0;
  double entries = 0;  // of the PPMI matrix

  CountedSizes(const data::Dataset& dataset, const TrainOptions& options)
      : users(static_cast<double>(dataset.interactions.users())) {
    const auto positives = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                                 options.sequences.min_value);
    const auto least = options.fusion.histories.min_positives;
    for (const Row item : dataset.interactions.items) rows += positives[item] >= least ? 1 : 0;
    items = static_cast<double>(std::count_if(positives.begin(), positives.end(),
                                              [&](auto count) { return count >= least; }));
    double pairs = 0;
    const auto& offsets = dataset.interactions.offsets;
    for (std::size_t u = 0; u + 1 < offsets.size(); ++u) {
      const auto n = static_cast<double>(offsets[u + 1] - offsets[u]);
      pairs += n * n;
    }
    // Of the pairs of a row some are the same, and about half are above chance.
    const CooccurrenceOptions& counting = options.fusion.cooccurrence;
    const double met = std::min(pairs / std::max(1.0, items), items);
    entries = items * std::min(met / 2, static_cast<double>(row_entries(
                                            static_cast<std::size_t>(items), counting)));
  }

  double index() const { return rows * 12; }  // of histories by item
  double matrix() const { return entries * (items <= 65'536 ? 6 : 8); }
  // A block of vectors while its eigenvectors are sought.
  double eigenvectors(double dim) const { return items * (dim + 32) * 20; }
  double products(double dim) const {  // of histories
    return HistoryProduct::work_bytes(static_cast<std::size_t>(users),
                                      static_cast<std::size_t>(items),
                                      static_cast<std::size_t>(dim + 32));
  }
};

double cooccurrence_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  const CountedSizes sizes(dataset, options);
  return sizes.rows * 8 + sizes.matrix() + std::max(sizes.index(), sizes.eigenvectors(kDim));
}

double history_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  const CountedSizes sizes(dataset, options);
  return sizes.rows * 8 + sizes.index() + sizes.products(kDim) + sizes.eigenvectors(kDim);
}

// The largest of its stages: co-occurrence, its eigenvectors, those of the histories, their join.
double fusion_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  const CountedSizes sizes(dataset, options);
  const BehaviorDims dims = behavior_dims(static_cast<std::size_t>(sizes.items),
                                          dataset.interactions.users(), options.fusion);
  const auto near = static_cast<double>(dims.cooccurrence);
  const auto ridge = static_cast<double>(dims.ridge);
  const double all = near + ridge + static_cast<double>(dims.history);
  const double counting = sizes.matrix() + std::max(sizes.index(), sizes.eigenvectors(near));
  const double factorising =
      sizes.items * near * 4 + sizes.index() + sizes.products(ridge) + sizes.eigenvectors(ridge);
  const double joining = sizes.items * 4 * (2 * all + ridge);
  const double kept = sizes.items * all * 4 + static_cast<double>(dataset.catalog.size()) * all * 2;
  return sizes.rows * 8 + std::max({counting, factorising, joining, kept});
}

double no_bytes(const data::Dataset&, const TrainOptions&) { return 0; }

const std::vector<const char*> kSkipGramFlags = {"--session-gap",
                                                 "--half-life-days",
                                                 "--dim",
                                                 "--window",
                                                 "--loss",
                                                 "--negatives",
                                                 "--epochs",
                                                 "--negative-exponent",
                                                 "--subsample",
                                                 "--inverse-popularity",
                                                 "--min-count",
                                                 "--learning-rate",
                                                 "--min-learning-rate",
                                                 "--skip-gram-threads",
                                                 "--shared-contexts"};

std::vector<const char*> with(std::vector<const char*> flags,
                              std::initializer_list<const char*> more) {
  flags.insert(flags.end(), more);
  return flags;
}

}  // namespace

const std::vector<Method>& methods() {
  static const std::vector<Method> table = {
      {"fusion",
       "behavior and content in one similarity, freed of hubs (default)",
       {"--content-weight", "--cooccurrence-share", "--ridge-share", "--tolerated-loss",
        "--closeness-bonus", "--popularity-penalty", "--min-count"},
       fusion_bytes,
       train_fused,
       describe_fusion},
      {"item2vec", "skip-gram over what each user liked, in time order", kSkipGramFlags,
       sequence_bytes, train_item2vec, describe_skip_gram},
      {"deepwalk", "skip-gram over uniform random walks on the item graph",
       with(kSkipGramFlags, {"--graph-window", "--walks", "--walk-length"}), walk_bytes,
       train_deepwalk, describe_walks},
      {"node2vec", "skip-gram over second-order random walks, --p and --q",
       with(kSkipGramFlags, {"--graph-window", "--walks", "--walk-length", "--p", "--q"}),
       walk_bytes, train_node2vec, describe_walks},
      {"side-info",
       "EGES: walks, with genres, tags, people and decade by attention",
       {"--session-gap", "--half-life-days", "--dim", "--window", "--negatives",
        "--negative-exponent", "--min-count", "--side-epochs", "--side-learning-rate",
        "--id-dropout"},
       side_info_bytes,
       train_with_side_info,
       describe_side_info},
      {"cooccurrence",
       "PPMI of what is watched near each other, eigenvectors",
       {"--min-count"},
       cooccurrence_bytes,
       train_cooccurrence,
       describe_histories},
      {"history",
       "eigenvectors of the user-item matrix",
       {"--min-count"},
       history_bytes,
       train_history,
       describe_histories},
      {"content",
       "genres, tags, title words, year, people; no behavior",
       {},
       no_bytes,
       train_nothing,
       describe_nothing},
  };
  return table;
}

const Method* find_method(std::string_view name) {
  const auto& table = methods();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Method& m) { return m.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace sparrow::embed
