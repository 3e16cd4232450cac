// Peer of `sparrow-bench hnsw`: plain hnswlib on the same vectors and queries, M=16 efC=100.
// usage: hnswlib_search FOLDER ROWS DIM THREADS RUNS. Reads vectors.f32, queries.f32, truth.u32
// (ten rows a query), allowed.u8 and truth-allowed.u32. Prints a JSON object: build_seconds,
// peak_mb, search (for each ef: median seconds of all queries, recall_at_10) and filtered (search
// for more, then filter).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <hnswlib/hnswlib.h>
#include <sys/resource.h>

using Clock = std::chrono::steady_clock;

template <typename T>
std::vector<T> read(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  std::vector<T> values(static_cast<size_t>(in.tellg()) / sizeof(T));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int main(int, char** argv) {
  const std::string folder = argv[1];
  const size_t rows = std::stoul(argv[2]), dim = std::stoul(argv[3]), threads = std::stoul(argv[4]);
  const int runs = std::stoi(argv[5]);
  const auto vectors = read<float>(folder + "/vectors.f32");
  const auto queries = read<float>(folder + "/queries.f32");
  const size_t count = queries.size() / dim;
  hnswlib::InnerProductSpace space(dim);
  hnswlib::HierarchicalNSW<float> index(&space, rows, 16, 100, 1);
  auto start = Clock::now();
  std::atomic<size_t> next{1};
  index.addPoint(vectors.data(), 0);
  std::vector<std::thread> pool;
  for (size_t t = 0; t < threads; ++t)
    pool.emplace_back([&] {
      for (size_t r = next++; r < rows; r = next++) index.addPoint(vectors.data() + r * dim, r);
    });
  for (auto& thread : pool) thread.join();
  std::printf("{\"build_seconds\": %.3f, \"search\": [", seconds_since(start));

  // Median seconds of all queries; the share of the truth that was found.
  const auto measure = [&](size_t k, const std::vector<uint8_t>& allowed,
                           const std::vector<uint32_t>& truth, double& recall) {
    std::vector<double> seconds;
    for (int run = 0; run <= runs; ++run) {
      size_t hits = 0;
      start = Clock::now();
      for (size_t q = 0; q < count; ++q) {
        auto found = index.searchKnn(queries.data() + q * dim, k);
        std::vector<std::pair<float, size_t>> best;
        for (; !found.empty(); found.pop())
          if (allowed.empty() || allowed[found.top().second]) best.push_back(found.top());
        const size_t first = best.size() > 10 ? best.size() - 10 : 0;  // farthest come first
        for (size_t i = first; i < best.size(); ++i)
          hits += std::count(truth.begin() + q * 10, truth.begin() + q * 10 + 10, best[i].second);
      }
      if (run > 0) seconds.push_back(seconds_since(start));
      recall = static_cast<double>(hits) / static_cast<double>(10 * count);
    }
    std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
    return seconds[seconds.size() / 2];
  };
  const auto truth = read<uint32_t>(folder + "/truth.u32");
  for (const size_t ef : {16, 32, 64, 128}) {
    index.setEf(ef);
    double recall = 0;
    const double seconds = measure(10, {}, truth, recall);
    std::printf("%s{\"ef\": %zu, \"seconds\": %.6f, \"recall\": %.4f}", ef == 16 ? "" : ", ", ef,
                seconds, recall);
  }
  const auto allowed = read<uint8_t>(folder + "/allowed.u8");
  const auto truth_allowed = read<uint32_t>(folder + "/truth-allowed.u32");
  double seconds = 0, recall = 0;
  size_t asked = 1000;
  for (; asked <= 16000; asked *= 2) {
    index.setEf(asked);
    seconds = measure(asked, allowed, truth_allowed, recall);
    if (recall >= 0.95) break;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "], \"filtered\": {\"asked\": %zu, \"seconds\": %.6f, \"recall\": %.4f}, \"peak_mb\": "
      "%.0f}\n",
      asked, seconds, recall, static_cast<double>(usage.ru_maxrss) / 1024);
}
