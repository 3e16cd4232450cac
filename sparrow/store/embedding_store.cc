#include "sparrow/store/embedding_store.h"

#include <fmt/format.h>

#include "sparrow/store/memory_store.h"
#include "sparrow/store/rocksdb_store.h"

namespace sparrow::store {

Result<std::unique_ptr<EmbeddingStore>> open_store(std::string_view uri, OpenMode mode) {
  if (uri == "memory:") return std::unique_ptr<EmbeddingStore>(std::make_unique<MemoryStore>());
  constexpr std::string_view kRocksDb = "rocksdb:";
  if (uri.starts_with(kRocksDb) && uri.size() > kRocksDb.size()) {
    return RocksDbStore::open(std::string(uri.substr(kRocksDb.size())), mode);
  }
  return Error{ErrorCode::kInvalidInput,
               fmt::format("\"{}\" is no store this program knows: rocksdb:PATH or memory:",
                           uri.substr(0, uri.find('@')))};
}

}  // namespace sparrow::store
