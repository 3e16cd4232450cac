// train_model(): one method by name -> a model that can be served. Every method gets the content
// vectors and the neighbor table, so every item answers.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/data/sequences.h"
#include "sparrow/embed/fusion.h"
#include "sparrow/embed/random_walk.h"
#include "sparrow/embed/side_info.h"
#include "sparrow/embed/skip_gram.h"
#include "sparrow/model/model.h"
#include "sparrow/model/vector_formats.h"

namespace sparrow::embed {

struct TrainOptions {
  std::string method = "fusion";
  std::string name;                // of the model; empty: the method's
  std::string measure = "cosine";  // or inner_product
  std::size_t neighbors = 100;     // of each item, precomputed
  std::size_t exact_items =
      65'536;  // of more the neighbors are searched in cells (neighbor_lists.h)
  // Texts as content, read by the caller into fusion.content: the folder of a
  // table of token vectors ("off": none; empty: the usual place), or a file of
  // vectors in its place.
  std::string text_table;
  std::string text_vectors;
  // Of the pictures' block, which the caller reads into fusion.content: 0 leaves them out, none:
  // as much as people's behavior says (block_weight.h).
  std::optional<float> picture_weight;
  std::uint64_t seed = 1;
  std::size_t threads = 0;
  data::SequenceOptions sequences;
  SkipGramOptions skip_gram;
  WalkOptions walks;
  // dim, window, negatives, negative_exponent and min_count are those of skip_gram.
  SideInfoOptions side_info;
  FusionOptions fusion;
};

// A way to learn: all that differs from method to method.
struct Method {
  std::string_view name;
  const char* summary;
  std::vector<const char*> options;  // flags that it reads beside those that every method does
  // Peak memory of training beside the data set, the content and the neighbor table.
  double (*memory_bytes)(const data::Dataset& dataset, const TrainOptions& options);
  // Sets the vectors; content too where the method needs it.
  Result<void> (*train)(const data::Dataset& dataset, const TrainOptions& options,
                        const RunControl& control, model::Model& model);
  // Adds the options that it reads, as the manifest keeps them.
  void (*describe)(const TrainOptions& options, nlohmann::json& json);
};
const std::vector<Method>& methods();
const Method* find_method(std::string_view name);  // nullptr: there is none

// Errors: kInvalidInput (unknown method, nothing to learn from), kUnavailable when cancelled.
Result<model::Model> train_model(const data::Dataset& dataset, const TrainOptions& options,
                                 const RunControl& control);

// What trains a model: train_model(), or something that trains elsewhere.
using TrainFunction = std::function<Result<model::Model>(
    const data::Dataset& dataset, const TrainOptions& options, const RunControl& control)>;

// A model whose vectors came from elsewhere. Vectors whose id the catalogue lacks are left out; the
// manifest's metric "imported" has how many were given, left out (with the first's id), and the
// share of the catalogue that has one. Errors: kInvalidInput when none is of the catalogue.
Result<model::Model> model_of_vectors(const data::Dataset& dataset,
                                      const model::NamedVectors& vectors,
                                      const TrainOptions& options);

// The vectors of a model (imported, or of any method) as one more block of content; items that the
// model lacks have none.
ImportedBlock block_of(const data::Catalog& catalog, const model::Model& model, float weight);

// What every method begins with (manifest, items, popularity) and ends with (neighbor table, map,
// then the version: time and the start of the content hash).
model::Model start_model(const data::Dataset& dataset, const TrainOptions& options);
// The same where the interactions are elsewhere: the popularity is given.
model::Model start_model(const data::Dataset& dataset, const TrainOptions& options,
                         std::span<const std::uint32_t> popularity);
// The map, then the version.
void seal_model(model::Model& model, const TrainOptions& options);
Result<model::Model> finish_model(model::Model model, const TrainOptions& options,
                                  const RunControl& control);

// The options with what the data set calls liked: every function above reads them so, whatever
// options.sequences.min_value says.
TrainOptions with_liked(TrainOptions options, const data::Dataset& dataset);

// The options that decide the result, as they stand in the manifest. Threads are not among them.
nlohmann::json describe(const TrainOptions& options);

// Equal keys: equal options for this data set. 16 hexadecimal digits.
std::string options_key(const TrainOptions& options, const data::Dataset& dataset);

// What training will need at its peak, the data set included.
double expected_memory_mb(const data::Dataset& dataset, const TrainOptions& options);

}  // namespace sparrow::embed
