// bench neighbors.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/bench.h"
#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/random.h"
#include "sparrow/index/all_pairs.h"

namespace sparrow::bench {

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

}  // namespace sparrow::bench
