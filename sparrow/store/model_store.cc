// The keys: model_layout.h, docs/formats.md.
#include "sparrow/store/model_store.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "sparrow/model/schema.h"
#include "sparrow/model/views.h"
#include "sparrow/store/model_layout.h"
#include "sparrow/store/published_features.h"

namespace sparrow::store {
namespace {

using model::Model;
using model::Tensor;
using nlohmann::json;

json tensor_json(const Tensor& tensor) {
  return {{"type", static_cast<int>(tensor.type)},
          {"shape", tensor.shape},
          {"bytes", tensor.bytes.size()}};
}

// The hash of what load() will give: of the values as they come back from the encoding.
Result<std::string> hash_as_published(const Model& model, VectorEncoding encoding) {
  const auto vectors = model::VectorsView::of(model);
  if (!vectors || encoding == VectorEncoding::kFloat32 ||
      (encoding == VectorEncoding::kFloat16 &&
       model.find(model::tensor_name::kVectors)->type == model::TensorType::kFloat16))
    return model::content_hash(model);
  Model decoded = model;
  Tensor& tensor = decoded.tensors.at(model::tensor_name::kVectors);
  tensor.bytes = {};
  std::vector<float> row(vectors->dim());
  std::string bytes;
  for (Row r = 0; r < vectors->rows(); ++r) {
    vectors->copy(r, row);
    bytes.clear();
    append_encoded(encoding, row, bytes);
    decode(encoding, bytes, row);
    if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); }))
      return Error{
          ErrorCode::kInvalidInput,
          fmt::format("{} cannot hold a value of this model; publish it as float32 or int8",
                      encoding_name(encoding))};
    append_vector(tensor, row);
  }
  return model::content_hash(decoded);
}

Result<void> write_vectors(BatchWriter& writer, const VersionKeys& keys, const Model& model,
                           VectorEncoding encoding, const RunControl& control) {
  constexpr std::size_t kReportEvery = 4096;
  const auto vectors = *model::VectorsView::of(model);
  std::vector<float> row(vectors.dim());
  for (std::size_t i = 0; i < model.items.size(); ++i) {
    vectors.copy(static_cast<Row>(i), row);
    if (i % kReportEvery == 0) {
      control.report({"publish", i, model.items.size(), "vectors", 0});
      if (control.is_cancelled())
        return Error{ErrorCode::kUnavailable, "cancelled; nothing of this version is visible"};
    }
    if (std::all_of(row.begin(), row.end(),
                    [](float v) { return std::bit_cast<std::uint32_t>(v) == 0; }))
      continue;
    std::string value;
    value.reserve(encoded_bytes(encoding, row.size()));
    append_encoded(encoding, row, value);
    if (auto added = writer.add(keys.vector(model.items[i]), std::move(value)); !added)
      return added;
  }
  return {};
}

// Ids first: whoever removes a version that was never finished finds by them what there is. Adds to
// the manifest what is known of features once they are written.
Result<void> write_parts(EmbeddingStore& store, const VersionKeys& keys, const Model& model,
                         const PublishOptions& options, json& manifest, const RunControl& control) {
  BatchWriter writer(store);
  if (auto done = writer.add_chunks(keys.items(), lines_of(model.items)); !done) return done;
  if (options.features != nullptr) {
    auto done = writer.add_chunks(keys.users(), lines_of(options.features->users));
    if (!done) return done;
  }
  if (auto done = writer.flush(); !done) return done;
  for (const auto& [tensor_name, tensor] : model.tensors) {
    auto done = tensor_name == model::tensor_name::kVectors
                    ? write_vectors(writer, keys, model, options.encoding, control)
                    : writer.add_chunks(keys.tensor(tensor_name), tensor.bytes);
    if (!done) return done;
  }
  if (options.features != nullptr) {
    auto done = write_features(writer, keys, *options.features, model.items, options.encoding,
                               manifest["features"]);
    if (!done) return done;
  }
  return writer.flush();
}

Result<void> read_rows(const EmbeddingStore& store, const VersionKeys& keys,
                       const std::vector<ItemId>& items, VectorEncoding encoding, Tensor& tensor) {
  const std::size_t dim = tensor.shape.at(1);
  const std::size_t stored_bytes = encoded_bytes(encoding, dim);
  tensor.bytes.own().reserve(items.size() * dim * model::type_bytes(tensor.type));
  std::vector<float> row(dim);
  for (std::size_t begin = 0; begin < items.size(); begin += kBatchKeys) {
    std::vector<std::string> names;
    for (std::size_t i = begin; i < std::min(begin + kBatchKeys, items.size()); ++i)
      names.push_back(keys.vector(items[i]));
    auto values = store.read(names);
    if (!values) return values.error();
    for (const auto& value : *values) {
      if (value && value->size() != stored_bytes)
        return Error{ErrorCode::kCorrupt, "a vector has another length"};
      if (value)
        decode(encoding, *value, row);
      else
        std::fill(row.begin(), row.end(), 0.0F);
      append_vector(tensor, row);
    }
  }
  return {};
}

// Throws json::exception when the manifest has another form; the caller catches.
Result<Model> load_parts(const EmbeddingStore& store, const VersionKeys& keys,
                         const json& manifest) {
  Model model;
  auto parsed = model::manifest_from_json(manifest);
  if (!parsed) return parsed.error();
  model.manifest = std::move(*parsed);
  auto encoding = encoding_of_name(manifest.value("encoding", "float32"));
  if (!encoding) return encoding.error();
  auto ids = read_ids(store, keys, manifest);
  if (!ids) return ids.error();
  model.items = std::move(*ids);
  for (const auto& [tensor_name, entry] : manifest.at("tensors").items()) {
    Tensor& tensor = model.tensors[tensor_name];
    tensor.type = static_cast<model::TensorType>(entry.at("type").get<int>());
    tensor.shape = entry.at("shape").get<std::vector<std::uint64_t>>();
    if (tensor_name == model::tensor_name::kVectors) {
      auto read = read_rows(store, keys, model.items, *encoding, tensor);
      if (!read) return read.error();
      continue;
    }
    auto bytes = read_chunks(store, keys.tensor(tensor_name), entry.at("bytes").get<std::size_t>());
    if (!bytes) return bytes.error();
    tensor.bytes = std::move(*bytes);
  }
  return model;
}

}  // namespace

Result<bool> ModelStore::is_there(const std::string& name, const std::string& version,
                                  const std::string& hash) const {
  auto pointer = read_pointer(store_, name);
  if (!pointer) return pointer.error();
  const auto& removing = pointer->removing;
  if (std::find(removing.begin(), removing.end(), version) != removing.end())
    return Error{ErrorCode::kConflict, fmt::format("{}: model {} {} is being pruned; prune again, "
                                                   "then publish",
                                                   store_.uri(), name, version)};
  auto there = read_object(store_, VersionKeys(name, version).manifest());
  if (!there) return there.error();
  if (!*there) return false;
  if ((*there)->value("content_hash", "") == hash) return true;
  return Error{ErrorCode::kConflict,
               fmt::format("{}: model {} {} is published with other content or another encoding",
                           store_.uri(), name, version)};
}

// Whether every key of the version is there and what it should be: a store may have lost some (an
// eviction of Redis, a restore of an old dump).
bool ModelStore::is_whole(const std::string& name, const std::string& version) const {
  const auto manifest = manifest_of(name, version);
  if (!manifest || !load(name, version)) return false;
  return !manifest->contains("features") || check_features(name, version).ok();
}

// Lists the version as unfinished, with its manifest, so that prune() can remove what a killed
// publisher wrote. On the list before the draft is written: no key exists that no list leads to.
// And again after it: a pruner may have taken off a name without a draft.
Result<void> ModelStore::begin_draft(const json& manifest, const std::string& name,
                                     const std::string& version) {
  json draft = manifest;
  draft["began"] = unix_seconds();
  const KeyValue pair{VersionKeys(name, version).draft(), draft.dump()};
  if (auto listed = add_to_list(store_, kNamesKey, name); !listed) return listed;
  if (auto listed = add_to_list(store_, drafts_key(name), version); !listed) return listed;
  if (auto written = store_.write(std::span(&pair, 1)); !written) return written;
  return add_to_list(store_, drafts_key(name), version);
}

Result<void> ModelStore::finish_draft(const json& manifest, const std::string& name,
                                      const std::string& version) {
  const VersionKeys keys(name, version);
  const KeyValue last{keys.manifest(), manifest.dump()};
  if (auto written = store_.write(std::span(&last, 1)); !written) return written;
  if (auto listed = add_to_list(store_, versions_key(name), version); !listed) return listed;
  const std::string draft = keys.draft();
  if (auto gone = store_.remove(std::span(&draft, 1)); !gone) return gone;
  return take_from_list(store_, drafts_key(name), version);
}

Result<void> ModelStore::publish(const Model& model, const PublishOptions& options,
                                 const RunControl& control) {
  if (auto sound = model::validate(model); !sound) return sound;
  json described;
  if (options.features != nullptr) {
    auto sound = describe_features(*options.features);
    if (!sound) return sound.error();
    described = std::move(*sound);
  }
  const std::string& name = model.manifest.name;
  const std::string& version = model.manifest.version;
  auto hash = hash_as_published(model, options.encoding);
  if (!hash) return hash.error();
  auto there = is_there(name, version, *hash);
  if (!there) return there.error();
  if (*there && is_whole(name, version)) {
    if (auto named = add_to_list(store_, kNamesKey, name); !named) return named;
    return add_to_list(store_, versions_key(name), version);
  }
  json manifest = model::to_json(model.manifest);
  manifest["content_hash"] = *hash;
  manifest["encoding"] = encoding_name(options.encoding);
  const std::size_t item_bytes = lines_of(model.items).size();
  manifest["item_bytes"] = item_bytes;
  std::uint64_t bytes = item_bytes;
  manifest["tensors"] = json::object();
  for (const auto& [tensor_name, tensor] : model.tensors) {
    manifest["tensors"][tensor_name] = tensor_json(tensor);
    bytes += tensor_name == model::tensor_name::kVectors
                 ? model.items.size() * encoded_bytes(options.encoding, model.dim())
                 : tensor.bytes.size();
  }
  manifest["bytes"] = bytes;
  if (options.features != nullptr) manifest["features"] = std::move(described);
  if (auto begun = begin_draft(manifest, name, version); !begun) return begun;
  auto written = write_parts(store_, VersionKeys(name, version), model, options, manifest, control);
  if (!written) return written;
  return finish_draft(manifest, name, version);
}

Result<void> ModelStore::copy_from(const ModelStore& source, const std::string& name,
                                   const std::string& version, const RunControl& control) {
  auto manifest = source.manifest_of(name, version);
  if (!manifest) return manifest.error();
  try {
    auto there = is_there(name, version, manifest->at("content_hash").get<std::string>());
    if (!there) return there.error();
    if (*there) return add_to_list(store_, versions_key(name), version);
    const VersionKeys keys(name, version);
    auto items = read_ids(source.store_, keys, *manifest);
    if (!items) return corrupt_version(source.store_, name, version, items.error().message);
    std::vector<std::string> users;
    if (manifest->contains("features")) {
      auto lines = read_chunks(source.store_, keys.users(),
                               manifest->at("features").at("user_bytes").get<std::size_t>());
      if (!lines) return corrupt_version(source.store_, name, version, lines.error().message);
      users = ids_of(*lines);
    }
    if (auto begun = begin_draft(*manifest, name, version); !begun) return begun;
    std::uint64_t done = 0;
    BatchWriter writer(store_);
    if (auto added = writer.add_chunks(keys.items(), lines_of(*items)); !added) return added;
    if (auto added = writer.add_chunks(keys.users(), lines_of(users)); !added) return added;
    auto copied = for_each_key(
        keys, *manifest, *items, users, [&](std::span<const std::string> batch) -> Result<void> {
          if (control.is_cancelled())
            return Error{ErrorCode::kUnavailable, "cancelled; nothing of the copy is visible"};
          auto values = source.store_.read(batch);
          if (!values) return values.error();
          for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!(*values)[i]) continue;
            auto added = writer.add(batch[i], std::move(*(*values)[i]));
            if (!added) return added;
          }
          done += batch.size();
          control.report(
              {"copy", std::min<std::uint64_t>(done, items->size()), items->size(), "keys", 0});
          return {};
        });
    if (!copied) return copied;
    if (auto flushed = writer.flush(); !flushed) return flushed;
    if (auto finished = finish_draft(*manifest, name, version); !finished) return finished;
  } catch (const json::exception& error) {
    return corrupt_version(source.store_, name, version, error.what());
  }
  auto whole = load(name, version);
  if (!whole) return whole.error();
  if (!manifest->contains("features")) return {};
  return check_features(name, version);
}

Result<void> ModelStore::promote(const std::string& name, const std::string& version) {
  if (auto manifest = manifest_of(name, version); !manifest) return manifest.error();
  return update_pointer(store_, name, [&](Pointer& pointer) -> Result<void> {
    constexpr std::size_t kRemembered = 32;
    if (pointer.version == version) return {};
    if (std::find(pointer.removing.begin(), pointer.removing.end(), version) !=
        pointer.removing.end())
      return Error{ErrorCode::kNotFound,
                   fmt::format("{}: model {} {} is being pruned", store_.uri(), name, version)};
    if (!pointer.version.empty()) pointer.previous.push_back(pointer.version);
    if (pointer.previous.size() > kRemembered) pointer.previous.erase(pointer.previous.begin());
    pointer.version = version;
    return {};
  });
}

Result<std::string> ModelStore::rollback(const std::string& name) {
  std::string target;
  auto done = update_pointer(store_, name, [&](Pointer& pointer) -> Result<void> {
    if (pointer.previous.empty())
      return Error{ErrorCode::kNotFound,
                   fmt::format("model {} has no earlier promoted version", name)};
    target = pointer.previous.back();
    pointer.previous.pop_back();
    pointer.version = target;
    return {};
  });
  if (!done) return done.error();
  return target;
}

Result<std::optional<std::string>> ModelStore::before_promoted(const std::string& name) const {
  auto pointer = read_pointer(store_, name);
  if (!pointer) return pointer.error();
  return pointer->previous.empty() ? std::nullopt : std::optional(pointer->previous.back());
}

Result<std::optional<std::string>> ModelStore::promoted(const std::string& name) const {
  auto pointer = read_pointer(store_, name);
  if (!pointer) return pointer.error();
  return pointer->version.empty() ? std::nullopt : std::optional(pointer->version);
}

Result<json> ModelStore::manifest_of(const std::string& name, const std::string& version) const {
  auto manifest = read_object(store_, VersionKeys(name, version).manifest());
  if (!manifest) return manifest.error();
  if (!*manifest)
    return Error{
        ErrorCode::kNotFound,
        fmt::format("{}: model {} has no published version {}; `sparrow models` lists them",
                    store_.uri(), name, version)};
  return std::move(**manifest);
}

Result<Model> ModelStore::load(const std::string& name, const std::string& version) const {
  auto manifest = manifest_of(name, version);
  if (!manifest) return manifest.error();
  try {
    auto model = load_parts(store_, VersionKeys(name, version), *manifest);
    if (!model && model.error().code != ErrorCode::kCorrupt) return model.error();
    if (!model) return corrupt_version(store_, name, version, model.error().message);
    if (model::content_hash(*model) != manifest->at("content_hash").get<std::string>())
      return corrupt_version(store_, name, version, "its content does not have the recorded hash");
    if (auto sound = model::validate(*model); !sound)
      return corrupt_version(store_, name, version, sound.error().message);
    return model;
  } catch (const std::exception& error) {
    return corrupt_version(store_, name, version, error.what());
  }
}

Result<std::string> ModelStore::hash_of(const std::string& name, const std::string& version) const {
  auto manifest = manifest_of(name, version);
  if (!manifest) return manifest.error();
  const auto hash = manifest->find("content_hash");
  if (hash == manifest->end() || !hash->is_string())
    return corrupt_version(store_, name, version, "no content hash is recorded");
  return hash->get<std::string>();
}

Result<std::vector<std::string>> ModelStore::names() const { return read_list(store_, kNamesKey); }

Result<std::vector<PublishedVersion>> ModelStore::list(const std::string& name) const {
  auto versions = read_list(store_, versions_key(name));
  if (!versions) return versions.error();
  auto now = promoted(name);
  if (!now) return now.error();
  std::vector<PublishedVersion> found;
  for (const auto& version : *versions) {
    auto body = read_object(store_, VersionKeys(name, version).manifest());
    if (!body) return body.error();
    if (!*body) continue;
    auto manifest = model::manifest_from_json(**body);
    if (!manifest) return corrupt_version(store_, name, version, manifest.error().message);
    const json features = (*body)->value("features", json::object());
    try {
      found.push_back(
          {std::move(*manifest), *now == version, (*body)->value("bytes", std::uint64_t{0}),
           (*body)->value("encoding", "float32"), features.value("items", std::uint64_t{0}),
           features.value("users", std::uint64_t{0})});
    } catch (const json::exception& error) {
      return corrupt_version(store_, name, version, error.what());
    }
  }
  return found;
}

Result<VectorEncoding> ModelStore::encoding_of(const std::string& name,
                                               const std::string& version) const {
  const std::string key = VersionKeys(name, version).manifest();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = encodings_.find(key); found != encodings_.end()) return found->second;
  }
  auto manifest = manifest_of(name, version);
  if (!manifest) return manifest.error();
  const auto stated = manifest->find("encoding");
  auto encoding = encoding_of_name(
      stated != manifest->end() && stated->is_string() ? stated->get<std::string>() : "float32");
  if (!encoding) return corrupt_version(store_, name, version, encoding.error().message);
  const std::lock_guard lock(mutex_);
  encodings_[key] = *encoding;
  return encoding;
}

Result<ModelStore::Vectors> ModelStore::vectors_under(const std::string& name,
                                                      const std::string& version,
                                                      std::span<const std::string> keys) const {
  auto encoding = encoding_of(name, version);
  if (!encoding) return encoding.error();
  auto values = store_.read(keys);
  if (!values) return values.error();
  Vectors found(keys.size());
  const std::size_t head = encoded_bytes(*encoding, 0);
  const std::size_t each = encoded_bytes(*encoding, 1) - head;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& value = (*values)[i];
    if (!value) continue;
    if (value->size() < head || (value->size() - head) % each != 0)
      return corrupt_version(store_, name, version, keys[i] + " is cut short");
    found[i].emplace((value->size() - head) / each);
    decode(*encoding, *value, *found[i]);
  }
  return found;
}

Result<ModelStore::Vectors> ModelStore::vectors(const std::string& name, const std::string& version,
                                                std::span<const std::string> ids) const {
  const VersionKeys keys(name, version);
  std::vector<std::string> names;
  for (const auto& id : ids) names.push_back(keys.vector(id));
  return vectors_under(name, version, names);
}

Result<ModelStore::Vectors> ModelStore::user_vectors(const std::string& name,
                                                     const std::string& version,
                                                     std::span<const std::string> users) const {
  const VersionKeys keys(name, version);
  std::vector<std::string> names;
  for (const auto& user : users) names.push_back(keys.user_vector(user));
  return vectors_under(name, version, names);
}

Result<ModelStore::Hashes> ModelStore::item_features(const std::string& name,
                                                     const std::string& version,
                                                     std::span<const std::string> ids) const {
  const VersionKeys keys(name, version);
  std::vector<std::string> names;
  for (const auto& id : ids) names.push_back(keys.item_features(id));
  return read_hashes(store_, names);
}

Result<ModelStore::Hashes> ModelStore::user_features(const std::string& name,
                                                     const std::string& version,
                                                     std::span<const std::string> users) const {
  const VersionKeys keys(name, version);
  std::vector<std::string> names;
  for (const auto& user : users) names.push_back(keys.user_features(user));
  return read_hashes(store_, names);
}

Result<void> ModelStore::check_features(const std::string& name, const std::string& version) const {
  auto manifest = manifest_of(name, version);
  if (!manifest) return manifest.error();
  if (!manifest->contains("features"))
    return Error{ErrorCode::kNotFound, fmt::format("{}: model {} {} was published without features",
                                                   store_.uri(), name, version)};
  try {
    const VersionKeys keys(name, version);
    auto ids = read_ids(store_, keys, *manifest);
    if (!ids) return corrupt_version(store_, name, version, ids.error().message);
    auto whole = store::check_features(store_, keys, *manifest, *ids);
    if (!whole && whole.error().code == ErrorCode::kCorrupt)
      return corrupt_version(store_, name, version, whole.error().message);
    return whole;
  } catch (const std::exception& error) {
    return corrupt_version(store_, name, version, error.what());
  }
}

}  // namespace sparrow::store
