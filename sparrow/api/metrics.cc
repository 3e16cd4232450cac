#include "sparrow/api/metrics.h"

#include <algorithm>
#include <cmath>

#include "sparrow/core/clock.h"

namespace sparrow::api {
namespace {

constexpr double kGrowth = 1.3;

std::int64_t second_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

double Histogram::bound_us(std::size_t bucket) {
  return std::pow(kGrowth, static_cast<double>(bucket));
}

void Histogram::record(std::chrono::nanoseconds duration) {
  const double us = std::max(1e-3, static_cast<double>(duration.count()) / 1e3);
  const double exact = std::ceil(std::log(us) / std::log(kGrowth));
  const auto bucket =
      static_cast<std::size_t>(std::clamp(exact, 0.0, static_cast<double>(kBuckets - 1)));
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
}

double Histogram::sum_seconds() const {
  return static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
}

double Histogram::quantile_ms(double q) const {
  const auto wanted = static_cast<double>(count()) * q;
  double seen = 0;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    seen += static_cast<double>(buckets_[b].load(std::memory_order_relaxed));
    if (seen >= wanted && seen > 0) return bound_us(b) / 1e3;
  }
  return 0;
}

std::uint64_t Histogram::count_below(double seconds) const {
  std::uint64_t seen = 0;
  for (std::size_t b = 0; b < kBuckets && bound_us(b) <= seconds * 1e6 * 1.0001; ++b)
    seen += buckets_[b].load(std::memory_order_relaxed);
  return seen;
}

void Metrics::record(Endpoint endpoint, int status, std::chrono::nanoseconds duration) {
  latencies_[static_cast<std::size_t>(endpoint)].record(duration);
  const auto hundreds = static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
  statuses_[hundreds].fetch_add(1, std::memory_order_relaxed);
  const std::int64_t now = second_of(std::chrono::steady_clock::now());
  Second& slot = seconds_[static_cast<std::size_t>(now) % seconds_.size()];
  std::int64_t held = slot.second.load(std::memory_order_relaxed);
  if (held != now && slot.second.compare_exchange_strong(held, now, std::memory_order_relaxed))
    slot.requests.store(0, std::memory_order_relaxed);
  slot.requests.fetch_add(1, std::memory_order_relaxed);
}

void Metrics::count_channel(std::size_t channel, bool failed) {
  (failed ? channel_errors_ : channel_hits_)[channel].fetch_add(1, std::memory_order_relaxed);
}

void Metrics::add_error(std::string text) {
  constexpr std::size_t kErrors = 50;
  const std::lock_guard lock(mutex_);
  errors_.push_front({utc_now(), std::move(text)});
  if (errors_.size() > kErrors) errors_.pop_back();
}

std::vector<Metrics::ErrorLine> Metrics::errors() const {
  const std::lock_guard lock(mutex_);
  return {errors_.begin(), errors_.end()};
}

double Metrics::uptime_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

std::uint64_t Metrics::total() const {
  std::uint64_t sum = 0;
  for (const auto& status : statuses_) sum += status.load(std::memory_order_relaxed);
  return sum;
}

double Metrics::per_second() const {
  const std::int64_t now = second_of(std::chrono::steady_clock::now());
  std::uint64_t sum = 0;
  for (const Second& slot : seconds_) {
    const std::int64_t second = slot.second.load(std::memory_order_relaxed);
    if (second < now && second >= now - 60) sum += slot.requests.load(std::memory_order_relaxed);
  }
  return static_cast<double>(sum) / std::clamp(uptime_s(), 1.0, 60.0);
}

}  // namespace sparrow::api
