#include "sparrow/http/rate_limit.h"

#include <algorithm>
#include <functional>

namespace sparrow::http {
namespace {

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

RateLimit::RateLimit(double per_second, double burst)
    : per_second_(per_second), burst_(std::max(1.0, burst > 0 ? burst : 2 * per_second)) {}

// A bucket that is full again tells nothing.
void RateLimit::forget_full(Shard& shard, std::chrono::steady_clock::time_point now) const {
  std::erase_if(shard.buckets, [&](const auto& entry) {
    const Bucket& b = entry.second;
    return b.tokens + seconds_between(b.filled, now) * per_second_ >= burst_;
  });
  // More clients than can be remembered are asking right now: all start anew.
  if (shard.buckets.size() >= kMaxClients) shard.buckets.clear();
}

RateLimit::Bucket& RateLimit::filled(Shard& shard, std::string_view client,
                                     std::chrono::steady_clock::time_point now) {
  if (shard.buckets.size() >= kMaxClients) forget_full(shard, now);
  Bucket& bucket =
      shard.buckets.try_emplace(std::string(client), Bucket{burst_, now}).first->second;
  bucket.tokens =
      std::min(burst_, bucket.tokens + seconds_between(bucket.filled, now) * per_second_);
  bucket.filled = now;
  return bucket;
}

double RateLimit::wait_s(std::string_view client, std::chrono::steady_clock::time_point now,
                         double cost) {
  if (!active()) return 0;
  cost = std::min(cost, burst_);
  Shard& shard = shards_[std::hash<std::string_view>{}(client) % kShards];
  const std::lock_guard lock(shard.mutex);
  Bucket& bucket = filled(shard, client, now);
  if (bucket.tokens < cost) return (cost - bucket.tokens) / per_second_;
  bucket.tokens -= cost;
  return 0;
}

double RateLimit::would_wait_s(std::string_view client, std::chrono::steady_clock::time_point now) {
  if (!active()) return 0;
  Shard& shard = shards_[std::hash<std::string_view>{}(client) % kShards];
  const std::lock_guard lock(shard.mutex);
  const Bucket& bucket = filled(shard, client, now);
  return bucket.tokens < 1 ? (1 - bucket.tokens) / per_second_ : 0;
}

}  // namespace sparrow::http
