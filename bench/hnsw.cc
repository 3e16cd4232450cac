// bench hnsw: approximate search beside faiss, hnswlib, usearch and SVS, each at recall_at_10 .95.
#include <algorithm>
#include <fstream>

#include "bench/bench.h"
#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/core/random.h"
#include "sparrow/index/flat_index.h"
#include "sparrow/index/hnsw_index.h"

namespace sparrow::bench {
namespace {

constexpr std::size_t kTop = 10;
constexpr std::size_t kDim = 64;
constexpr std::size_t kQueries = 500;
constexpr double kRecall = 0.95;  // where speeds are compared
// Of the rows, that a filter allows; the first is no filter.
constexpr double kShares[] = {1, 0.5, 0.1, 0.01, 0.001};
constexpr const char* kPeers[] = {"faiss-cpu", "hnswlib", "usearch", "scalable-vs"};

double resident_memory_mb() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// One filter and what is to be found under it.
struct Filtered {
  std::vector<std::uint8_t> allowed;  // empty: no filter
  std::vector<Row> truth;             // kTop a query
};

// Vectors, queries and exact answers, for both sides.
struct SearchTask {
  Embeddings vectors;
  std::vector<std::vector<float>> queries;
  std::vector<Filtered> filters;  // one of each share
};

SearchTask make_search_task(std::size_t rows) {
  SearchTask task;
  task.vectors = clustered(rows, kDim, 2000);
  Random random(9);
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto row = task.vectors.row(random.below(static_cast<std::uint32_t>(rows)));
    Embeddings query(1, row.size());
    for (std::size_t c = 0; c < row.size(); ++c)
      query.data()[c] = row[c] + static_cast<float>(0.05 * random.normal());
    normalize_rows(query);
    task.queries.emplace_back(query.row(0).begin(), query.row(0).end());
  }
  const index::FlatIndex flat(task.vectors);
  for (const double share : kShares) {
    Filtered filter;
    if (share < 1) {
      filter.allowed.resize(rows);
      for (auto& a : filter.allowed) a = random.uniform() < share ? 1 : 0;
    }
    filter.truth.resize(kQueries * kTop);
    parallel_for(kQueries, 10, 0, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t q = begin; q < end; ++q) {
        const auto found = flat.search({task.queries[q], kTop, filter.allowed});
        for (std::size_t i = 0; i < found.size(); ++i) filter.truth[q * kTop + i] = found[i].row;
      }
    });
    task.filters.push_back(std::move(filter));
  }
  return task;
}

template <typename T>
Result<void> write_values(const std::filesystem::path& file, std::span<const T> values) {
  return write_file_atomically(
      file, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

// vectors.f32 and queries.f32; for each share number i truth-i.u32 and, of filters, allowed-i.u8.
Result<void> write_search_task(const SearchTask& task, const std::filesystem::path& folder) {
  std::vector<float> queries;
  for (const auto& q : task.queries) queries.insert(queries.end(), q.begin(), q.end());
  if (auto written = write_values<float>(folder / "vectors.f32", task.vectors.values()); !written)
    return written;
  if (auto written = write_values<float>(folder / "queries.f32", queries); !written) return written;
  for (std::size_t i = 0; i < task.filters.size(); ++i) {
    const Filtered& filter = task.filters[i];
    if (auto written = write_values<Row>(folder / fmt::format("truth-{}.u32", i), filter.truth);
        !written)
      return written;
    if (filter.allowed.empty()) continue;
    if (auto written =
            write_values<std::uint8_t>(folder / fmt::format("allowed-{}.u8", i), filter.allowed);
        !written)
      return written;
  }
  return {};
}

// Queries a second (thousands), the share of the truth that was found, and with which setting.
struct Rate {
  double thousands = 0;
  double recall = 0;
  std::string setting;
};

Rate search_rate(const index::HnswIndex& index, const SearchTask& task, const Filtered& filter,
                 std::size_t runs) {
  std::size_t hits = 0;
  const double seconds = median_seconds(runs, [&] {
    std::vector<std::vector<Neighbor>> found(kQueries);
    const auto began = Clock::now();
    for (std::size_t q = 0; q < kQueries; ++q)
      found[q] = index.search({task.queries[q], kTop, filter.allowed});
    const double elapsed = seconds_since(began);
    hits = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
      const auto truth = filter.truth.begin() + static_cast<std::ptrdiff_t>(q * kTop);
      for (const Neighbor& n : found[q])
        hits += static_cast<std::size_t>(std::count(truth, truth + kTop, n.row));
    }
    return elapsed;
  });
  return {static_cast<double>(kQueries) / seconds / 1e3,
          static_cast<double>(hits) / static_cast<double>(kQueries * kTop), ""};
}

// With the narrowest ef_search that finds enough, as the peers are asked to.
Rate tuned_rate(index::HnswIndex& index, const SearchTask& task, const Filtered& filter,
                std::size_t runs) {
  constexpr std::size_t kWidths[] = {10, 12, 14, 16,  20,  24,  28,  32,  40,  48,
                                     56, 64, 80, 100, 128, 160, 200, 256, 320, 400};
  for (const std::size_t ef : kWidths) {
    index.set_ef_search(ef);
    if (search_rate(index, task, filter, 1).recall < kRecall &&
        ef != kWidths[std::size(kWidths) - 1])
      continue;
    Rate rate = search_rate(index, task, filter, runs);
    rate.setting = fmt::format("ef {}", ef);
    return rate;
  }
  return {};
}

std::string name_of_share(double share) {
  return share < 1 ? fmt::format("{:g} % allowed", share * 100) : std::string("no filter");
}

struct Ours {
  double build_seconds = 0;
  double megabytes = 0;
  std::vector<Rate> rates;  // one of each share
};

Ours measure_ours(const SearchTask& task, std::size_t runs) {
  Ours ours;
  std::unique_ptr<index::HnswIndex> index;
  std::vector<double> builds;
  const double before_mb = resident_memory_mb();
  for (std::size_t run = 0; run < runs; ++run) {
    index.reset();
    const auto start = Clock::now();
    index = std::make_unique<index::HnswIndex>(task.vectors, index::HnswOptions{});
    builds.push_back(seconds_since(start));
    if (run > 0) continue;  // what is freed is used again, and would not be counted
    (void)search_rate(*index, task, task.filters[0], 1);
    ours.megabytes = resident_memory_mb() - before_mb;
  }
  std::sort(builds.begin(), builds.end());
  ours.build_seconds = builds[builds.size() / 2];
  for (const Filtered& filter : task.filters)
    ours.rates.push_back(tuned_rate(*index, task, filter, runs));
  return ours;
}

// The rows of one index of a peer.
void add_rows(const std::string& peer, const nlohmann::json& index, const Ours& ours,
              std::vector<Measured>& table) {
  const std::string name = fmt::format("{} ({})", peer, index.value("name", ""));
  if (index.contains("skipped")) {
    table.push_back({"beside " + name, 0, 0, "", name, false, index.value("skipped", ""), ""});
    return;
  }
  table.push_back({"build, all threads", ours.build_seconds, index.value("build_seconds", 0.0), "s",
                   name, true,
                   fmt::format("the peer's is built {} time(s)", index.value("builds", 1)), ""});
  table.push_back({"memory of the index", ours.megabytes, index.value("megabytes", 0.0), "MB", name,
                   true, "resident, after searching", ""});
  std::vector<nlohmann::json> found(std::size(kShares));
  for (const auto& entry : index.value("search", nlohmann::json::array()))
    found.at(entry.value("filter", std::size_t{0})) = entry;
  for (std::size_t i = 0; i < std::size(kShares); ++i) {
    const Rate& mine = ours.rates[i];
    Measured row{fmt::format("search, {}, 1 thread", name_of_share(kShares[i])),
                 mine.thousands,
                 0,
                 "k queries/s",
                 name,
                 false,
                 fmt::format("recall_at_10 {:.3f} ({})", mine.recall, mine.setting),
                 ""};
    if (found[i].is_null()) {
      row.note += fmt::format("; {} finds less than {} of the neighbors", name, kRecall);
    } else {
      row.peer = static_cast<double>(kQueries) / found[i].value("seconds", 1.0) / 1e3;
      row.note += fmt::format(" and {:.3f} ({})", found[i].value("recall", 0.0),
                              found[i].value("setting", 0));
      if (mine.recall < kRecall) row.wrong = "recall is below .95";
    }
    table.push_back(std::move(row));
  }
}

}  // namespace

Result<std::vector<Measured>> bench_hnsw(const BenchOptions& options) {
  const auto rows = static_cast<std::size_t>(1'000'000 * options.scale);
  const SearchTask task = make_search_task(rows);
  if (auto written = write_search_task(task, options.work); !written) return written.error();
  if (!options.quiet) fmt::print(stderr, "bench     hnsw: ours\n");
  const Ours ours = measure_ours(task, options.runs);
  std::vector<Measured> table;
  table.push_back(
      {fmt::format("graph of {} x {}: build, all threads", rows, kDim), ours.build_seconds, 0, "s",
       "", true,
       fmt::format("takes {:.0f} MB beside the vectors, which it does not need to answer",
                   ours.megabytes),
       ""});
  for (std::size_t i = 0; i < std::size(kShares); ++i)
    table.push_back(
        {fmt::format("search, {}, 1 thread", name_of_share(kShares[i])), ours.rates[i].thousands, 0,
         "k queries/s", "", false,
         fmt::format("recall_at_10 {:.3f} ({})", ours.rates[i].recall, ours.rates[i].setting),
         ours.rates[i].recall < kRecall ? "recall is below .95" : ""});
  for (const char* name : kPeers) {
    if (options.peer != "all" && options.peer != name) continue;
    if (!options.quiet) fmt::print(stderr, "bench     hnsw: beside {}\n", name);
    const auto peer =
        run_peer(fmt::format("{}/search_peer.sh {} {} {} {} {}", options.peers.string(), name,
                             options.work.string(), rows, thread_count(0), options.runs));
    const std::string skipped = peer ? peer->value("skipped", "") : peer.error().message;
    if (!skipped.empty())
      table.push_back({fmt::format("beside {}", name), 0, 0, "", name, false, skipped, ""});
    if (!peer) continue;
    for (const auto& index : peer->value("indexes", nlohmann::json::array()))
      add_rows(fmt::format("{} {}", name, peer->value("version", "")), index, ours, table);
  }
  return table;
}

}  // namespace sparrow::bench
