#include "sparrow/embed/train.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "sparrow/data/item_graph.h"
#include "sparrow/embed/map_layout.h"
#include "sparrow/model/similarity.h"

namespace sparrow::embed {
namespace {

using model::Model;
using model::Tensor;

void set_vectors(Model& model, const Embeddings& vectors) {
  model.tensors["vectors"] = Tensor::of(vectors.values(), {vectors.rows(), vectors.dim()});
}

// Vectors of chosen rows as vectors of all items.
Embeddings spread(const Embeddings& part, const std::vector<Row>& chosen, std::size_t items) {
  Embeddings all(items, part.dim());
  for (std::size_t r = 0; r < chosen.size(); ++r)
    std::copy(part.row(r).begin(), part.row(r).end(), all.row(chosen[r]).begin());
  return all;
}

Result<void> train_sequences(const data::Dataset& dataset, const TrainOptions& options,
                             const RunControl& control, Model& model) {
  const data::Sequences sequences = data::build_sequences(dataset.interactions, options.sequences);
  SkipGramOptions skip_gram = options.skip_gram;
  skip_gram.seed = options.seed;
  if (skip_gram.threads == 0) skip_gram.threads = options.threads;
  Result<SkipGramResult> trained = Error{};
  if (options.method == "item2vec") {
    std::vector<std::uint32_t> counts(dataset.catalog.size(), 0);
    for (const Row item : sequences.items) ++counts[item];
    trained = train_skip_gram(source_of(sequences), std::move(counts), skip_gram, control);
  } else {
    WalkOptions walks = options.walks;
    walks.seed = options.seed;
    if (options.method == "deepwalk") walks.p = walks.q = 1;
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
    trained = train_skip_gram(sampler.source(), std::move(counts), skip_gram, control);
  }
  if (!trained) return trained.error();
  set_vectors(model, trained->vectors);
  model.manifest.metrics["loss"] = trained->epoch_loss.empty() ? 0.0 : trained->epoch_loss.back();
  model.manifest.metrics["pairs"] = trained->pairs;
  model.manifest.metrics["pairs_per_second"] =
      trained->seconds > 0 ? static_cast<double>(trained->pairs) / trained->seconds : 0;
  return {};
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

Result<void> train_counts(const data::Dataset& dataset, const TrainOptions& options,
                          const RunControl& control, Model& model) {
  std::vector<Row> chosen;
  HistoryOptions history = options.fusion.histories;
  history.min_value = options.sequences.min_value;
  const auto histories =
      weighted_histories(dataset.interactions, dataset.catalog.size(), history, chosen);
  if (chosen.empty())
    return Error{
        ErrorCode::kInvalidInput,
        "no item has enough positive interactions; lower --min-count, or use a content method"};
  EigenOptions eigen;
  eigen.seed = options.seed;
  eigen.threads = options.threads;
  if (options.method == "history") {
    eigen.dim = options.fusion.history_dim;
    set_vectors(model, spread(history_eigenvectors(histories, eigen, options.threads), chosen,
                              dataset.catalog.size()));
    return {};
  }
  eigen.dim = options.fusion.cooccurrence_dim;
  CooccurrenceOptions near = options.fusion.cooccurrence;
  near.threads = options.threads;
  auto matrix = ppmi_matrix(histories, near, control);
  if (!matrix) return matrix.error();
  set_vectors(model,
              spread(eigen_embedding(histories.items, product_of(*matrix, options.threads), eigen),
                     chosen, dataset.catalog.size()));
  return {};
}

}  // namespace

Model start_model(const data::Dataset& dataset, const TrainOptions& options) {
  Model model;
  model.manifest.name = options.name.empty() ? options.method : options.name;
  model.manifest.method = options.method;
  model.manifest.data_hash = dataset.info.hash;
  model.manifest.data_name = dataset.info.name;
  model.manifest.simulated = dataset.info.simulated;
  model.manifest.seed = options.seed;
  model.manifest.options = describe(options);
  for (const data::Item& item : dataset.catalog.items()) model.items.push_back(item.id);
  const auto popularity = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                                options.sequences.min_value);
  model.tensors["popularity"] =
      Tensor::of(std::span<const std::uint32_t>(popularity), {popularity.size()});
  return model;
}

Result<Model> finish_model(Model model, const TrainOptions& options, const RunControl& control) {
  control.report({"neighbor table", 0, 1, "tables", 0});
  auto similarity = model::Similarity::open(model);
  if (!similarity) return similarity.error();
  add_neighbor_table(model, **similarity, options.neighbors, options.threads);
  add_map(model, options.seed);
  const std::time_t now = std::time(nullptr);
  const std::tm utc = fmt::gmtime(now);
  const std::string hash = content_hash(model);
  model.manifest.version = fmt::format("{:%Y%m%dT%H%M%SZ}-{}", utc, hash.substr(0, 8));
  model.manifest.created = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc);
  model.manifest.metrics["content_hash"] = hash;
  return model;
}

const std::vector<Method>& methods() {
  static const std::vector<Method> table = {
      {"fusion", "behavior and content in one similarity, freed of hubs (default)"},
      {"item2vec", "skip-gram over what each user liked, in time order"},
      {"deepwalk", "skip-gram over uniform random walks on the item graph"},
      {"node2vec", "skip-gram over second-order random walks, --p and --q"},
      {"side-info", "EGES: walks, with genres, tags, people and decade by attention"},
      {"cooccurrence", "PPMI of what is watched near each other, eigenvectors"},
      {"history", "eigenvectors of the user-item matrix"},
      {"content", "genres, tags, title words, year, people; no behavior"},
  };
  return table;
}

Result<Model> train_model(const data::Dataset& dataset, const TrainOptions& given,
                          const RunControl& control) {
  const TrainOptions options = with_liked(given, dataset);
  Model model = start_model(dataset, options);
  Result<void> trained;
  if (options.method == "fusion") {
    FusionOptions fusion = options.fusion;
    fusion.seed = options.seed;
    fusion.threads = options.threads;
    fusion.histories.min_value = options.sequences.min_value;
    trained = train_fusion(dataset, fusion, control, model);
  } else {
    add_content(model, build_content(dataset.catalog, options.fusion.content));
    if (options.method == "item2vec" || options.method == "deepwalk" ||
        options.method == "node2vec") {
      trained = train_sequences(dataset, options, control, model);
    } else if (options.method == "side-info") {
      trained = train_with_side_info(dataset, options, control, model);
    } else if (options.method == "cooccurrence" || options.method == "history") {
      trained = train_counts(dataset, options, control, model);
    } else if (options.method != "content") {
      std::string known;
      for (const Method& m : methods()) known += fmt::format("\n  {:<13} {}", m.name, m.summary);
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("there is no method \"{}\"; there are{}", options.method, known)};
    }
  }
  if (!trained) return trained.error();
  return finish_model(std::move(model), options, control);
}

ImportedBlock block_of(const data::Catalog& catalog, const Model& model, float weight) {
  ImportedBlock block;
  block.name = model.manifest.name + "@" + model.manifest.version;
  block.weight = weight;
  block.vectors = Embeddings(catalog.size(), model.dim());
  const Tensor* vectors = model.find("vectors");
  for (Row m = 0; vectors != nullptr && m < model.items.size(); ++m) {
    const auto row = catalog.find(model.items[m]);
    const auto values = vectors->floats().subspan(m * model.dim(), model.dim());
    if (row) std::copy(values.begin(), values.end(), block.vectors.row(*row).begin());
  }
  return block;
}

Result<Model> model_of_vectors(const data::Dataset& dataset, const model::NamedVectors& vectors,
                               const TrainOptions& given) {
  const TrainOptions options = with_liked(given, dataset);
  Model model = start_model(dataset, options);
  Embeddings all(dataset.catalog.size(), vectors.vectors.dim());
  std::size_t unknown = 0;
  std::string first_unknown;
  for (std::size_t i = 0; i < vectors.items.size(); ++i) {
    const auto row = dataset.catalog.find(vectors.items[i]);
    if (!row) {
      if (unknown++ == 0) first_unknown = vectors.items[i];
      continue;
    }
    std::copy(vectors.vectors.row(i).begin(), vectors.vectors.row(i).end(), all.row(*row).begin());
  }
  const std::size_t known = vectors.items.size() - unknown;
  if (known == 0)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("none of the {} vectors has an id of the catalogue {}; the first is "
                             "\"{}\"",
                             vectors.items.size(), dataset.info.name, first_unknown)};
  model.manifest.metrics["imported"] = {
      {"vectors", vectors.items.size()},
      {"left_out", unknown},
      {"first_left_out", first_unknown},
      {"covered", static_cast<double>(known) / static_cast<double>(dataset.catalog.size())}};
  set_vectors(model, all);
  add_content(model, build_content(dataset.catalog, options.fusion.content));
  return finish_model(std::move(model), options, RunControl{});
}

TrainOptions with_liked(TrainOptions options, const data::Dataset& dataset) {
  options.sequences.min_value = dataset.info.scale.liked;
  return options;
}

nlohmann::json describe(const TrainOptions& o) {
  nlohmann::json j = {{"method", o.method},
                      {"measure", o.measure},
                      {"neighbors", o.neighbors},
                      {"seed", o.seed},
                      {"min_value", o.sequences.min_value}};
  for (const ImportedBlock& block : o.fusion.content.imported)
    j["blocks"].push_back({{"name", block.name}, {"weight", block.weight}});
  const bool sequences = o.method == "item2vec" || o.method == "deepwalk" || o.method == "node2vec";
  if (sequences) {
    const SkipGramOptions& s = o.skip_gram;
    j["skip_gram"] = {{"dim", s.dim},
                      {"window", s.window},
                      {"loss", s.loss == Loss::kHierarchicalSoftmax ? "hierarchical-softmax"
                                                                    : "negative-sampling"},
                      {"negatives", s.negatives},
                      {"negative_exponent", s.negative_exponent},
                      {"subsample", s.subsample},
                      {"inverse_popularity", s.inverse_popularity},
                      {"epochs", s.epochs},
                      {"learning_rate", s.learning_rate},
                      {"min_learning_rate", s.min_learning_rate},
                      {"min_count", s.min_count}};
    j["sequences"] = {{"session_gap_s", o.sequences.session_gap_s},
                      {"half_life_days", o.sequences.half_life_days}};
  }
  if (o.method == "deepwalk" || o.method == "node2vec") {
    j["walks"] = {{"graph_window", o.walks.graph_window},
                  {"walks_per_node", o.walks.walks_per_node},
                  {"walk_length", o.walks.walk_length},
                  {"p", o.walks.p},
                  {"q", o.walks.q}};
  }
  if (o.method == "side-info") {
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
    j["sequences"] = {{"session_gap_s", o.sequences.session_gap_s},
                      {"half_life_days", o.sequences.half_life_days}};
  }
  if (o.method == "fusion") {
    j["cooccurrence_share"] = o.fusion.cooccurrence_share;
    j["audience_weight"] = o.fusion.content.audience;
    j["closeness_bonus"] = o.fusion.closeness_bonus;
    j["popularity_penalty"] = o.fusion.popularity_penalty;
    j["min_positives"] = o.fusion.histories.min_positives;
  }
  if (o.fusion.content_weight) j["content_weight"] = *o.fusion.content_weight;
  return j;
}

namespace {

// The item graph and the sampler's slots. Of the transitions about half are distinct.
double graph_bytes(const data::Dataset& dataset, const TrainOptions& options) {
  const WalkOptions& walks =
      options.method == "side-info" ? options.side_info.walks : options.walks;
  const auto positives = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                               options.sequences.min_value);
  double transitions = 0;
  for (const std::uint32_t count : positives)
    transitions += 2.0 * count * static_cast<double>(walks.graph_window);
  const auto items = static_cast<double>(dataset.catalog.size());
  return std::min(transitions / 2, items * items) * 20 + std::min(transitions, 33.6e6) * 8;
}

}  // namespace

double expected_memory_mb(const data::Dataset& dataset, const TrainOptions& given) {
  const TrainOptions options = with_liked(given, dataset);
  const auto items = static_cast<double>(dataset.catalog.size());
  const auto rows = static_cast<double>(dataset.interactions.size());
  double bytes =
      rows * 16 + items * 2000 + items * static_cast<double>(options.neighbors) * 16 + 30e6;
  if (options.method == "fusion" || options.method == "cooccurrence" ||
      options.method == "history") {
    const auto positives = data::count_positives(dataset.interactions, dataset.catalog.size(),
                                                 options.sequences.min_value);
    const auto least = options.fusion.histories.min_positives;
    const auto warm = static_cast<double>(std::count_if(
        positives.begin(), positives.end(), [&](auto count) { return count >= least; }));
    const double kept =
        std::min(warm / 2, static_cast<double>(options.fusion.cooccurrence.max_row_entries));
    const double dim = static_cast<double>(options.fusion.cooccurrence_dim + 32);
    const double users = static_cast<double>(dataset.interactions.users());
    bytes += rows * 16 + warm * kept * 16 + 4 * warm * dim * 8 + users * 96 * 8;
  } else {
    bytes +=
        static_cast<double>(skip_gram_memory_bytes(dataset.catalog.size(), options.skip_gram)) +
        rows * 8;
    if (options.method == "deepwalk" || options.method == "node2vec" ||
        options.method == "side-info")
      bytes += graph_bytes(dataset, options);
  }
  return bytes / 1e6;
}

}  // namespace sparrow::embed
