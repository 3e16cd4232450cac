// bench neighbors and bench hnsw.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "bench/bench.h"
#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/index/all_pairs.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/index/hnsw_index.h"

namespace sparrow::bench {
namespace {

// Unit vectors around centers, as item embeddings lie.
Embeddings clustered(std::size_t rows, std::size_t dim, std::size_t clusters) {
  Random random(7);
  Embeddings centers(clusters, dim);
  for (std::size_t i = 0; i < clusters * dim; ++i)
    centers.data()[i] = static_cast<float>(random.normal());
  Embeddings e(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto center = centers.row(random.below(static_cast<std::uint32_t>(clusters)));
    for (std::size_t c = 0; c < dim; ++c)
      e.row(r)[c] = center[c] + static_cast<float>(random.normal());
  }
  normalize_rows(e);
  return e;
}

}  // namespace

Result<std::vector<Measured>> bench_neighbors(const BenchOptions& options) {
  const auto rows = static_cast<std::size_t>(62'423 * options.scale);
  constexpr std::size_t kDim = 64;
  constexpr std::size_t kNeighbors = 100;
  const Embeddings e = clustered(rows, kDim, 300);
  const auto file = std::filesystem::path(options.work) / "vectors.f32";
  const std::string_view bytes(reinterpret_cast<const char*>(e.data()),
                               rows * kDim * sizeof(float));
  if (auto written = write_file_atomically(file, bytes); !written) return written.error();
  std::vector<Measured> table;
  for (const std::size_t threads : {1UL, 2UL}) {
    double mean = 0;
    const double ours = median_seconds(options.runs, [&] {
      const auto start = Clock::now();
      const auto lists = index::all_pairs_top_k(e, kNeighbors, threads);
      const double seconds = seconds_since(start);
      mean = 0;
      for (std::size_t r = 0; r < rows; ++r)
        mean += static_cast<double>(lists[r * kNeighbors].score) / static_cast<double>(rows);
      return seconds;
    });
    const double products = static_cast<double>(rows) * static_cast<double>(rows) / 2;
    const std::string limit = roofline(products * kDim * 2, ours, threads);
    std::string problem;
    double peer_mean = 0;
    const double peer = median_seconds(options.runs, [&] {
      const auto found =
          run_peer(fmt::format("/usr/bin/python3 {}/faiss_all_pairs.py {} {} {}",
                               options.peers.string(), file.string(), kNeighbors, threads));
      if (!found) problem = found.error().message;
      if (found) peer_mean = found->value("checksum", 0.0);
      return found ? found->value("seconds", 0.0) : 0.0;
    });
    table.push_back(
        {fmt::format("exact all-pairs top-100, {} x 64, {} thread(s)", rows, threads), ours, peer,
         "s", "faiss", true,
         problem.empty()
             ? fmt::format("mean best score {:.4f} and {:.4f}; {}", mean, peer_mean, limit)
             : problem,
         problem.empty() && std::abs(mean - peer_mean) > 1e-4 ? "other neighbors" : ""});
  }
  return table;
}

namespace {

constexpr std::size_t kTop = 10;
constexpr double kRecall = 0.95;  // where speeds are compared

double resident_memory_mb() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// Vectors, queries and exact answers, for both sides.
struct SearchTask {
  Embeddings vectors;
  std::vector<std::vector<float>> queries;
  std::vector<std::uint8_t> allowed;  // of the rows, one in a hundred
  std::vector<Row> truth;             // kTop a query
  std::vector<Row> truth_allowed;
};

SearchTask make_search_task(std::size_t rows) {
  constexpr std::size_t kQueries = 500;
  SearchTask task;
  task.vectors = clustered(rows, 64, 2000);
  Random random(9);
  task.allowed.resize(rows);
  for (auto& a : task.allowed) a = random.below(100) == 0 ? 1 : 0;
  const index::FlatIndex flat(task.vectors);
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto row = task.vectors.row(random.below(static_cast<std::uint32_t>(rows)));
    Embeddings query(1, row.size());
    for (std::size_t c = 0; c < row.size(); ++c)
      query.data()[c] = row[c] + static_cast<float>(0.05 * random.normal());
    normalize_rows(query);
    task.queries.emplace_back(query.row(0).begin(), query.row(0).end());
    for (const Neighbor& n : flat.search({task.queries.back(), kTop, {}}))
      task.truth.push_back(n.row);
    for (const Neighbor& n : flat.search({task.queries.back(), kTop, task.allowed}))
      task.truth_allowed.push_back(n.row);
  }
  return task;
}

template <typename T>
Result<void> write_values(const std::filesystem::path& file, std::span<const T> values) {
  return write_file_atomically(
      file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

Result<void> write_search_task(const SearchTask& task, const std::filesystem::path& folder) {
  std::vector<float> queries;
  for (const auto& q : task.queries) queries.insert(queries.end(), q.begin(), q.end());
  for (auto written : {write_values<float>(folder / "vectors.f32", task.vectors.values()),
                       write_values<float>(folder / "queries.f32", queries),
                       write_values<Row>(folder / "truth.u32", task.truth),
                       write_values<Row>(folder / "truth-allowed.u32", task.truth_allowed),
                       write_values<std::uint8_t>(folder / "allowed.u8", task.allowed)}) {
    if (!written) return written;
  }
  return {};
}

// Queries a second (thousands), and the share of the truth that was found.
struct Rate {
  double thousands = 0;
  double recall = 0;
};

Rate search_rate(const index::HnswIndex& index, const SearchTask& task,
                 std::span<const std::uint8_t> allowed, std::size_t runs) {
  const auto& truth = allowed.empty() ? task.truth : task.truth_allowed;
  std::size_t hits = 0;
  const double seconds = median_seconds(runs, [&] {
    hits = 0;
    const auto began = Clock::now();
    for (std::size_t q = 0; q < task.queries.size(); ++q) {
      for (const Neighbor& n : index.search({task.queries[q], kTop, allowed}))
        hits += static_cast<std::size_t>(
            std::count(truth.begin() + static_cast<std::ptrdiff_t>(q * kTop),
                       truth.begin() + static_cast<std::ptrdiff_t>((q + 1) * kTop), n.row));
    }
    return seconds_since(began);
  });
  return {static_cast<double>(task.queries.size()) / seconds / 1e3,
          static_cast<double>(hits) / static_cast<double>(truth.size())};
}

}  // namespace

Result<std::vector<Measured>> bench_hnsw(const BenchOptions& options) {
  const auto rows = static_cast<std::size_t>(1'000'000 * options.scale);
  const SearchTask task = make_search_task(rows);
  if (auto written = write_search_task(task, options.work); !written) return written.error();
  const auto ran =
      run_peer(fmt::format("{}/hnswlib_search.sh {} {} 64 {} {}", options.peers.string(),
                           options.work.string(), rows, thread_count(0), options.runs));
  const nlohmann::json peer = ran ? *ran : nlohmann::json::object();
  const std::string problem = ran ? "" : "; " + ran.error().message;
  const double before_mb = resident_memory_mb();
  const auto start = Clock::now();
  index::HnswIndex index(task.vectors, {});
  std::vector<Measured> table;
  table.push_back({fmt::format("HNSW of {} x 64: build, M=16 efC=100, all threads", rows),
                   seconds_since(start), peer.value("build_seconds", 0.0), "s", "hnswlib", true,
                   fmt::format("the index takes {:.0f} MB, {:.2f} x its vectors{}",
                               resident_memory_mb() - before_mb,
                               (resident_memory_mb() - before_mb) * 1e6 /
                                   static_cast<double>(rows * 64 * sizeof(float)),
                               problem)});
  const auto found = [&](const nlohmann::json& entry) {
    const double seconds = entry.value("seconds", 0.0);
    return Rate{seconds > 0 ? static_cast<double>(task.queries.size()) / seconds / 1e3 : 0,
                entry.value("recall", 0.0)};
  };
  std::size_t number = 0;
  for (const std::size_t ef : {16UL, 32UL, 64UL, 128UL}) {
    index.set_ef_search(ef);
    const Rate ours = search_rate(index, task, {}, options.runs);
    const Rate theirs = ran ? found(peer["search"][number++]) : Rate{};
    table.push_back(
        {fmt::format("HNSW search, ef {}, 1 thread", ef), ours.thousands, theirs.thousands,
         "k queries/s", "hnswlib", false,
         fmt::format("recall_at_10 {:.3f} and {:.3f}{}", ours.recall, theirs.recall, problem),
         theirs.recall >= kRecall && ours.recall < kRecall ? "recall is below .95" : ""});
  }
  const Rate ours = search_rate(index, task, task.allowed, options.runs);
  const Rate theirs = ran ? found(peer["filtered"]) : Rate{};
  table.push_back(
      {"the same, 1 % of the rows allowed", ours.thousands, theirs.thousands, "k queries/s",
       "hnswlib", false,
       fmt::format("recall_at_10 {:.3f} and {:.3f}; hnswlib is asked for more, then filtered{}",
                   ours.recall, theirs.recall, problem)});
  return table;
}

}  // namespace sparrow::bench
