// AnswerCache: whole answers that were made lately, so that an item many people look at is not
// worked out again. A key holds the number of the snapshot's lists (Snapshot::lists), so an answer
// is never given after a swap; answers that are personal, late or failed are not put in.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sparrow/events/event.h"

namespace sparrow::api {

// Safe for use by several threads.
class AnswerCache {
 public:
  // 0: keeps nothing. Keys, answers and their bookkeeping together stay below max_bytes.
  explicit AnswerCache(std::size_t max_bytes) : shard_bytes_(max_bytes / kShards) {}

  struct Kept {
    std::string text;     // without what differs each time
    std::size_t gap = 0;  // where that goes
    bool degraded = false;
    std::shared_ptr<const events::Impression> list;  // what it shows; null: is not recorded
  };
  // Appends the text before the gap, what `fill` appends to `out`, and the text after it. False
  // when the answer is not there. `degraded` and `list` are set to what was kept. Costs a copy of
  // the text.
  template <typename Fill>
  bool append(std::string_view key, std::string& out, bool& degraded,
              std::shared_ptr<const events::Impression>& list, const Fill& fill) {
    if (shard_bytes_ == 0) return false;
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.index.find(key);
    if (found == shard.index.end()) {
      ++shard.misses;
      return false;
    }
    Entry& entry = *found->second;
    entry.asked = true;
    ++shard.hits;
    const std::string_view text = entry.kept.text;
    out += text.substr(0, entry.kept.gap);
    fill(out);
    out += text.substr(entry.kept.gap);
    degraded = entry.kept.degraded;
    list = entry.kept.list;
    return true;
  }
  // Makes room by second chance (CLOCK): the oldest that nobody asked for again goes first. An
  // answer larger than a sixteenth of a shard is not kept.
  void put(std::string_view key, Kept kept);
  bool keeps() const { return shard_bytes_ > 0; }

  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t bytes = 0;
  };
  Counts counts() const;

 private:
  struct Entry {
    std::string key;
    Kept kept;
    bool asked = false;  // since it was put in, or passed over
    std::size_t bytes() const {
      return key.capacity() + kept.text.capacity() + kOverhead +
             (kept.list == nullptr ? 0 : kept.list->items.size() * kShownBytes);
    }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;                                                // oldest first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> index;  // keys of entries
    std::size_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kShownBytes = sizeof(events::Impression::Shown);
  // An entry's own size, its list node and its place in the index, about.
  static constexpr std::size_t kOverhead = sizeof(Entry) + 96;

  Shard& shard_of(std::string_view key) {
    return shards_[std::hash<std::string_view>()(key) % kShards];
  }

  std::size_t shard_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sparrow::api
