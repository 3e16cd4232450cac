// MemoryStore: the in-memory twin of the real stores; also the fake in tests.
#pragma once

#include <map>
#include <mutex>

#include "sparrow/store/embedding_store.h"

namespace sparrow::store {

class MemoryStore final : public EmbeddingStore {
 public:
  Result<void> write(std::span<const KeyValue> pairs) override;
  Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> keys) const override;
  Result<void> remove(std::span<const std::string> keys) override;
  Result<void> compare_and_set(const std::string& key, const std::optional<std::string>& expected,
                               const std::string& desired) override;
  std::string uri() const override { return "memory:"; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> values_;
};

}  // namespace sparrow::store
