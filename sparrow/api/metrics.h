// Metrics: counters and latencies of the server, for /metrics (Prometheus text) and the status
// page. Safe for use by several threads; recording costs a few relaxed atomic additions.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sparrow::api {

// Latencies in 64 buckets, each 1.3 times as wide as the one before; the first ends at 1 us.
class Histogram {
 public:
  void record(std::chrono::nanoseconds duration);
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  double sum_seconds() const;
  double quantile_ms(double q) const;  // upper end of the bucket
  // Cumulative counts at these bounds, in seconds.
  std::uint64_t count_below(double seconds) const;

 private:
  static constexpr std::size_t kBuckets = 64;
  static double bound_us(std::size_t bucket);
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

enum class Endpoint {
  kSimilar,
  kRows,
  kExplain,
  kItem,
  kSearch,
  kHome,
  kAdmin,
  kEvents,
  kCompatible,
  kPage,
  kOther,
  kRefused  // bytes that were no request
};
inline constexpr std::array<std::string_view, 12> kEndpointNames = {
    "similar", "rows",   "explain",    "item", "search", "home",
    "admin",   "events", "compatible", "page", "other",  "refused"};

// Of making a list.
enum class Stage { kRecall, kRank };
inline constexpr std::array<std::string_view, 2> kStageNames = {"recall", "rank"};

class Metrics {
 public:
  Metrics() : began_(std::chrono::steady_clock::now()) {}

  void record(Endpoint endpoint, int status, std::chrono::nanoseconds duration);
  void record(Stage stage, std::chrono::nanoseconds duration) {
    stages_[static_cast<std::size_t>(stage)].record(duration);
  }
  const Histogram& stage(Stage stage) const { return stages_[static_cast<std::size_t>(stage)]; }
  void count_channel(std::size_t channel, bool failed);
  void count_degraded() { degraded_.fetch_add(1, std::memory_order_relaxed); }
  void add_error(std::string text);  // kept: the last 50

  struct ErrorLine {
    std::string time;
    std::string text;
  };
  std::vector<ErrorLine> errors() const;
  double uptime_s() const;
  std::uint64_t total() const;
  // Requests a second over the last whole minute, about.
  double per_second() const;
  std::uint64_t with_status(int hundreds) const {
    return statuses_[static_cast<std::size_t>(hundreds)].load(std::memory_order_relaxed);
  }
  const Histogram& latency(Endpoint endpoint) const {
    return latencies_[static_cast<std::size_t>(endpoint)];
  }
  std::uint64_t channel_hits(std::size_t channel) const { return channel_hits_[channel]; }
  std::uint64_t channel_errors(std::size_t channel) const { return channel_errors_[channel]; }
  std::uint64_t degraded() const { return degraded_.load(); }

 private:
  std::chrono::steady_clock::time_point began_;
  std::array<Histogram, kEndpointNames.size()> latencies_;
  std::array<Histogram, kStageNames.size()> stages_;
  std::array<std::atomic<std::uint64_t>, 6> statuses_{};
  std::array<std::atomic<std::uint64_t>, 16> channel_hits_{};
  std::array<std::atomic<std::uint64_t>, 16> channel_errors_{};
  std::atomic<std::uint64_t> degraded_{0};
  // One slot a second of the last 60.
  struct Second {
    std::atomic<std::int64_t> second{-1};
    std::atomic<std::uint64_t> requests{0};
  };
  std::array<Second, 64> seconds_{};
  mutable std::mutex mutex_;
  std::deque<ErrorLine> errors_;
};

}  // namespace sparrow::api
