// bench store: our stores beside the bare libraries on the same bytes in the same run, and a large
// model's way in and out with its peak memory.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "bench/bench.h"
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparrow/core/random.h"
#include "sparrow/store/bare_stores.h"
#include "sparrow/store/model_store.h"
#include "sparrow/store/redis_uri.h"

namespace sparrow::bench {
namespace {

using nlohmann::json;

struct Options {
  std::string redis;
  std::size_t items = 27000;
  std::size_t large_items = 1000000;
  std::size_t dim = 64;
  std::size_t rounds = 7;
};

model::Model model_of(const std::string& version, std::size_t items, std::size_t dim) {
  Random random(items);
  model::Model model;
  model.manifest.name = "bench";
  model.manifest.version = version;
  model::Tensor& vectors = model.tensors["vectors"];
  vectors.shape = {items, dim};
  vectors.bytes.own().reserve(items * dim * sizeof(float));
  model.items.reserve(items);
  for (std::size_t i = 0; i < items; ++i) {
    model.items.push_back(std::to_string(i));
    for (std::size_t c = 0; c < dim; ++c) {
      const float value = static_cast<float>(random.below(1U << 20)) / (1U << 19) - 1.0F;
      vectors.bytes.own().append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
  return model;
}

std::vector<store::KeyValue> pairs_of(std::size_t items, std::size_t dim) {
  const auto model = model_of("v1", items, dim);
  std::vector<store::KeyValue> pairs;
  const std::size_t bytes = dim * sizeof(float);
  for (std::size_t i = 0; i < items; ++i)
    pairs.push_back(
        {"sparrow:bench:v1:v:" + model.items[i],
         std::string(model.tensors.at("vectors").bytes.view().substr(i * bytes, bytes))});
  return pairs;
}

struct Seconds {
  double write = 1e9;
  double read = 1e9;
};

Result<Seconds> ours(const std::string& uri, std::span<const store::KeyValue> pairs,
                     std::span<const std::string> keys) {
  auto opened = store::open_store(uri, store::OpenMode::kReadWrite);
  if (!opened) return opened.error();
  Seconds seconds;
  auto start = Clock::now();
  if (auto written = (*opened)->write(pairs); !written) return written.error();
  seconds.write = seconds_since(start);
  start = Clock::now();
  auto values = (*opened)->read(keys);
  seconds.read = seconds_since(start);
  if (!values) return values.error();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if ((*values)[i] != pairs[i].value)
      return Error{ErrorCode::kCorrupt, "bench: " + pairs[i].key + " came back changed"};
  }
  return seconds;
}

// The best of some rounds each, ours and the bare library's in turn.
Result<json> beside_bare(const std::string& uri, const std::string& bare_path, const Options& o) {
  const auto pairs = pairs_of(o.items, o.dim);
  std::vector<std::string> keys;
  keys.reserve(pairs.size());
  for (const auto& pair : pairs) keys.push_back(pair.key);
  Seconds best;
  Seconds bare;
  for (std::size_t round = 0; round < o.rounds; ++round) {
    const std::string fresh = fmt::format("{}-{}", bare_path, round);
    auto other = store::is_redis_uri(uri) ? store::bare_redis(uri, pairs)
                                          : store::bare_rocksdb(fresh, pairs);
    if (!other) return other.error();
    auto mine =
        ours(store::is_redis_uri(uri) ? uri : fmt::format("{}-{}", uri, round), pairs, keys);
    if (!mine) return mine.error();
    bare = {std::min(bare.write, other->write), std::min(bare.read, other->read)};
    best = {std::min(best.write, mine->write), std::min(best.read, mine->read)};
  }
  const auto n = static_cast<double>(o.items);
  return json{{"writes_per_s", n / best.write},         {"bare_writes_per_s", n / bare.write},
              {"write_ratio", bare.write / best.write}, {"reads_per_s", n / best.read},
              {"bare_reads_per_s", n / bare.read},      {"read_ratio", bare.read / best.read}};
}

// Runs `work` in a process of its own; its seconds, and its peak memory beside the vectors' bytes.
Result<json> alone(const std::function<Result<double>()>& work, double vector_bytes) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return Error{ErrorCode::kExhausted, "bench: no pipe"};
  const pid_t child = ::fork();
  if (child == 0) {
    const auto seconds = work();
    if (!seconds) fmt::print(stderr, "sparrow: {}\n", seconds.error().message);
    const double value = seconds ? *seconds : -1;
    const ssize_t sent = ::write(pipe[1], &value, sizeof(value));
    ::_exit(sent == sizeof(value) ? 0 : 1);
  }
  ::close(pipe[1]);
  double seconds = -1;
  const ssize_t got = ::read(pipe[0], &seconds, sizeof(seconds));
  ::close(pipe[0]);
  rusage usage{};
  int status = 0;
  ::wait4(child, &status, 0, &usage);
  if (got != sizeof(seconds) || seconds < 0)
    return Error{ErrorCode::kUnavailable, "bench: the measuring process failed"};
  const double peak = static_cast<double>(usage.ru_maxrss) * 1024;
  return json{
      {"seconds", seconds}, {"peak_mb", peak / 1e6}, {"times_vectors", peak / vector_bytes}};
}

Result<json> large(const std::string& uri, const Options& o) {
  const auto bytes = static_cast<double>(o.large_items * o.dim * sizeof(float));
  auto published = alone(
      [&]() -> Result<double> {
        const auto model = model_of("large", o.large_items, o.dim);
        const auto start = Clock::now();
        auto opened = store::open_store(uri, store::OpenMode::kReadWrite);
        if (!opened) return opened.error();
        auto done = store::ModelStore(**opened).publish(model);
        if (!done) return done.error();
        return seconds_since(start);
      },
      bytes);
  if (!published) return published.error();
  auto loaded = alone(
      [&]() -> Result<double> {
        const auto start = Clock::now();
        auto opened = store::open_store(uri, store::OpenMode::kReadOnly);
        if (!opened) return opened.error();
        auto model = store::ModelStore(**opened).load("bench", "large");
        if (!model) return model.error();
        return seconds_since(start);
      },
      bytes);
  if (!loaded) return loaded.error();
  auto pruned = alone(
      [&]() -> Result<double> {
        const auto start = Clock::now();
        auto opened = store::open_store(uri, store::OpenMode::kReadWrite);
        if (!opened) return opened.error();
        auto gone = store::ModelStore(**opened).prune("bench", 0);
        if (!gone) return gone.error();
        return seconds_since(start);
      },
      bytes);
  if (!pruned) return pruned.error();
  return json{{"publish", *published}, {"load", *loaded}, {"prune", *pruned}};
}

std::string rows_of(const std::string& store, const json& result, const Options& o) {
  std::string rows;
  for (const auto* what : {"write", "read"}) {
    const json& bulk = result["bulk"];
    rows +=
        fmt::format("| {} bulk {}, {} x {} | {:.0f} /s | bare {:.0f} /s | **{:.2f} x** |\n", store,
                    what, o.items, o.dim, bulk[fmt::format("{}s_per_s", what)].get<double>(),
                    bulk[fmt::format("bare_{}s_per_s", what)].get<double>(),
                    bulk[fmt::format("{}_ratio", what)].get<double>());
  }
  for (const auto* what : {"publish", "load", "prune"}) {
    const json& l = result["large"][what];
    rows +=
        fmt::format("| {} {}, {} x {} | {:.2f} s | - | peak {:.0f} MB = {:.2f} x the vectors |\n",
                    store, what, o.large_items, o.dim, l["seconds"].get<double>(),
                    l["peak_mb"].get<double>(), l["times_vectors"].get<double>());
  }
  return rows;
}

}  // namespace

Result<std::string> bench_store(const BenchOptions& options) {
  Options o;
  o.redis = options.redis;
  o.rounds = std::max<std::size_t>(1, options.runs);
  o.large_items = static_cast<std::size_t>(static_cast<double>(o.large_items) * options.scale);
  const auto folder = options.work / fmt::format("store-{}", ::getpid());
  std::filesystem::create_directories(folder);
  std::vector<std::pair<std::string, std::string>> stores{
      {"RocksDB", "rocksdb:" + (folder / "ours").string()}};
  if (!o.redis.empty()) stores.emplace_back("Redis", o.redis);
  std::string table = "| what | ours | peer | ratio |\n|---|---|---|---|\n";
  std::optional<Error> failed;
  for (const auto& [name, uri] : stores) {
    // First, while this process is small: what is forked begins with its memory.
    auto big = large(uri, o);
    auto bulk = big ? beside_bare(uri, (folder / "bare").string(), o) : big;
    if (!bulk) failed = bulk.error();
    if (!bulk) break;
    table += rows_of(name, json{{"large", *big}, {"bulk", *bulk}}, o);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (failed) return *failed;
  return table;
}

}  // namespace sparrow::bench
