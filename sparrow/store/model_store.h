// ModelStore: the life of a model in an EmbeddingStore. publish() adds an immutable version,
// promote() moves the one pointer that readers follow, so a reader sees the old version or the new
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sparrow/core/progress.h"
#include "sparrow/core/result.h"
#include "sparrow/model/model.h"
#include "sparrow/store/embedding_store.h"

namespace sparrow::store {

struct PublishedVersion {
  model::Manifest manifest;
  bool promoted = false;
  std::uint64_t bytes = 0;
};

class ModelStore {
 public:
  explicit ModelStore(EmbeddingStore& store) : store_(store) {}

  // Adds a version; visible to load() by version, and in list(), only when it is whole.
  // Errors: kConflict when the version is there already with other content (the same content: no
  // error).
  Result<void> publish(const model::Model& model, const RunControl& control = {});

  // Makes `version` the one that load_promoted() gives. Error kNotFound when it is not published
  // whole; kConflict when somebody else promoted meanwhile.
  Result<void> promote(const std::string& name, const std::string& version);

  // Goes back to the version promoted before this one; returns it. Error kNotFound when there is
  // none.
  Result<std::string> rollback(const std::string& name);

  // The promoted version of `name`, nullopt when none.
  Result<std::optional<std::string>> promoted(const std::string& name) const;

  Result<model::Model> load(const std::string& name, const std::string& version) const;

  // Names of all models with a published version; versions of one, oldest first.
  Result<std::vector<std::string>> names() const;
  Result<std::vector<PublishedVersion>> list(const std::string& name) const;

  // Vectors of single items of a published version: the online look-up.
  Result<std::vector<std::optional<std::vector<float>>>> vectors(
      const std::string& name, const std::string& version, std::span<const std::string> ids) const;

  // Removes all but the newest `keep` versions; never the promoted one nor the one to roll back to.
  // Returns what was removed.
  Result<std::vector<std::string>> prune(const std::string& name, std::size_t keep);

 private:
  EmbeddingStore& store_;
};

}  // namespace sparrow::store
