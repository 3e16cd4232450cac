// Our log and our histograms beside spdlog and prometheus-cpp: what one line and one observation
// cost the thread that answers a request. Built and run by libraries.sh.
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/histogram.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "sparrow/api/metrics.h"
#include "sparrow/http/log.h"

namespace {

using Clock = std::chrono::steady_clock;

// Nanoseconds that `work` takes, called `calls` times by each of `threads` threads; the best of
// five.
template <typename Work>
double nanoseconds(int threads, int calls, const Work& work) {
  double best = 1e30;
  for (int run = 0; run < 5; ++run) {
    const auto began = Clock::now();
    std::vector<std::thread> all;
    all.reserve(static_cast<std::size_t>(threads));
    for (int t = 0; t < threads; ++t)
      all.emplace_back([&] {
        for (int i = 0; i < calls; ++i) work(i);
      });
    for (auto& thread : all) thread.join();
    best = std::min(best,
                    std::chrono::duration<double, std::nano>(Clock::now() - began).count() / calls);
  }
  return best;
}

}  // namespace

int main() {
  const std::string line =
      R"({"time":"2026-01-01T00:00:00.000Z","id":"5f2a-000017","method":"GET","path":"/api/v1/items/589/similar","status":200,"us":412})";
  for (const int threads : {1, 2}) {
    sparrow::api::Histogram ours;
    const double mine = nanoseconds(threads, 2'000'000, [&](int i) {
      ours.record(std::chrono::nanoseconds(300 * (i % 1000)));
    });
    prometheus::Histogram theirs({1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, .1, 1.0});
    const double other =
        nanoseconds(threads, 2'000'000, [&](int i) { theirs.Observe(3e-7 * (i % 1000)); });
    std::printf("| one observation, %d thread%s | %.0f ns | prometheus-cpp %.0f ns | %.1f |\n",
                threads, threads > 1 ? "s" : "", mine, other, other / mine);

    auto log = *sparrow::http::Log::open("/dev/null");
    const double own_line = nanoseconds(threads, 200'000, [&](int) { log->add(line); });
    spdlog::init_thread_pool(65536, 1);
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>("/dev/null");
    auto logger = std::make_shared<spdlog::async_logger>(
        "x", sink, spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
    const double their_line = nanoseconds(threads, 200'000, [&](int) { logger->info(line); });
    std::printf("| one line of the log, %d thread%s | %.0f ns | spdlog %.0f ns | %.1f |\n", threads,
                threads > 1 ? "s" : "", own_line, their_line, their_line / own_line);
    logger.reset();
    spdlog::shutdown();
  }
}
