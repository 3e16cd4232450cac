// The keys that SparrowRecSys reads and writes in Redis (data/sampledata, RedisClient,
// FeatureEngForRecModel), so that it and Sparrow can share one server. docs/formats.md has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/model/model.h"
#include "sparrow/store/features.h"
#include "sparrow/store/redis_client.h"

namespace sparrow::store {

struct SparrowRecSysOptions {
  std::string prefix = "i2vEmb";  // or graphEmb: what stands before the ids of items
  std::int64_t ttl_seconds = 0;   // 0: for ever
};

struct SparrowRecSysCounts {
  std::size_t vectors = 0;
  std::size_t user_vectors = 0;
  std::size_t item_features = 0;
  std::size_t user_features = 0;
};

// Writes PREFIX:ID for every vector of the model, and, with features, uEmb:ID, mf:ID and uf:ID.
// Error kInvalidInput when the model has no vectors.
Result<SparrowRecSysCounts> write_sparrowrecsys(RedisClient& client, const model::Model& model,
                                                const Features* features,
                                                const SparrowRecSysOptions& options,
                                                const RunControl& control);

struct ReadVectors {
  std::vector<std::string> ids;  // sorted: numbers by value, before other ids
  std::size_t dim = 0;
  std::vector<float> values;  // ids x dim
};

// Every PREFIX:ID. Found by SCAN; "i2vEmb" does not find "i2vEmbOld:1". Errors: kNotFound when
// there is none, kCorrupt naming the key when one is no vector or has another length.
Result<ReadVectors> read_sparrowrecsys(RedisClient& client, const std::string& prefix);

}  // namespace sparrow::store
