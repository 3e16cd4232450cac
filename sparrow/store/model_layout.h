// The keys under which ModelStore keeps things, and reading and writing them in bounded batches.
// docs/formats.md lists the keys. Used by ModelStore only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/store/embedding_store.h"

namespace sparrow::store {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kBatchKeys = 4096;

inline constexpr const char* kNamesKey = "sparrow:names";
std::string versions_key(std::string_view name);
std::string drafts_key(std::string_view name);
std::string promoted_key(std::string_view name);

// Keys of one version: prefix + what is asked for.
class VersionKeys {
 public:
  VersionKeys(std::string_view name, std::string_view version);
  std::string manifest() const { return prefix_ + "manifest"; }
  std::string draft() const { return prefix_ + "draft"; }
  std::string items() const { return prefix_ + "items"; }
  std::string users() const { return prefix_ + "users"; }
  std::string tensor(std::string_view name) const { return joined("t:", name); }
  std::string vector(std::string_view item) const { return joined("v:", item); }
  std::string item_features(std::string_view item) const { return joined("f:", item); }
  std::string user_features(std::string_view user) const { return joined("uf:", user); }
  std::string user_vector(std::string_view user) const { return joined("u:", user); }

 private:
  std::string joined(std::string_view kind, std::string_view id) const;
  std::string prefix_;
};

std::string chunk_key(const std::string& key, std::size_t chunk);
std::size_t chunks_of(std::size_t bytes);

// The promoted version and the way there.
struct Pointer {
  std::string version;
  std::vector<std::string> previous;  // newest last
  std::vector<std::string> removing;  // being pruned: cannot be promoted any more
  bool operator==(const Pointer&) const = default;
};

Result<std::optional<std::string>> read_one(const EmbeddingStore& store, const std::string& key);
// nullopt where absent. Error kCorrupt when it is no JSON object.
Result<std::optional<nlohmann::json>> read_object(const EmbeddingStore& store,
                                                  const std::string& key);
// Absent: empty. Error kCorrupt when it is no list of texts.
Result<std::vector<std::string>> read_list(const EmbeddingStore& store, const std::string& key);
Result<Pointer> read_pointer(const EmbeddingStore& store, const std::string& name);

// Change by compare-and-set, again and again while others change it too; an unchanged value is not
// written.
Result<void> update_list(EmbeddingStore& store, const std::string& key,
                         const std::function<Result<void>(std::vector<std::string>&)>& change);
Result<void> update_pointer(EmbeddingStore& store, const std::string& name,
                            const std::function<Result<void>(Pointer&)>& change);
Result<void> add_to_list(EmbeddingStore& store, const std::string& key, const std::string& entry);
Result<void> take_from_list(EmbeddingStore& store, const std::string& key,
                            const std::string& entry);

// Collects pairs and writes them in batches bounded in number and bytes.
class BatchWriter {
 public:
  explicit BatchWriter(EmbeddingStore& store) : store_(store) {}
  Result<void> add(std::string key, std::string value);
  Result<void> add_chunks(const std::string& key, std::string_view bytes);
  Result<void> flush();

 private:
  EmbeddingStore& store_;
  std::vector<KeyValue> pairs_;
  std::size_t bytes_ = 0;
};

// The bytes that add_chunks() wrote. Error kCorrupt when chunks are missing or there are not
// `bytes` of them.
Result<std::string> read_chunks(const EmbeddingStore& store, const std::string& key,
                                std::size_t bytes);

std::string lines_of(std::span<const std::string> ids);
std::vector<std::string> ids_of(std::string_view lines);

// Calls `each` with every key of a version but manifest and draft, in batches: what belongs to
// single ids first, the lists of ids last. Throws json::exception when the manifest has another
// form.
Result<void> for_each_key(const VersionKeys& keys, const nlohmann::json& manifest,
                          const std::vector<std::string>& items,
                          const std::vector<std::string>& users,
                          const std::function<Result<void>(std::span<const std::string>)>& each);

// Item ids of a version. Errors: kCorrupt when a chunk is missing.
Result<std::vector<std::string>> read_ids(const EmbeddingStore& store, const VersionKeys& keys,
                                          const nlohmann::json& manifest);

Error corrupt_version(const EmbeddingStore& store, const std::string& name,
                      const std::string& version, const std::string& what);
std::int64_t unix_seconds();

}  // namespace sparrow::store
