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

// Sizes agree, ids and vectors are sound. Error kInvalidInput.
Result<void> check_features(const Features& features);

// What the manifest says of them: counts, bytes of the list of users, SHA-256.
nlohmann::json describe_features(const Features& features, const std::vector<std::string>& items,
                                 VectorEncoding encoding);

// Everything but the list of users, which stands before.
Result<void> write_features(BatchWriter& writer, const VersionKeys& keys, const Features& features,
                            const std::vector<std::string>& items, VectorEncoding encoding);

// Throws json::exception when the manifest has another form. Error kCorrupt when the content does
// not have the recorded hash.
Result<Features> read_features(const EmbeddingStore& store, const VersionKeys& keys,
                               const nlohmann::json& manifest,
                               const std::vector<std::string>& items);

// nullopt where absent. Error kCorrupt when one is no JSON object of texts.
Result<std::vector<std::optional<FeatureHash>>> read_hashes(const EmbeddingStore& store,
                                                            std::span<const std::string> keys);

}  // namespace sparrow::store
