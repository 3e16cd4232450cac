#include "sparrow/flags/measure_flags.h"

namespace sparrow::flags {

void add_measure_options(CLI::App& sub, std::vector<std::string>& methods,
                         evaluate::EvaluateOptions& options) {
  sub.add_option(
         "--methods", methods,
         "Methods to measure, with commas between; \"original\" is item2vec as SparrowRecSys "
         "sets it: 10 dimensions, 10 epochs")
      ->delimiter(',')
      ->capture_default_str();
  sub.add_option("--k", options.k, "Length of the lists")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub.add_option("--splits", options.splits, "Random splits of held-out users")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  sub.add_option("--split-seed", options.seed, "Seed of the splits")->capture_default_str();
  sub.add_flag("--cold-slice", options.cold_slice,
               "Measure known items with their behavior hidden, against words alone");
  sub.add_flag("--baselines,!--no-baselines", options.baselines,
               "Measure the baselines too (popularity, random, genre-jaccard, item-knn, ease)");
}

}  // namespace sparrow::flags
