#include "parts.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrays.h"
#include "dataset.h"
#include "errors.h"
#include "model.h"
#include "options.h"
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/data/item_graph.h"
#include "sparrow/embed/content.h"
#include "sparrow/embed/cooccurrence.h"
#include "sparrow/embed/eigen_embedding.h"
#include "sparrow/embed/fusion.h"
#include "sparrow/embed/fusion_parts.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/embed/skip_gram_tables.h"
#include "sparrow/embed/text_source.h"
#include "sparrow/embed/train.h"
#include "sparrow/model/safetensors.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

// Offsets, rows and values of one list a user, checked: what comes from a table may be anything.
void check_lists(const In<std::uint64_t>& offsets, const In<std::uint32_t>& rows,
                 std::size_t items) {
  const auto o = std::span(offsets.data(), offsets.size());
  if (o.empty() || o.front() != 0 || o.back() != rows.shape(0) ||
      !std::is_sorted(o.begin(), o.end()))
    invalid(fmt::format("the offsets of lists must rise from 0 to {}, the number of rows",
                        rows.shape(0)));
  for (const std::uint32_t row : std::span(rows.data(), rows.size())) {
    if (row >= items) invalid(fmt::format("row {} is not one of {} items", row, items));
  }
}

Embeddings embeddings_of(const Matrix<float>& values) {
  Embeddings e(values.shape(0), values.shape(1));
  std::copy_n(values.data(), values.size(), e.data());
  return e;
}

nb::object array_of(const Embeddings& e) {
  return array(std::vector<float>(e.values().begin(), e.values().end()), {e.rows(), e.dim()});
}

nb::tuple tuple_of(embed::SparseRows rows) {
  return nb::make_tuple(array<std::uint64_t>(std::move(rows.offsets)),
                        array<std::uint32_t>(std::move(rows.columns)),
                        array<float>(std::move(rows.values)));
}

// liked: what the data call so.
Options options_of(const Flags& flags, float liked) {
  if (const std::string& wrong = simd::forced_target_error(); !wrong.empty()) invalid(wrong);
  Options options{flags, method_options(flags)};
  options.train.sequences.min_value = liked;
  return options;
}

// What skip-gram learns from, of some of the users: offsets, items and, with a half-life, weights.
// newest: the time of the newest event of all users.
nb::tuple training_sequences(const Options& options, const In<std::uint64_t>& offsets,
                             const In<std::uint32_t>& items, const In<float>& values,
                             const In<std::int64_t>& times, std::int64_t newest) {
  check_lists(offsets, items, kNoRow);
  if (values.shape(0) != items.shape(0) || times.shape(0) != items.shape(0))
    invalid("there must be as many values and times as items");
  data::Sequences sequences;
  {
    const nb::gil_scoped_release release;
    data::Interactions log;
    log.offsets = data::Column<std::uint64_t>(vector_of(offsets));
    log.items = data::Column<Row>(vector_of(items));
    log.times = data::Column<std::int64_t>(vector_of(times));
    log.values = data::Column<float>(vector_of(values));
    data::SequenceOptions chosen = options.train.sequences;
    chosen.newest = newest;
    sequences = data::build_sequences(log, chosen);
  }
  const bool weighted = !sequences.weights.empty();
  return nb::make_tuple(
      array<std::uint64_t>(std::move(sequences.offsets)), array<Row>(std::move(sequences.items)),
      weighted ? array<float>(std::move(sequences.weights)) : nb::object(nb::none()));
}

data::Sequences sequences_of(const In<std::uint64_t>& offsets, const In<std::uint32_t>& items,
                             const std::optional<In<float>>& weights, std::size_t catalog_items) {
  check_lists(offsets, items, catalog_items);
  data::Sequences sequences;
  sequences.offsets = vector_of(offsets);
  sequences.items = vector_of(items);
  if (weights) {
    if (weights->shape(0) != items.shape(0)) invalid("there must be as many weights as items");
    sequences.weights = vector_of(*weights);
  }
  return sequences;
}

// Skip-gram of sequences that are spread: what all parts must agree on.
class SkipGram {
 public:
  SkipGram(const Options& options, const In<std::uint32_t>& counts, std::uint64_t tokens)
      : options_(options.skip_gram()), counts_(vector_of(counts)), tokens_(tokens) {}

  nb::tuple initial() const {
    const auto state = take(embed::initial_state(counts_, options_));
    return nb::make_tuple(array_of(state.input), array_of(state.output));
  }

  nb::tuple pairs(std::uint64_t sequences) const {
    auto pairs = embed::pairs_by_row(counts_, options_, sequences);
    return nb::make_tuple(array<double>(std::move(pairs.input)),
                          array<double>(std::move(pairs.output)));
  }

  struct Turn {
    std::size_t part = 0;
    std::size_t first_epoch = 0;
    std::size_t epochs = 1;
    std::size_t threads = 1;
  };

  nb::tuple train(const In<std::uint64_t>& offsets, const In<std::uint32_t>& items,
                  const std::optional<In<float>>& weights, const Matrix<float>& input,
                  const Matrix<float>& output, std::size_t part, std::size_t first_epoch,
                  std::size_t epochs, std::size_t threads) const {
    const data::Sequences sequences = sequences_of(offsets, items, weights, counts_.size());
    return take_turn(embed::source_of(sequences), input, output,
                     {part, first_epoch, epochs, threads});
  }

  nb::tuple take_turn(const embed::SequenceSource& source, const Matrix<float>& input,
                      const Matrix<float>& output, const Turn& turn) const {
    if (input.shape(1) != options_.dim || output.shape(1) != options_.dim ||
        input.shape(0) != output.shape(0))
      invalid(fmt::format("both tables must have as many rows and {} columns", options_.dim));
    embed::SkipGramState state{embeddings_of(input), embeddings_of(output)};
    embed::SkipGramOptions options = options_;
    options.threads = turn.threads;
    std::optional<embed::SkipGramResult> result;
    {
      const nb::gil_scoped_release release;
      result = take(embed::take_turn(source, counts_, options,
                                     {.part = turn.part,
                                      .first_epoch = turn.first_epoch,
                                      .epochs = turn.epochs,
                                      .tokens = tokens_},
                                     state, RunControl{}));
    }
    const double loss = result->epoch_loss.empty() ? 0 : result->epoch_loss.back();
    return nb::make_tuple(array_of(state.input), array_of(state.output), loss, result->pairs,
                          result->seconds);
  }

  nb::object vectors(const Matrix<float>& input) const {
    const embed::SkipGramState state{embeddings_of(input), {}};
    return array_of(embed::vectors_of(state, counts_, options_));
  }

 private:
  embed::SkipGramOptions options_;
  std::vector<std::uint32_t> counts_;
  std::uint64_t tokens_;
};

// The item graph with its sampler. Every machine has all of it, and walks from its own nodes.
class WalkSource {
 public:
  WalkSource(const Options& options, const In<std::uint64_t>& offsets,
             const In<std::uint32_t>& targets, const In<float>& weights) {
    check_lists(offsets, targets, offsets.shape(0) - 1);
    if (weights.shape(0) != targets.shape(0)) invalid("there must be as many weights as targets");
    graph_.offsets = vector_of(offsets);
    graph_.targets = vector_of(targets);
    graph_.weights = vector_of(weights);
    embed::WalkOptions walks = options.train.walks;
    walks.seed = options.train.seed;
    if (options.train.method == "deepwalk") walks.p = walks.q = 1;
    sampler_ = std::make_unique<embed::WalkSampler>(graph_, walks);
  }

  // How often walks come by the items, 0 for those that are rare in the log.
  nb::object counts(const Options& options, const In<std::uint32_t>& positives) const {
    auto counts = sampler_->expected_counts();
    if (positives.shape(0) != counts.size())
      invalid(fmt::format("there must be a count for each of {} items", counts.size()));
    for (Row item = 0; item < counts.size(); ++item) {
      if (positives.data()[item] < options.train.skip_gram.min_count) counts[item] = 0;
    }
    return array<std::uint32_t>(std::move(counts));
  }
  // Of all parts, in an epoch: sequences and tokens.
  nb::tuple size() const {
    const auto source = sampler_->source();
    return nb::make_tuple(source.count, source.tokens);
  }

  nb::tuple train(const SkipGram& skip_gram, const Matrix<float>& input,
                  const Matrix<float>& output, std::size_t part, std::size_t parts,
                  std::size_t first_epoch, std::size_t epochs, std::size_t threads) const {
    if (part >= parts) invalid(fmt::format("there is no part {} of {}", part, parts));
    return skip_gram.take_turn(sampler_->source(part, parts), input, output,
                               {part, first_epoch, epochs, threads});
  }

 private:
  data::ItemGraph graph_;
  std::unique_ptr<embed::WalkSampler> sampler_;
};

// Histories of some of the users, for the co-occurrence methods.
class Histories {
 public:
  // items, values: what the users did, in time order. chosen: rows with enough positives.
  Histories(const Options& options, const In<std::uint64_t>& offsets,
            const In<std::uint32_t>& items, const In<float>& values,
            const In<std::uint32_t>& chosen, std::size_t catalog_items)
      : cooccurrence_(options.train.fusion.cooccurrence) {
    check_lists(offsets, items, catalog_items);
    if (values.shape(0) != items.shape(0)) invalid("there must be as many values as items");
    data::Interactions log;
    log.offsets = data::Column<std::uint64_t>(vector_of(offsets));
    log.items = data::Column<Row>(vector_of(items));
    log.values = data::Column<float>(vector_of(values));
    histories_ =
        embed::weighted_histories(log, catalog_items, vector_of(chosen), options.histories());
  }

  const embed::WeightedHistories& histories() const { return histories_; }

  // Row sums of C.
  nb::object totals() {
    std::vector<double> totals;
    {
      const nb::gil_scoped_release release;
      totals = counts().totals();
    }
    return array<double>(std::move(totals));
  }

  // Rows [first, last) of C: offsets, columns, values.
  nb::tuple counts_of(std::size_t first, std::size_t last) {
    if (first > last || last > histories_.items)
      invalid(fmt::format("there are no rows {} to {} of {}", first, last, histories_.items));
    embed::SparseRows rows;
    {
      const nb::gil_scoped_release release;
      rows = counts().rows(first, last);
    }
    return tuple_of(std::move(rows));
  }

  // X'X x.
  nb::object product(const Matrix<float>& x) {
    if (x.shape(0) != histories_.items)
      invalid(fmt::format("the block must have {} rows", histories_.items));
    std::vector<float> y(x.size());
    {
      const nb::gil_scoped_release release;
      embed::HistoryProduct(histories_).multiply(x.data(), y.data(), x.shape(1), 1);
    }
    return array(std::move(y), {x.shape(0), x.shape(1)});
  }

 private:
  const embed::CooccurrenceCounts& counts() {
    if (counts_ == nullptr)
      counts_ = std::make_unique<embed::CooccurrenceCounts>(histories_, cooccurrence_);
    return *counts_;
  }

  embed::CooccurrenceOptions cooccurrence_;
  embed::WeightedHistories histories_;
  std::unique_ptr<embed::CooccurrenceCounts> counts_;
};

embed::SparseRows sparse_rows(const In<std::uint64_t>& offsets, const In<std::uint32_t>& columns,
                              const In<float>& values, std::size_t items) {
  check_lists(offsets, columns, items);
  if (values.shape(0) != columns.shape(0)) invalid("there must be as many values as columns");
  return {vector_of(offsets), vector_of(columns), vector_of(values)};
}

nb::tuple ppmi_rows(const Options& options, std::size_t first, const In<std::uint64_t>& offsets,
                    const In<std::uint32_t>& columns, const In<float>& values,
                    const In<double>& totals) {
  const auto counts = sparse_rows(offsets, columns, values, totals.shape(0));
  if (first + counts.rows() > totals.shape(0))
    invalid(fmt::format("there are no rows {} to {} of {}", first, first + counts.rows(),
                        totals.shape(0)));
  embed::SparseRows rows;
  {
    const nb::gil_scoped_release release;
    rows = embed::ppmi_rows(first, counts, vector_of(totals), options.train.fusion.cooccurrence);
  }
  return tuple_of(std::move(rows));
}

nb::object sparse_product(const In<std::uint64_t>& offsets, const In<std::uint32_t>& columns,
                          const In<float>& values, const Matrix<float>& x) {
  const auto rows = sparse_rows(offsets, columns, values, x.shape(0));
  const std::size_t width = x.shape(1);
  std::vector<float> y(rows.rows() * width);
  {
    const nb::gil_scoped_release release;
    embed::multiply(rows, x.data(), y.data(), width);
  }
  return array(std::move(y), {rows.rows(), width});
}

// V sqrt(lambda) of n x n that `product` multiplies blocks by: product(x) -> y, both n x width.
nb::object eigen_vectors(const Options& options, std::size_t n, std::size_t dim,
                         std::size_t iterations, const nb::callable& product) {
  embed::EigenOptions eigen;
  eigen.dim = dim;
  eigen.iterations = iterations;
  eigen.seed = options.train.seed;
  eigen.threads = options.train.threads;
  Embeddings found;
  {
    const nb::gil_scoped_release release;
    found = embed::eigen_embedding(
        n,
        [&](const float* x, float* y, std::size_t width) {
          const nb::gil_scoped_acquire acquire;
          const nb::object image = product(array(std::vector<float>(x, x + n * width), {n, width}));
          const auto values = nb::cast<Matrix<float>>(image);
          if (values.shape(0) != n || values.shape(1) != width)
            invalid(fmt::format("the product must have {} rows and {} columns", n, width));
          std::copy_n(values.data(), n * width, y);
        },
        eigen);
  }
  return array_of(found);
}

// Rows of a catalogue with enough positives.
nb::object chosen_items(const Options& options, const In<std::uint32_t>& positives) {
  return array<Row>(
      embed::choose_items(std::span(positives.data(), positives.size()), options.histories()));
}

// Dimensions of co-occurrence, history, flattened history; iterations of the eigen-solver.
nb::tuple fusion_plan(const Options& options, std::size_t items, std::size_t users) {
  const auto dims = embed::behavior_dims(items, users, options.train.fusion);
  return nb::make_tuple(dims.cooccurrence, dims.history, dims.ridge,
                        3 * options.train.fusion.eigen_iterations);
}

nlohmann::json json_of(const std::string& text, const char* what) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) invalid(fmt::format("{} must be a JSON object", what));
  return json;
}

void check_popularity(const DatasetHandle& dataset, const In<std::uint32_t>& popularity) {
  if (popularity.shape(0) != dataset.dataset().catalog.size())
    invalid(fmt::format("there must be a count for each of {} items",
                        dataset.dataset().catalog.size()));
}

// Texts as content, where the options name some.
embed::TrainOptions with_texts(const DatasetHandle& dataset, const Options& options,
                               const std::string& usual_texts) {
  embed::TrainOptions train = options.train;
  take(embed::load_texts(dataset.dataset(), usual_texts, train.threads, train));
  return train;
}

// A model of vectors that were trained in parts, without its neighbor table: finish_model() adds
// it.
ModelPtr vector_model(const DatasetPtr& dataset, const Options& options,
                      const In<std::uint32_t>& popularity, const Matrix<float>& vectors,
                      const std::string& metrics, const std::string& usual_texts) {
  check_popularity(*dataset, popularity);
  if (vectors.shape(0) != popularity.shape(0)) invalid("there must be a vector for each item");
  const auto found = json_of(metrics, "metrics");
  const nb::gil_scoped_release release;
  const embed::TrainOptions train = with_texts(*dataset, options, usual_texts);
  model::Model model = embed::start_model(dataset->dataset(), train,
                                          std::span(popularity.data(), popularity.size()));
  model.manifest.code_version = SPARROW_VERSION;
  model.manifest.metrics.update(found);
  model::set_vectors(model, embeddings_of(vectors));
  embed::add_content(model, embed::build_content(dataset->dataset().catalog, train.fusion.content));
  return std::make_shared<const ModelHandle>(std::move(model), dataset);
}

// A fusion of eigenvectors that were found in parts, without its neighbor table. sample: histories
// of all users, or of every n-th of them.
ModelPtr fusion_model(const DatasetPtr& dataset, const Options& options,
                      const In<std::uint32_t>& popularity, std::size_t users,
                      const Matrix<float>& cooccurrence, const Matrix<float>& pairs,
                      const Histories& sample, const std::string& usual_texts) {
  check_popularity(*dataset, popularity);
  const embed::FusionOptions fusion = options.fusion();
  embed::Behavior behavior;
  behavior.popularity = vector_of(popularity);
  behavior.chosen = embed::choose_items(behavior.popularity, fusion.histories);
  behavior.users = users;
  const std::size_t n = behavior.chosen.size();
  const auto dims = embed::behavior_dims(n, users, fusion);
  if (cooccurrence.shape(0) != n || pairs.shape(0) != n || pairs.shape(1) != dims.ridge ||
      cooccurrence.shape(1) != dims.cooccurrence || sample.histories().items != n)
    invalid(
        fmt::format("eigenvectors and histories must be of the {} items with enough positives", n));
  const nb::gil_scoped_release release;
  const embed::TrainOptions train = with_texts(*dataset, options, usual_texts);
  embed::FusionOptions with_content = fusion;
  with_content.content = train.fusion.content;
  behavior.vectors =
      embed::join_behavior(embeddings_of(cooccurrence), embeddings_of(pairs), dims, fusion);
  behavior.histories = sample.histories();
  model::Model model = embed::start_model(dataset->dataset(), train, behavior.popularity);
  model.manifest.code_version = SPARROW_VERSION;
  take(embed::fuse(embed::build_content(dataset->dataset().catalog, with_content.content), behavior,
                   with_content, RunControl{}, model));
  return std::make_shared<const ModelHandle>(std::move(model), dataset);
}

// A model on its way to another machine: what lists need, without the catalogue.
nb::bytes model_bytes(const ModelHandle& handle) {
  std::string text;
  {
    const nb::gil_scoped_release release;
    const nlohmann::json head = {{"options", handle.model().manifest.options},
                                 {"items", handle.model().items.size()}};
    const std::string json = head.dump();
    const auto size = static_cast<std::uint64_t>(json.size());
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += json;
    text += model::write_safetensors(handle.model().tensors);
  }
  return nb::bytes(text.data(), text.size());
}

// Lists of a model that came as bytes.
class ListMaker {
 public:
  explicit ListMaker(const nb::bytes& bytes) {
    const std::string_view all(bytes.c_str(), bytes.size());
    const nb::gil_scoped_release release;
    std::uint64_t size = 0;
    if (all.size() < sizeof size) invalid("these are not the bytes of a model");
    std::copy_n(all.data(), sizeof size, reinterpret_cast<char*>(&size));
    if (size > all.size() - sizeof size) invalid("these are not the bytes of a model");
    const auto head =
        json_of(std::string(all.substr(sizeof size, size)), "the head of a model's bytes");
    model_.manifest.options = head.at("options");
    for (std::size_t i = 0; i < head.at("items").get<std::size_t>(); ++i)
      model_.items.push_back(std::to_string(i));
    model_.tensors = take(model::parse_safetensors(all.substr(sizeof size + size)));
    similarity_ = take(model::Similarity::open(model_));
  }

  // The `size` nearest of the items [first, last): rows and similarities, padded as in a model.
  nb::tuple lists(std::size_t first, std::size_t last, std::size_t size) const {
    const std::size_t n = model_.items.size();
    if (first > last || last > n)
      invalid(fmt::format("there are no items {} to {} of {}", first, last, n));
    const std::size_t k = std::min(size, n == 0 ? 0 : n - 1);
    std::vector<std::uint32_t> rows((last - first) * k, kNoRow);
    std::vector<float> scores(rows.size(), 0.0F);
    {
      const nb::gil_scoped_release release;
      constexpr std::size_t kBlock = 64;
      for (std::size_t begin = first; begin < last; begin += kBlock) {
        const std::size_t count = std::min(kBlock, last - begin);
        const auto nearest = similarity_->nearest_block(static_cast<Row>(begin), count, k);
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t r = 0; r < nearest[i].size(); ++r) {
            rows[(begin - first + i) * k + r] = nearest[i][r].row;
            scores[(begin - first + i) * k + r] = nearest[i][r].score;
          }
        }
      }
    }
    return nb::make_tuple(array(std::move(rows), {last - first, k}),
                          array(std::move(scores), {last - first, k}));
  }

 private:
  model::Model model_;
  std::unique_ptr<model::Similarity> similarity_;
};

// The model with the table of all lists, and its version.
ModelPtr finish_model(const ModelHandle& handle, const Options& options,
                      const Matrix<std::uint32_t>& rows, const Matrix<float>& scores) {
  const std::size_t n = handle.model().items.size();
  if (rows.shape(0) != n || scores.shape(0) != n || rows.shape(1) != scores.shape(1))
    invalid(fmt::format("there must be a list for each of {} items", n));
  const nb::gil_scoped_release release;
  model::Model model = handle.model();
  model::set_neighbors(model,
                       {rows.shape(1), {rows.data(), rows.size()}, {scores.data(), scores.size()}});
  take(model::validate(model));
  embed::seal_model(model, options.train);
  return std::make_shared<const ModelHandle>(std::move(model), handle.shared_dataset());
}

}  // namespace

void add_parts(nb::module_& module) {
  nb::class_<Options>(module, "Options", "The options of a training, for those who train in parts.")
      .def(
          "__init__",
          [](Options* self, const Flags& flags, float liked) {
            new (self) Options(options_of(flags, liked));
          },
          nb::arg("flags"), nb::arg("liked"))
      .def("__getstate__",
           [](const Options& o) {
             return std::tuple<Flags, float>(o.flags, o.train.sequences.min_value);
           })
      .def("__setstate__",
           [](Options& self, const std::tuple<Flags, float>& state) {
             new (&self) Options(options_of(std::get<0>(state), std::get<1>(state)));
           })
      .def("describe_json", [](const Options& o) { return embed::describe(o.train).dump(); })
      .def_prop_ro("method", [](const Options& o) { return o.train.method; })
      .def_prop_ro("liked", [](const Options& o) { return o.train.sequences.min_value; })
      .def_prop_ro("neighbors", [](const Options& o) { return o.train.neighbors; });
  module.def("training_sequences", &training_sequences, nb::arg("options"), nb::arg("offsets"),
             nb::arg("items"), nb::arg("values"), nb::arg("times"), nb::arg("newest"),
             "What skip-gram learns from: offsets, items, weights or None.");
  nb::class_<SkipGram>(module, "SkipGram", "Skip-gram of sequences that are spread over machines.")
      .def(nb::init<const Options&, const In<std::uint32_t>&, std::uint64_t>(), nb::arg("options"),
           nb::arg("counts"), nb::arg("tokens"))
      .def("initial", &SkipGram::initial, "Input and output table, by rows of the vocabulary.")
      .def(
          "pairs", &SkipGram::pairs, nb::arg("sequences"),
          "How many products of an input and an output row an epoch trains, by row of both tables.")
      .def("train", &SkipGram::train, nb::arg("offsets"), nb::arg("items"),
           nb::arg("weights").none(), nb::arg("input"), nb::arg("output"), nb::arg("part"),
           nb::arg("first_epoch"), nb::arg("epochs"), nb::arg("threads") = 1,
           "One part's epochs: both tables as they are then, loss, pairs, seconds.")
      .def("vectors", &SkipGram::vectors, nb::arg("input"), "items x dim");
  nb::class_<WalkSource>(module, "WalkSource", "Random walks to train on.")
      .def(nb::init<const Options&, const In<std::uint64_t>&, const In<std::uint32_t>&,
                    const In<float>&>(),
           nb::arg("options"), nb::arg("offsets"), nb::arg("targets"), nb::arg("weights"))
      .def("counts", &WalkSource::counts, nb::arg("options"), nb::arg("positives"))
      .def("size", &WalkSource::size, "Walks and steps of an epoch, all parts.")
      .def("train", &WalkSource::train, nb::arg("skip_gram"), nb::arg("input"), nb::arg("output"),
           nb::arg("part"), nb::arg("parts"), nb::arg("first_epoch"), nb::arg("epochs"),
           nb::arg("threads") = 1, "As SkipGram.train(), on the walks from a part of the nodes.");
  nb::class_<Histories>(module, "Histories",
                        "What some of the users did, for the co-occurrence methods.")
      .def(nb::init<const Options&, const In<std::uint64_t>&, const In<std::uint32_t>&,
                    const In<float>&, const In<std::uint32_t>&, std::size_t>(),
           nb::arg("options"), nb::arg("offsets"), nb::arg("items"), nb::arg("values"),
           nb::arg("chosen"), nb::arg("catalog_items"))
      .def("totals", &Histories::totals, "Row sums of the co-occurrence counts.")
      .def("counts", &Histories::counts_of, nb::arg("first"), nb::arg("last"),
           "Rows of the co-occurrence counts: offsets, columns, values.")
      .def("product", &Histories::product, nb::arg("x"), "X'X x, X = the weights, users x items.");
  module.def("ppmi_rows", &ppmi_rows, nb::arg("options"), nb::arg("first"), nb::arg("offsets"),
             nb::arg("columns"), nb::arg("values"), nb::arg("totals"));
  module.def("sparse_product", &sparse_product, nb::arg("offsets"), nb::arg("columns"),
             nb::arg("values"), nb::arg("x"));
  module.def("eigen_vectors", &eigen_vectors, nb::arg("options"), nb::arg("n"), nb::arg("dim"),
             nb::arg("iterations"), nb::arg("product"));
  module.def("chosen_items", &chosen_items, nb::arg("options"), nb::arg("positives"));
  module.def("fusion_plan", &fusion_plan, nb::arg("options"), nb::arg("items"), nb::arg("users"));
  module.def("vector_model", &vector_model, nb::arg("dataset"), nb::arg("options"),
             nb::arg("popularity"), nb::arg("vectors"), nb::arg("metrics"), nb::arg("usual_texts"));
  module.def("fusion_model", &fusion_model, nb::arg("dataset"), nb::arg("options"),
             nb::arg("popularity"), nb::arg("users"), nb::arg("cooccurrence"), nb::arg("pairs"),
             nb::arg("sample"), nb::arg("usual_texts"));
  module.def("model_bytes", &model_bytes, nb::arg("model"));
  nb::class_<ListMaker>(module, "ListMaker", "Lists of a model that came as bytes.")
      .def(nb::init<const nb::bytes&>(), nb::arg("bytes"))
      .def("lists", &ListMaker::lists, nb::arg("first"), nb::arg("last"), nb::arg("size"));
  module.def("finish_model", &finish_model, nb::arg("model"), nb::arg("options"), nb::arg("rows"),
             nb::arg("scores"));
}

}  // namespace sparrow::python
