// Preparation beside pandas: the same file, in the same run, equal sequences.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>

#include "bench/bench.h"
#include <fmt/format.h>
#include <sys/wait.h>

#include "sparrow/core/file.h"
#include "sparrow/data/interaction_log.h"
#include "sparrow/data/sequences.h"
#include "sparrow/data/synth.h"

namespace sparrow::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Timing {
  double seconds = 0;  // median
  double peak_mb = 0;
  std::uint64_t positives = 0;
  std::string hash;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The sum that bench/prepare_pandas.py computes.
std::string fingerprint(const data::LogContent& log, const data::Sequences& sequences,
                        const data::IdTable& items) {
  std::uint64_t total = 0;
  std::size_t s = 0;
  const auto number = [](const std::string& id) {
    std::uint64_t value = 0;
    std::from_chars(id.data(), id.data() + id.size(), value);
    return value;
  };
  for (std::size_t u = 0; u < log.interactions.users(); ++u) {
    std::uint64_t positives = 0;
    for (auto e = log.interactions.offsets[u]; e < log.interactions.offsets[u + 1]; ++e)
      positives += log.interactions.values[e] >= data::SequenceOptions{}.min_value ? 1U : 0U;
    if (positives < data::SequenceOptions{}.min_length) continue;
    std::uint64_t part = 0;
    std::uint64_t position = sequences.offsets[s];
    for (const Row row : sequences[s]) part += ++position * (number(items[row]) + 1);
    total += part * (2 * number(log.users[u]) + 1);
    ++s;
  }
  return fmt::format("{:016x}", total);
}

// Runs once as a process of its own would: from the file to sequences.
Result<Timing> run_ours(const std::filesystem::path& log_csv, std::size_t items,
                        std::size_t threads, int runs) {
  data::IdTable table;
  for (std::size_t i = 0; i < items; ++i) table.add(std::to_string(i + 1));
  data::LogFile file;
  file.parts.emplace_back().path = log_csv;
  file.threads = threads;
  Timing measured;
  std::vector<double> times;
  for (int run = 0; run <= runs; ++run) {
    const auto start = Clock::now();
    const auto log = data::read_log(file, table, {});
    if (!log) return log.error();
    const auto sequences = data::build_sequences(log->interactions, {}, threads);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (run > 0) times.push_back(seconds);
    if (run == 0) {
      measured.hash = fingerprint(*log, sequences, table);
      measured.positives = sequences.items.size();
    }
  }
  measured.seconds = median(times);
  return measured;
}

Result<std::string> output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return Error{ErrorCode::kUnavailable, command + ": does not start"};
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), n);
  if (::pclose(pipe) != 0) {
    return Error{ErrorCode::kUnavailable,
                 command + ": failed; are python3-pandas and --scripts there?"};
  }
  return text;
}

Result<Timing> run_pandas(const std::filesystem::path& log, const BenchOptions& options, int runs) {
  const auto text = output_of(fmt::format("/usr/bin/python3 '{}' '{}' {}",
                                          (options.peers / "prepare_pandas.py").string(),
                                          log.string(), runs + 1));
  if (!text) return text.error();
  Timing measured;
  std::vector<double> times;
  std::string_view rest = *text;
  for (int run = 0; !rest.empty(); ++run) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto j = nlohmann::json::parse(line);
    if (run > 0) times.push_back(j.at("seconds").get<double>());
    measured.peak_mb = j.at("peak_mb").get<double>();
    measured.positives = j.at("positives").get<std::uint64_t>();
    measured.hash = j.at("hash").get<std::string>();
  }
  measured.seconds = median(times);
  return measured;
}

struct Log {
  const char* name;
  std::uint64_t users;
  data::SynthOrder order = data::SynthOrder::kTime;
  bool pandas = false;
};
constexpr std::uint64_t kUsers = 138'493;
constexpr std::uint64_t kItems = 26'744;
constexpr std::uint64_t kRatings = 20'000'263;

Result<std::filesystem::path> generate(const BenchOptions& options, const Log& log) {
  const auto folder = options.work / log.name;
  const auto file = folder / "ratings.csv";
  if (std::filesystem::exists(folder / "movies.csv") && std::filesystem::exists(file)) return file;
  data::SynthOptions synth;
  synth.users = log.users;
  synth.items = kItems;
  synth.interactions = kRatings * log.users / kUsers;
  synth.clusters = 60;
  synth.order = log.order;
  auto made = data::synth_log(synth, folder);
  if (!made) return made.error();
  return file;
}

Result<std::string> measure(const BenchOptions& options, const Log& log, int runs) {
  auto file = generate(options, log);
  if (!file) return file.error();
  auto one = run_ours(*file, kItems, 1, runs);
  if (!one) return one.error();
  auto two = run_ours(*file, kItems, 2, runs);
  if (!two) return two.error();
  const double peak = peak_memory_mb();
  const double megabytes = static_cast<double>(std::filesystem::file_size(*file)) / 1e6;
  std::string row = fmt::format("| {} | {:.0f} | {} | {:.3f} | {:.3f} | {:.0f} |", log.name,
                                megabytes, two->positives, one->seconds, two->seconds, peak);
  if (!log.pandas) return row + " | | |\n";
  auto pandas = run_pandas(*file, options, runs);
  if (!pandas) return pandas.error();
  for (const Timing* m : {&*one, &*two}) {
    if (m->hash != pandas->hash || m->positives != pandas->positives)
      return Error{ErrorCode::kCorrupt, fmt::format("{}: sequences differ from pandas': {} and {}",
                                                    file->string(), m->hash, pandas->hash)};
  }
  return row + fmt::format(" {:.2f} | {:.0f} | {:.1f} |\n", pandas->seconds, pandas->peak_mb,
                           pandas->seconds / two->seconds);
}

}  // namespace

Result<std::string> bench_prepare(const BenchOptions& options) {
  const auto runs =
      static_cast<int>(options.quick ? std::min<std::size_t>(2, options.runs) : options.runs);
  std::string table = fmt::format(
      "CSV -> time-ordered positive sequences; median of {} after a warm-up; peak memory of "
      "the process so far.\n\n"
      "| log | MB | positives | 1 thread, s | 2 threads, s | peak MB | pandas, s | its peak MB | "
      "pandas / ours (2) |\n|---|---|---|---|---|---|---|---|---|\n",
      runs);
  std::vector<Log> logs{{"2M", kUsers / 10, data::SynthOrder::kTime, true}};
  if (!options.quick) {
    logs.push_back({"20M", kUsers, data::SynthOrder::kTime, true});
    logs.push_back({"20M-out-of-order", kUsers, data::SynthOrder::kShuffled, true});
  }
  for (const Log& log : logs) {
    auto row = measure(options, log, runs);
    if (!row) return row.error();
    if (!options.quiet) fmt::print(stderr, "{}", *row);
    table += *row;
  }
  return table;
}

}  // namespace sparrow::bench
