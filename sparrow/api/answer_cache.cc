#include "sparrow/api/answer_cache.h"

#include <utility>

namespace sparrow::api {

void AnswerCache::put(std::string_view key, Kept kept) {
  constexpr std::size_t kLargest = 16;  // of a shard, one in
  kept.text.shrink_to_fit();
  Entry entry{std::string(key), std::move(kept)};
  const std::size_t bytes = entry.bytes();
  if (bytes > shard_bytes_ / kLargest) return;
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.index.contains(key)) return;  // another thread made the same
  while (shard.bytes + bytes > shard_bytes_) {
    const auto oldest = shard.entries.begin();
    if (oldest->asked) {
      oldest->asked = false;
      shard.entries.splice(shard.entries.end(), shard.entries, oldest);
      continue;
    }
    shard.bytes -= oldest->bytes();
    shard.index.erase(oldest->key);
    shard.entries.erase(oldest);
  }
  shard.entries.push_back(std::move(entry));
  const auto last = std::prev(shard.entries.end());
  shard.index.emplace(last->key, last);
  shard.bytes += bytes;
}

AnswerCache::Counts AnswerCache::counts() const {
  Counts sum;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum.hits += shard.hits;
    sum.misses += shard.misses;
    sum.bytes += shard.bytes;
  }
  return sum;
}

}  // namespace sparrow::api
