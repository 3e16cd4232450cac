// What the benchmarks share: timing, peers as processes, the table.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/result.h"

namespace sparrow::bench {

struct BenchOptions {
  std::filesystem::path work;                   // folder for generated data; default HOME/bench
  std::size_t runs = 5;                         // median of so many, after one warm-up
  bool quiet = false;                           // no progress on stderr
  bool quick = false;                           // smaller logs and fewer runs, for prepare
  std::filesystem::path peers = "bench/peers";  // folder of the peers' scripts
  std::string peer = "all";                     // skip-gram and hnsw: only this one
  std::string redis;  // an empty Redis server for store; none: RocksDB only
  double scale = 1;   // of the data: 1 is the size of MovieLens 20M
};

// One line of the table.
struct Measured {
  std::string what;
  double ours = 0;
  double peer = 0;  // 0: there is none
  std::string unit;
  std::string peer_name;
  bool smaller_is_better = false;
  std::string note;
  std::string wrong;  // empty, or why ours is not as good as the peer's: the benchmark fails
  double ratio() const {
    if (peer == 0 || ours == 0) return 0;
    return smaller_is_better ? peer / ours : ours / peer;
  }
};

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Peak resident memory of this process in MB.
double peak_memory_mb();
// Median seconds of `runs` calls after one that is not counted.
double median_seconds(std::size_t runs, const std::function<double()>& seconds);
// "37 % of the limit of 98 GFLOP/s": floating-point operations a second beside what `threads`
// threads reach with multiply-adds in registers alone, now, on this machine.
std::string roofline(double operations, double seconds, std::size_t threads);
// Unit vectors around centers, as item embeddings lie.
Embeddings clustered(std::size_t rows, std::size_t dim, std::size_t clusters);
// Runs a peer and reads the JSON object on its last line. Errors: kUnavailable with what it
// printed.
Result<nlohmann::json> run_peer(const std::string& command);

// CSV -> sequences, beside pandas: a table of its own. Errors: kCorrupt when the sequences differ.
Result<std::string> bench_prepare(const BenchOptions& options);
// Bulk writes and reads beside bare hiredis and RocksDB, a large model's way in and out: a table of
// its own. Errors: kCorrupt when a value comes back changed.
Result<std::string> bench_store(const BenchOptions& options);
// Events from JSON to disk: a table of its own. Errors: kCorrupt when one is lost.
Result<std::string> bench_events(const BenchOptions& options);
Result<std::vector<Measured>> bench_skip_gram(const BenchOptions& options);
Result<std::vector<Measured>> bench_walks(const BenchOptions& options);
Result<std::vector<Measured>> bench_neighbors(const BenchOptions& options);
Result<std::vector<Measured>> bench_hnsw(const BenchOptions& options);

}  // namespace sparrow::bench
