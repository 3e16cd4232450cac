// Offline evaluation: trains each method on what a split leaves, asks the same Recommender that the
// server uses, and measures the lists. docs/quality.md defines every number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"
#include "sparrow/embed/train.h"
#include "sparrow/evaluate/cold_slice.h"
#include "sparrow/evaluate/ground_truth.h"
#include "sparrow/evaluate/metrics.h"

namespace sparrow::evaluate {

struct EvaluateOptions {
  std::vector<embed::TrainOptions> methods;
  embed::TrainFunction train = embed::train_model;
  std::size_t k = 10;
  std::size_t splits = 3;  // of held-out users
  double held_out_share = 0.2;
  std::uint32_t min_positives = 5;  // items with fewer neither ask nor answer, except in `served`
  std::uint64_t seed = 1;
  std::size_t threads = 0;
  bool cold_slice = false;  // hides the behavior of known items: two more trainings a method
  bool baselines = true;    // measured after the methods; most of the time of a small run
  std::optional<GroundTruth>
      groups;  // series and remakes; measured with content that knows no titles
  std::optional<GroundTruth> ground_truth;  // judged pairs
};

// The options of a method by name, the rest as given. "original": item2vec as SparrowRecSys sets
// it, the model that every other is meant to beat.
embed::TrainOptions settings_of(const std::string& method, const embed::TrainOptions& given);

// Mean match of random pairs whose second item's popularity lies in a bin: a flat line means that
// popularity alone buys no similarity.
struct PopularityMatch {
  double popularity = 0;  // geometric mean of the bin
  double match = 0;
  std::size_t pairs = 0;
};

struct MethodReport {
  std::string name;
  bool baseline = false;
  NextItem held_out;  // users held out whole, mean of the splits ("NX")
  NextItem last_out;  // each user's last positive ("Hit")
  // The same by popularity of the target, see PopularityCuts. Cold targets are measured in lists
  // over the whole catalogue, where baselines list none.
  std::array<NextItem, kSlices> held_out_slices;
  std::array<NextItem, kSlices> last_out_slices;
  double served_hit = 0;            // held_out again, with lists over the whole catalogue
  ListHealth health;                // mean of the splits
  std::optional<ListHealth> whole;  // of all items in lists over the whole catalogue, as served
  std::optional<ColdSlice> cold;
  std::optional<PairQuality> groups;
  std::optional<PairQuality> judged;
  std::optional<ListQuality> judged_lists;
  std::vector<PopularityMatch> popularity_match;
  std::vector<std::uint32_t> seed_hits;  // of Report::seeds
  double seconds = 0;                    // training on the whole data
};

// What one seed was asked in the splits of held-out users, all together.
struct AskedSeed {
  std::string id;
  std::string title;
  std::uint32_t transitions = 0;
};

struct Report {
  data::DatasetInfo data;
  EvaluateOptions options;
  std::vector<PopularityCuts> cuts;   // of each split, then of the last positives
  std::vector<MethodReport> methods;  // as asked, then the baselines
  std::vector<AskedSeed> seeds;       // those asked most often, most first
};

// Errors: those of training.
Result<Report> evaluate_offline(const data::Dataset& dataset, const EvaluateOptions& options,
                                const RunControl& control);

nlohmann::json to_json(const Report& report);
std::string to_markdown(const Report& report);
// What matters most of it, in 100 columns, with what was left out.
std::string to_terminal(const Report& report);
// One self-contained page with plots.
std::string to_html(const Report& report);

}  // namespace sparrow::evaluate
