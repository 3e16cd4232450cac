// Features under a version's keys: writing them with publish(), reading them back. Used by
// ModelStore only.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/store/features.h"
#include "sparrow/store/model_layout.h"
#include "sparrow/store/vector_encoding.h"

namespace sparrow::store {

// What the manifest says of them before they are written: users, the dimension of their vectors,
// bytes of the list of users. Error kInvalidInput when an id cannot be written.
Result<nlohmann::json> describe_features(const Features& features);

// Everything but the list of users, which stands before. Adds to `described` the number of items
// with features, and the SHA-256 of all values as they come back from the encoding. Error
// kInvalidInput when features are not one a user or a value of a vector is not finite.
Result<void> write_features(BatchWriter& writer, const VersionKeys& keys, const Features& features,
                            const std::vector<std::string>& items, VectorEncoding encoding,
                            nlohmann::json& described);

// Reads all of them, a block at a time. Throws json::exception when the manifest has another form.
// Error kCorrupt when the content does not have the recorded hash.
Result<void> check_features(const EmbeddingStore& store, const VersionKeys& keys,
                            const nlohmann::json& manifest, const std::vector<std::string>& items);

// nullopt where absent. Error kCorrupt when one is no JSON object of texts.
Result<std::vector<std::optional<FeatureHash>>> read_hashes(const EmbeddingStore& store,
                                                            std::span<const std::string> keys);

}  // namespace sparrow::store
