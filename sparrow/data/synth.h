// Made-up data: rating logs of any size for benchmarks, and viewers for the bundled sample.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sparrow/core/result.h"
#include "sparrow/data/dataset.h"

namespace sparrow::data {

enum class SynthFormat { kMovieLens, kDat, kGeneric };
enum class SynthPacking { kNone, kGzip, kZstd };
// Rows in order of time within each user; or users mixed and times shuffled, in blocks of 8,192
// users.
enum class SynthOrder { kTime, kShuffled };

// Shaped like MovieLens 20M: Zipf-like popularity, log-normal history lengths (at least 20),
// planted clusters of items that users prefer, time running along each history.
struct SynthOptions {
  std::uint64_t users = 1000;
  std::uint64_t items = 2000;
  std::uint64_t interactions = 100'000;  // about so many come out
  std::uint64_t clusters = 20;
  std::uint64_t seed = 1;
  SynthFormat format = SynthFormat::kMovieLens;
  SynthPacking packing = SynthPacking::kNone;  // of the log of interactions
  SynthOrder order = SynthOrder::kTime;
  double dirty = 0;         // share of malformed rows
  std::size_t threads = 0;  // 0: one per core; the result is the same for any number
};

// Writes a catalogue and a log (an item's genre is its cluster): movies.csv and ratings.csv,
// movies.dat and ratings.dat, or items.csv and interactions.csv. Streams: memory does not grow with
// the log. Deterministic.
Result<void> synth_log(const SynthOptions& options, const std::filesystem::path& directory);

// Reads a catalogue (items.csv form) and simulates `users` viewers with tastes for genres,
// keywords, directors, countries and decades. Deterministic; info.simulated is set.
Result<Dataset> sample_dataset(const std::filesystem::path& items_csv, std::uint64_t users,
                               std::uint64_t seed);

}  // namespace sparrow::data
