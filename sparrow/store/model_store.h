// ModelStore: the life of a model in an EmbeddingStore. publish() adds an immutable version,
// promote() moves the one pointer that readers follow, so a reader sees the old version or the new
// one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/model/model.h"
#include "sparrow/store/embedding_store.h"
#include "sparrow/store/features.h"
#include "sparrow/store/vector_encoding.h"

namespace sparrow::store {

struct PublishedVersion {
  model::Manifest manifest;
  bool promoted = false;
  std::uint64_t bytes = 0;
  std::string encoding;
  std::uint64_t items = 0;  // with features
  std::uint64_t users = 0;  // with features and vectors
};

struct PublishOptions {
  // What load() gives back are the values as encoded; the content hash is that of those.
  VectorEncoding encoding = VectorEncoding::kFloat32;
  const Features* features = nullptr;  // published with the version
};

// Safe for use by several threads.
class ModelStore {
 public:
  explicit ModelStore(EmbeddingStore& store) : store_(store) {}

  // Adds a version; visible to load() by version, and in list(), only when it is whole.
  // Errors: kConflict when the version is there already with other content (the same content: no
  // error) or is being pruned; kInvalidInput when the encoding cannot hold a value.
  Result<void> publish(const model::Model& model, const PublishOptions& options = {},
                       const RunControl& control = {});

  // Copies a version from another store, as it is there, and checks it. Not promoted.
  Result<void> copy_from(const ModelStore& source, const std::string& name,
                         const std::string& version, const RunControl& control = {});

  // Makes `version` the one that promoted() gives. Error kNotFound when it is not published whole.
  Result<void> promote(const std::string& name, const std::string& version);

  // Goes back to the version promoted before this one; returns it. Error kNotFound when there is
  // none.
  Result<std::string> rollback(const std::string& name);

  // The promoted version of `name`, nullopt when none.
  Result<std::optional<std::string>> promoted(const std::string& name) const;
  // The version that rollback() would go back to, nullopt when none.
  Result<std::optional<std::string>> before_promoted(const std::string& name) const;

  Result<model::Model> load(const std::string& name, const std::string& version) const;
  // model::content_hash() of what load() gives, without loading it.
  Result<std::string> hash_of(const std::string& name, const std::string& version) const;

  // Names of all models with a published version; versions of one, oldest first.
  Result<std::vector<std::string>> names() const;
  Result<std::vector<PublishedVersion>> list(const std::string& name) const;

  // Vectors of single items (users) of a published version, decoded: the online look-up. nullopt
  // where there is none. kNotFound when the version is not published.
  using Vectors = std::vector<std::optional<std::vector<float>>>;
  Result<Vectors> vectors(const std::string& name, const std::string& version,
                          std::span<const std::string> ids) const;
  Result<Vectors> user_vectors(const std::string& name, const std::string& version,
                               std::span<const std::string> users) const;

  // Features of single items (users); nullopt where there are none.
  using Hashes = std::vector<std::optional<FeatureHash>>;
  Result<Hashes> item_features(const std::string& name, const std::string& version,
                               std::span<const std::string> ids) const;
  Result<Hashes> user_features(const std::string& name, const std::string& version,
                               std::span<const std::string> users) const;
  // Reads all features of a version. Errors: kNotFound when it has none, kCorrupt when they do not
  // have the recorded hash.
  Result<void> check_features(const std::string& name, const std::string& version) const;

  // Removes all but the newest `keep` versions; never the promoted one nor the one to roll back to.
  // Also removes what publishers and pruners that were killed left, publishers when they began
  // longer ago than `abandoned_after`. Returns the versions removed.
  Result<std::vector<std::string>> prune(
      const std::string& name, std::size_t keep,
      std::chrono::seconds abandoned_after = std::chrono::hours(1));

  const EmbeddingStore& store() const { return store_; }

 private:
  bool is_whole(const std::string& name, const std::string& version) const;
  Result<bool> is_there(const std::string& name, const std::string& version,
                        const std::string& hash) const;
  Result<void> begin_draft(const nlohmann::json& manifest, const std::string& name,
                           const std::string& version);
  Result<void> finish_draft(const nlohmann::json& manifest, const std::string& name,
                            const std::string& version);
  Result<void> remove_version(const std::string& name, const std::string& version,
                              const nlohmann::json& manifest);
  Result<void> remove_abandoned(const std::string& name, std::chrono::seconds abandoned_after);
  Result<nlohmann::json> manifest_of(const std::string& name, const std::string& version) const;
  Result<VectorEncoding> encoding_of(const std::string& name, const std::string& version) const;
  Result<Vectors> vectors_under(const std::string& name, const std::string& version,
                                std::span<const std::string> keys) const;

  EmbeddingStore& store_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, VectorEncoding> encodings_;  // of versions looked up; immutable
};

}  // namespace sparrow::store
