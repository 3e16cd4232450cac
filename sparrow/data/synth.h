// Made-up data: rating logs of any size for benchmarks, and viewers for the bundled sample.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"

namespace sparrow::data {

// Shaped like MovieLens 20M: Zipf-like popularity, log-normal history lengths (at least 20),
// planted clusters of items that users prefer, time running along each history.
struct SynthOptions {
  std::uint64_t users = 1000;
  std::uint64_t items = 2000;
  std::uint64_t interactions = 100'000;
  std::uint64_t clusters = 20;
  std::uint64_t seed = 1;
};

// Writes movies.csv and ratings.csv (MovieLens form; an item's genre is its cluster).
// Deterministic.
Result<void> synth_log(const SynthOptions& options, const std::filesystem::path& directory);

// Reads a catalogue (items.csv form) and simulates `users` viewers with tastes for genres,
// keywords, directors, countries and decades. Deterministic; info.simulated is set.
Result<Dataset> sample_dataset(const std::filesystem::path& items_csv, std::uint64_t users,
                               std::uint64_t seed);

}  // namespace sparrow::data
