// The libraries below the stores with nothing of ours around them: what `sparrow bench store`
// compares with. Not used otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/store/embedding_store.h"

namespace sparrow::store {

struct BareSeconds {
  double write = 0;
  double read = 0;
};

// One hiredis connection: SET of all in one pipeline, then GET of all in one.
Result<BareSeconds> bare_redis(std::string_view uri, std::span<const KeyValue> pairs);

// One synced WriteBatch of all, then one MultiGet of all, with RocksDbStore's options.
Result<BareSeconds> bare_rocksdb(const std::string& path, std::span<const KeyValue> pairs);

}  // namespace sparrow::store
