// EmbeddingStore: the bridge between offline and online, as a small key-value interface with one
// atomic pointer operation. Backends: memory, RocksDB, Redis. model_store.h keeps models in it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sparrow/core/result.h"

namespace sparrow::store {

struct KeyValue {
  std::string key;
  std::string value;
};

// Safe for use by several threads. Every call is bounded in time; errors are kUnavailable (try
// again), kExhausted (disk or memory full) or kCorrupt.
class EmbeddingStore {
 public:
  virtual ~EmbeddingStore() = default;

  // Writes all pairs; durable on return. Not atomic as a whole: models become visible only by
  // compare_and_set() of their pointer.
  virtual Result<void> write(std::span<const KeyValue> pairs) = 0;

  // The values of `keys`, in their order; nullopt where absent.
  virtual Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> keys) const = 0;

  // Removes keys; absent ones are no error.
  virtual Result<void> remove(std::span<const std::string> keys) = 0;

  // Sets `key` to `desired` only if it now holds `expected` (nullopt: is absent). Atomic between
  // processes, durable on return. Error kConflict when it holds something else.
  virtual Result<void> compare_and_set(const std::string& key,
                                       const std::optional<std::string>& expected,
                                       const std::string& desired) = 0;

  // "rocksdb:/path", for messages; never with a password.
  virtual std::string uri() const = 0;
};

// kReadOnly may run beside a process that writes, and sees its later writes.
enum class OpenMode { kReadWrite, kReadOnly };

// Opens a store by URI: memory: | rocksdb:PATH | redis://... and its kin (redis_uri.h).
// Errors: kInvalidInput for a URI that is not understood (says which are), kUnavailable when it
// does not answer.
Result<std::unique_ptr<EmbeddingStore>> open_store(std::string_view uri, OpenMode mode);

}  // namespace sparrow::store
