// bench neighbors and bench hnsw.
#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/bench.h"
#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/index/hnsw_index.h"

namespace sparrow::app {
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

Result<std::vector<Measured>> bench_neighbors(const Context&, const BenchOptions& options) {
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
    table.push_back({fmt::format("exact all-pairs top-100, {} x 64, {} thread(s)", rows, threads),
                     ours, peer, "s", "faiss", true,
                     problem.empty()
                         ? fmt::format("mean best score {:.4f} and {:.4f}", mean, peer_mean)
                         : problem});
  }
  return table;
}

Result<std::vector<Measured>> bench_hnsw(const Context&, const BenchOptions& options) {
  const auto rows = static_cast<std::size_t>(1'000'000 * options.scale);
  const Embeddings e = clustered(rows, 64, 2000);
  std::vector<Measured> table;
  const auto start = Clock::now();
  index::HnswIndex index(e, {});
  table.push_back({fmt::format("HNSW of {} x 64: build, M=16 efC=100, all threads", rows),
                   seconds_since(start), 0, "s", "", true,
                   fmt::format("peak {:.0f} MB with the vectors", peak_memory_mb())});
  const index::FlatIndex flat(e);
  Random random(9);
  std::vector<std::vector<float>> queries;
  for (std::size_t q = 0; q < 500; ++q) {
    const auto row = e.row(random.below(static_cast<std::uint32_t>(rows)));
    queries.emplace_back(row.begin(), row.end());
  }
  for (const std::size_t ef : {16UL, 32UL, 64UL, 128UL}) {
    index.set_ef_search(ef);
    const double recall = index::recall_at_k(index, flat, std::span(queries).first(200), 10);
    const double seconds = median_seconds(options.runs, [&] {
      const auto began = Clock::now();
      for (const auto& query : queries) (void)index.search({query, 10, {}});
      return seconds_since(began);
    });
    table.push_back({fmt::format("HNSW search, ef {}", ef),
                     static_cast<double>(queries.size()) / seconds / 1e3, 0, "k queries/s", "",
                     false, fmt::format("recall_at_10 {:.3f}", recall)});
  }
  std::vector<std::uint8_t> allowed(rows);
  for (auto& a : allowed) a = random.below(100) == 0 ? 1 : 0;
  std::size_t short_lists = 0;
  const double seconds = median_seconds(options.runs, [&] {
    const auto began = Clock::now();
    for (std::size_t q = 0; q < 100; ++q)
      short_lists += index.search({queries[q], 10, allowed}).size() < 10 ? 1U : 0U;
    return seconds_since(began);
  });
  table.push_back({"the same with a filter that 1 % of the rows pass (exact)", 0.1 / seconds, 0,
                   "k queries/s", "", false,
                   fmt::format("recall_at_10 1, {} short lists", short_lists)});
  return table;
}

}  // namespace sparrow::app
