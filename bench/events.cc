// Events from JSON to disk: batches of one client, each acknowledged before the next is sent, and
// of several clients at once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <thread>

#include "bench/bench.h"
#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/core/clock.h"
#include "sparrow/core/random.h"
#include "sparrow/events/event_log.h"

namespace sparrow::bench {
namespace {

double process_seconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The bodies that clients would send, about 230 bytes an event, with ids in no order.
std::vector<std::string> bodies(std::size_t count, std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::string> all;
  for (std::size_t b = 0; b < count; ++b) {
    std::string body = "{\"events\":[";
    for (std::size_t i = 0; i < size; ++i) {
      fmt::format_to(std::back_inserter(body),
                     "{}{{\"id\":\"{:016x}-{:016x}\",\"type\":\"click\",\"user\":\"u{}\","
                     "\"session\":\"{:08x}\",\"item\":\"{}\",\"request_id\":\"{:08x}-{:x}\","
                     "\"position\":{},\"time\":{}}}",
                     i > 0 ? "," : "", random.next(), random.next(), random.below(1'000'000),
                     random.below(1U << 30U), random.below(100'000), random.below(1U << 30U),
                     random.below(1'000'000), random.below(20), now_ms());
    }
    all.push_back(body + "]}");
  }
  return all;
}

struct Intake {
  double wall_s = 0;
  double cpu_s = 0;
  std::uint64_t events = 0;
};

Result<Intake> take(const std::filesystem::path& folder, std::size_t clients, std::size_t batches,
                    std::size_t size) {
  std::filesystem::remove_all(folder);
  std::vector<std::vector<std::string>> sent;
  for (std::size_t c = 0; c < clients; ++c) sent.push_back(bodies(batches / clients, size, c + 1));
  auto log = events::EventLog::open({.folder = folder});
  if (!log) return log.error();
  std::atomic<std::uint64_t> kept{0};
  const double cpu = process_seconds();
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  threads.reserve(sent.size());
  for (const auto& own : sent) {
    threads.emplace_back([&] {
      for (const std::string& body : own) {
        const auto events = events::read_events(nlohmann::json::parse(body), now_ms());
        const auto done = events ? (*log)->append(*events) : events.error();
        if (done) kept += done->kept;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const Intake intake{std::chrono::duration<double>(Clock::now() - begin).count(),
                      process_seconds() - cpu, kept};
  log->reset();
  std::filesystem::remove_all(folder);
  if (intake.events != clients * (batches / clients) * size)
    return Error{ErrorCode::kCorrupt, "an event that was acknowledged is not there"};
  return intake;
}

}  // namespace

Result<std::string> bench_events(const BenchOptions& options) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("sparrow-bench-events-{}", getpid());
  std::string table =
      "| events to disk | events/s | events per second of processor time | MB/s of JSON |\n"
      "|---|---|---|---|\n";
  struct Load {
    std::size_t clients;
    std::size_t batch;
    std::size_t batches;
  };
  for (const Load& load : {Load{1, 1000, 1000}, Load{1, 100, 1000}, Load{4, 100, 1000},
                           Load{1, 1, 500}, Load{16, 1, 2000}}) {
    const auto batches = std::max<std::size_t>(
        load.clients, static_cast<std::size_t>(static_cast<double>(load.batches) * options.scale));
    std::vector<Intake> runs;
    for (std::size_t r = 0; r < options.runs; ++r) {
      auto run = take(folder, load.clients, batches, load.batch);
      if (!run) return run.error();
      runs.push_back(*run);
    }
    std::sort(runs.begin(), runs.end(),
              [](const Intake& a, const Intake& b) { return a.wall_s < b.wall_s; });
    const Intake& median = runs[runs.size() / 2];
    const auto events = static_cast<double>(median.events);
    table +=
        fmt::format("| {} client{}, batches of {} | {:.0f} | {:.0f} | {:.1f} |\n", load.clients,
                    load.clients > 1 ? "s" : "", load.batch, events / median.wall_s,
                    events / median.cpu_s, events * 230 / median.wall_s / 1e6);
  }
  return table;
}

}  // namespace sparrow::bench
