#include "sparrow/store/embedding_store.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "sparrow/store/memory_store.h"
#include "sparrow/store/redis_store.h"
#include "sparrow/store/redis_uri.h"
#include "sparrow/store/rocksdb_store.h"

namespace sparrow::store {

Result<std::unique_ptr<EmbeddingStore>> open_store(std::string_view uri, OpenMode mode) {
  if (uri == "memory:") return std::unique_ptr<EmbeddingStore>(std::make_unique<MemoryStore>());
  constexpr std::string_view kRocksDb = "rocksdb:";
  if (uri.starts_with(kRocksDb) && uri.size() > kRocksDb.size()) {
    return RocksDbStore::open(std::string(uri.substr(kRocksDb.size())), mode);
  }
  if (is_redis_uri(uri)) {
    auto options = parse_redis_uri(uri);
    if (!options) return options.error();
    // Readers ask again by themselves, and have an old version to go on with.
    constexpr std::chrono::milliseconds kReaderRetry{1000};
    if (mode == OpenMode::kReadOnly)
      options->retry_for = std::min(options->retry_for, kReaderRetry);
    return RedisStore::open(*options);
  }
  return Error{
      ErrorCode::kInvalidInput,
      fmt::format("\"{}...\" is not a store this program knows: memory:, rocksdb:PATH, "
                  "redis://HOST:PORT/DB, redis+sentinel://, redis+cluster://, redis+unix:PATH",
                  uri.substr(0, uri.find(':') + 1))};
}

}  // namespace sparrow::store
