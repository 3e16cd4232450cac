// RedisTopology: which server holds a key. One server; the master that sentinels name; or a
// cluster's map of 16384 slots (https://redis.io/docs/reference/cluster-spec/).
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/store/redis_uri.h"

namespace sparrow::store {

constexpr std::uint16_t kRedisSlots = 16384;

// CRC16 (XMODEM) of the key, or of what stands in its first non-empty {...}, modulo 16384.
std::uint16_t redis_slot(std::string_view key);

// Safe for use by several threads.
class RedisTopology {
 public:
  explicit RedisTopology(const RedisOptions& options);

  // Asks again: the sentinels for the master, the cluster for its slots. One server: nothing to do.
  // Error kUnavailable when none of them answers.
  Result<void> refresh();

  // Error kUnavailable when no node has the key's slot.
  Result<RedisEndpoint> node_of(std::string_view key) const;
  // A number for node_of()'s answer, for grouping; -1: nobody.
  int node_number(std::string_view key) const;
  RedisEndpoint node(int number) const;

  // What a MOVED answer tells.
  void moved(std::uint16_t slot, const RedisEndpoint& to);
  // Every node that holds keys.
  std::vector<RedisEndpoint> masters() const;

 private:
  Result<void> ask_sentinels();
  Result<void> ask_cluster();
  int number_of(const RedisEndpoint& endpoint);

  const RedisOptions options_;
  mutable std::shared_mutex mutex_;
  std::vector<RedisEndpoint> nodes_;  // only grows, so that numbers stay
  std::vector<int> slots_;            // slot -> number; empty: node `master_` has all
  int master_ = -1;
};

}  // namespace sparrow::store
