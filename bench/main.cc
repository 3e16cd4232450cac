// sparrow-bench: our parts beside their peers, in one run, as a table.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "bench/bench.h"
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include "sparrow/core/parallel.h"
#include "sparrow/core/simd/kernels.h"

namespace sparrow::bench {
namespace {

struct Benchmark {
  const char* name;
  const char* summary;
  Result<std::vector<Measured>> (*run)(const BenchOptions&);
};
constexpr Benchmark kBenchmarks[] = {
    {"skip-gram", "training, beside gensim and fastText", bench_skip_gram},
    {"walks", "random walks", bench_walks},
    {"neighbors", "exact neighbor table, beside faiss", bench_neighbors},
    {"hnsw", "approximate search, beside faiss, hnswlib, usearch and SVS", bench_hnsw},
};

// A benchmark with a table of its own.
struct Section {
  const char* name;
  Result<std::string> (*run)(const BenchOptions&);
};
constexpr Section kSections[] = {
    {"store", bench_store}, {"prepare", bench_prepare}, {"events", bench_events}};

std::string machine() {
  std::ifstream cpu("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpu, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string commit() {
  std::FILE* pipe = ::popen("git rev-parse --short HEAD 2>/dev/null", "r");
  if (pipe == nullptr) return "";
  char line[64] = "";
  const bool read = std::fgets(line, sizeof(line), pipe) != nullptr;
  ::pclose(pipe);
  const std::string hash(line, std::strcspn(line, "\n"));
  return read ? ", commit " + hash : "";
}

void print_heading(const BenchOptions& options, const std::vector<std::string>& arguments) {
  fmt::print("{}, {} cores, {}, sparrow {}{}, scale {:g}, median of {} after a warm-up\n",
             machine(), thread_count(0), simd::active_target(), SPARROW_VERSION, commit(),
             options.scale, options.runs);
  fmt::print("`sparrow-bench {}`\n\n", fmt::join(arguments, " "));
}

void print_table(const std::vector<Measured>& table) {
  fmt::print("| what | ours | peer | ratio | note |\n|---|---|---|---|---|\n");
  for (const Measured& m : table) {
    fmt::print("| {} | {:.3g} {} | {} | {} | {} |\n", m.what, m.ours, m.unit,
               m.peer > 0 ? fmt::format("{} {:.3g} {}", m.peer_name, m.peer, m.unit) : "-",
               m.peer > 0 ? fmt::format("**{:.1f} x**", m.ratio()) : "-", m.note);
  }
}

// Faster and worse is no comparison.
Result<void> check_equal(const std::vector<Measured>& table) {
  std::string all;
  for (const Measured& m : table) {
    if (!m.wrong.empty()) all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", m.what, m.wrong);
  }
  if (all.empty()) return {};
  return Error{ErrorCode::kCorrupt, "not as good as the peer: " + all};
}

}  // namespace

std::string roofline(double operations, double seconds, std::size_t threads) {
  constexpr std::size_t kRounds = 20'000'000;
  double limit = 0;
  for (int run = 0; run < 3; ++run) {
    std::vector<float> sinks(threads * 64);  // a cache line each
    std::vector<std::uint64_t> done(threads);
    const auto start = Clock::now();
    parallel_for(threads, 1, threads, [&](std::size_t t, std::size_t, std::size_t) {
      done[t] = simd::multiply_adds(kRounds, &sinks[t * 64]);
    });
    const double elapsed = seconds_since(start);
    double sum = 0;
    for (const std::uint64_t d : done) sum += static_cast<double>(d);
    limit = std::max(limit, sum / elapsed);
  }
  return fmt::format("{:.0f} % of the limit of {:.0f} GFLOP/s", 100 * operations / seconds / limit,
                     limit / 1e9);
}

double median_seconds(std::size_t runs, const std::function<double()>& seconds) {
  (void)seconds();
  std::vector<double> all;
  for (std::size_t r = 0; r < std::max<std::size_t>(1, runs); ++r) all.push_back(seconds());
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  return all[all.size() / 2];
}

Result<nlohmann::json> run_peer(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return Error{ErrorCode::kUnavailable, "cannot start: " + command};
  std::string text;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, n);
  const int status = ::pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto line = text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  auto json = nlohmann::json::parse(line, nullptr, false);
  if (status != 0 || !json.is_object())
    return Error{ErrorCode::kUnavailable,
                 fmt::format("peer not measured (status {}): is it installed?", status)};
  return json;
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

namespace {

struct Arguments {
  std::string what = "all";
  std::string home = ".sparrow";
  BenchOptions options;
};

void add_options(CLI::App& app, Arguments& o) {
  std::vector<std::string> names{"all"};
  for (const auto& s : kSections) names.emplace_back(s.name);
  for (const auto& b : kBenchmarks) names.emplace_back(b.name);
  app.add_option("what", o.what, "Which benchmark")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--home", o.home, "Generated data goes into bench/ in this folder")
      ->envname("SPARROW_HOME")
      ->capture_default_str();
  app.add_option("--work", o.options.work, "Folder for generated data; default: bench in the home");
  app.add_option("--runs", o.options.runs, "Median of so many runs, after a warm-up")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--scale", o.options.scale, "Size of the data; 1: like MovieLens 20M")
      ->check(CLI::Range(0.001, 10.0))
      ->capture_default_str();
  app.add_option("--redis", o.options.redis,
                 "store: an empty Redis server, redis://HOST:PORT/DB; without it RocksDB only");
  app.add_flag("--quick", o.options.quick, "prepare: smaller logs, fewer runs");
  app.add_option("--peer", o.options.peer,
                 "skip-gram and hnsw: only this peer; fastText takes minutes")
      ->check(CLI::IsMember(
          {"all", "gensim", "fastText", "faiss-cpu", "hnswlib", "usearch", "scalable-vs", "none"}))
      ->capture_default_str();
  app.add_option("--peers", o.options.peers, "Folder of the peers' scripts")->capture_default_str();
  app.add_flag("--quiet,-q", o.options.quiet, "No progress on stderr");
}

Result<void> run_all(const Arguments& o) {
  const BenchOptions& options = o.options;
  std::vector<Measured> table;
  for (const Benchmark& benchmark : kBenchmarks) {
    if (o.what != "all" && o.what != benchmark.name) continue;
    fmt::print(stderr, "bench     {}: {}\n", benchmark.name, benchmark.summary);
    auto measured = benchmark.run(options);
    if (!measured) return measured.error();
    table.insert(table.end(), measured->begin(), measured->end());
  }
  if (!table.empty()) print_table(table);
  for (const Section& s : kSections) {
    if (o.what != "all" && o.what != s.name) continue;
    const auto section = s.run(options);
    if (!section) return section.error();
    fmt::print("\n{}\n", *section);
  }
  return check_equal(table);
}

int run(int argc, char** argv) {
  CLI::App app{"Measures Sparrow's parts beside their peers, in one run, as a table.",
               "sparrow-bench"};
  Arguments o;
  add_options(app, o);
  CLI11_PARSE(app, argc, argv);
  const std::string& wrong = simd::forced_target_error();
  if (o.options.work.empty()) o.options.work = std::filesystem::path(o.home) / "bench";
  std::filesystem::create_directories(o.options.work);
  print_heading(o.options, std::vector<std::string>(argv + 1, argv + argc));
  const Result<void> done =
      wrong.empty() ? run_all(o) : Result<void>(Error{ErrorCode::kInvalidInput, wrong});
  if (done) return 0;
  fmt::print(stderr, "sparrow-bench: {}\n", done.error().message);
  return error_exit_status(done.error().code);
}

}  // namespace
}  // namespace sparrow::bench

int main(int argc, char** argv) {
  try {
    return sparrow::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "sparrow-bench: unexpected: {}\n", error.what());
    return 1;
  }
}
