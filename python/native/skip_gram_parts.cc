#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "errors.h"
#include "parts.h"
#include "walks.h"
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "sparrow/core/simd/kernels.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/embed/skip_gram_tables.h"

namespace sparrow::python {
namespace {

namespace nb = nanobind;

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
             const In<std::uint32_t>& targets, const In<float>& weights)
      : walked_(offsets, targets, weights, walks_of(options)) {}
  // How often walks come by the items, 0 for those that are rare in the log.
  nb::object counts(const Options& options, const In<std::uint32_t>& positives) const {
    auto counts = walked_.sampler->expected_counts();
    if (positives.shape(0) != counts.size())
      invalid(fmt::format("there must be a count for each of {} items", counts.size()));
    for (Row item = 0; item < counts.size(); ++item) {
      if (positives.data()[item] < options.train.skip_gram.min_count) counts[item] = 0;
    }
    return array<std::uint32_t>(std::move(counts));
  }
  // Of all parts, in an epoch: sequences and tokens.
  nb::tuple size() const {
    const auto source = walked_.sampler->source();
    return nb::make_tuple(source.count, source.tokens);
  }

  nb::tuple train(const SkipGram& skip_gram, const Matrix<float>& input,
                  const Matrix<float>& output, std::size_t part, std::size_t parts,
                  std::size_t first_epoch, std::size_t epochs, std::size_t threads) const {
    if (part >= parts) invalid(fmt::format("there is no part {} of {}", part, parts));
    return skip_gram.take_turn(walked_.sampler->source(part, parts), input, output,
                               {part, first_epoch, epochs, threads});
  }

 private:
  static embed::WalkOptions walks_of(const Options& options) {
    embed::WalkOptions walks = options.train.walks;
    walks.seed = options.train.seed;
    if (options.train.method == "deepwalk") walks.p = walks.q = 1;
    return walks;
  }

  WalkedGraph walked_;
};

}  // namespace

void add_options(nb::module_& module) {
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
}

void add_skip_gram_parts(nb::module_& module) {
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
}

}  // namespace sparrow::python
