// RateLimit: one token bucket for each client. Safe for use by several threads.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sparrow::http {

class RateLimit {
 public:
  // `per_second` 0: no limit. `burst` may be asked at once.
  RateLimit(double per_second, double burst);

  // 0: go on, and `cost` requests are counted; else the seconds after which so many will be taken.
  double wait_s(std::string_view client, std::chrono::steady_clock::time_point now,
                double cost = 1);
  // The same without counting any.
  double would_wait_s(std::string_view client, std::chrono::steady_clock::time_point now);
  bool active() const { return per_second_ > 0; }

 private:
  struct Bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point filled;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kMaxClients = 10'000;  // of a shard
  // The client's bucket as it is now; its shard is locked.
  Bucket& filled(Shard& shard, std::string_view client, std::chrono::steady_clock::time_point now);
  void forget_full(Shard& shard, std::chrono::steady_clock::time_point now) const;

  double per_second_;
  double burst_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sparrow::http
