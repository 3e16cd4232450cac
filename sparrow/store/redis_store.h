// RedisStore: one Redis server, the master of a sentinel group, or a Redis Cluster. Values are
// plain Redis strings; a write is as durable as the server's own settings (appendonly, replicas)
// make it. compare_and_set() also tells all who listen (promotion_watch.h).
#pragma once

#include <memory>
#include <string>

#include "sparrow/store/embedding_store.h"
#include "sparrow/store/redis_client.h"

namespace sparrow::store {

// Channel on which compare_and_set() publishes the key that it changed.
inline constexpr const char* kChangedChannel = "sparrow:changed";

class RedisStore final : public EmbeddingStore {
 public:
  static Result<std::unique_ptr<EmbeddingStore>> open(const RedisOptions& options);

  Result<void> write(std::span<const KeyValue> pairs) override;
  Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> keys) const override;
  Result<void> remove(std::span<const std::string> keys) override;
  Result<void> compare_and_set(const std::string& key, const std::optional<std::string>& expected,
                               const std::string& desired) override;
  std::string uri() const override { return client_->options().uri(); }

 private:
  explicit RedisStore(std::unique_ptr<RedisClient> client) : client_(std::move(client)) {}
  Error named(const Error& error) const;

  std::unique_ptr<RedisClient> client_;
};

}  // namespace sparrow::store
