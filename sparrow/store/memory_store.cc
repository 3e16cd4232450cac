#include "sparrow/store/memory_store.h"

#include <fmt/format.h>

namespace sparrow::store {

Result<void> MemoryStore::write(std::span<const KeyValue> pairs) {
  const std::lock_guard lock(mutex_);
  for (const KeyValue& pair : pairs) values_[pair.key] = pair.value;
  return {};
}

Result<std::vector<std::optional<std::string>>> MemoryStore::read(
    std::span<const std::string> keys) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const auto& key : keys) {
    const auto found = values_.find(key);
    values.push_back(found == values_.end() ? std::nullopt : std::optional(found->second));
  }
  return values;
}

Result<void> MemoryStore::remove(std::span<const std::string> keys) {
  const std::lock_guard lock(mutex_);
  for (const auto& key : keys) values_.erase(key);
  return {};
}

Result<void> MemoryStore::compare_and_set(const std::string& key,
                                          const std::optional<std::string>& expected,
                                          const std::string& desired) {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(key);
  const bool same = found == values_.end() ? !expected.has_value() : expected == found->second;
  if (!same) return Error{ErrorCode::kConflict, fmt::format("{} changed meanwhile", key)};
  values_[key] = desired;
  return {};
}

}  // namespace sparrow::store
