// Keys (docs/formats.md):
//   sparrow:names                          JSON list of model names
//   sparrow:NAME:versions                  JSON list of whole versions, oldest first
//   sparrow:NAME:promoted                  {"version": ..., "previous": [..., newest last]}
//   sparrow:NAME:VERSION:manifest          JSON; written last of the version's keys
//   sparrow:NAME:VERSION:items:CHUNK       item ids, one a line
//   sparrow:NAME:VERSION:v:ID              one vector, packed little-endian float32
//   sparrow:NAME:VERSION:t:TENSOR:CHUNK    another tensor's bytes
#include "sparrow/store/model_store.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace sparrow::store {
namespace {

using model::Model;
using model::Tensor;
using nlohmann::json;

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kBatchKeys = 500;

std::string version_key(const std::string& name, const std::string& version,
                        const std::string& rest) {
  return fmt::format("sparrow:{}:{}:{}", name, version, rest);
}
std::string versions_key(const std::string& name) {
  return fmt::format("sparrow:{}:versions", name);
}
std::string promoted_key(const std::string& name) {
  return fmt::format("sparrow:{}:promoted", name);
}
constexpr const char* kNamesKey = "sparrow:names";

Result<std::optional<std::string>> read_one(const EmbeddingStore& store, const std::string& key) {
  auto values = store.read(std::span(&key, 1));
  if (!values) return values.error();
  return std::move(values->front());
}

Result<json> read_json(const EmbeddingStore& store, const std::string& key, json absent) {
  auto text = read_one(store, key);
  if (!text) return text.error();
  if (!*text) return absent;
  auto parsed = json::parse(**text, nullptr, false);
  if (parsed.is_discarded())
    return Error{ErrorCode::kCorrupt, fmt::format("{}: {} is no JSON", store.uri(), key)};
  return parsed;
}

// Changes a JSON value by compare-and-set, again and again while others change it too.
template <typename Change>
Result<void> update_json(EmbeddingStore& store, const std::string& key, const json& absent,
                         const Change& change) {
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto before = read_one(store, key);
    if (!before) return before.error();
    json value = *before ? json::parse(**before, nullptr, false) : absent;
    if (value.is_discarded())
      return Error{ErrorCode::kCorrupt, fmt::format("{}: {} is no JSON", store.uri(), key)};
    const json old = value;
    if (auto changed = change(value); !changed) return changed;
    if (value == old && *before) return {};
    auto set = store.compare_and_set(key, *before, value.dump());
    if (set || set.error().code != ErrorCode::kConflict) return set;
  }
  return Error{ErrorCode::kConflict,
               fmt::format("{}: {} is being changed by others all the time", store.uri(), key)};
}

Result<void> add_to_list(EmbeddingStore& store, const std::string& key, const std::string& entry) {
  return update_json(store, key, json::array(), [&](json& list) -> Result<void> {
    if (std::find(list.begin(), list.end(), entry) == list.end()) {
      list.push_back(entry);
      std::sort(list.begin(), list.end());
    }
    return {};
  });
}

// Collects pairs and writes them in batches bounded in number and bytes.
class BatchWriter {
 public:
  explicit BatchWriter(EmbeddingStore& store) : store_(store) {}
  Result<void> add(std::string key, std::string value) {
    bytes_ += value.size();
    pairs_.push_back({std::move(key), std::move(value)});
    return pairs_.size() >= kBatchKeys || bytes_ >= 4 * kChunkBytes ? flush() : Result<void>{};
  }
  Result<void> flush() {
    if (pairs_.empty()) return {};
    auto written = store_.write(pairs_);
    pairs_.clear();
    bytes_ = 0;
    return written;
  }

 private:
  EmbeddingStore& store_;
  std::vector<KeyValue> pairs_;
  std::size_t bytes_ = 0;
};

std::size_t chunks_of(std::size_t bytes) { return (bytes + kChunkBytes - 1) / kChunkBytes; }

Result<void> write_chunks(BatchWriter& writer, const std::string& key, std::string_view bytes) {
  for (std::size_t c = 0; c < chunks_of(bytes.size()); ++c) {
    if (auto added = writer.add(fmt::format("{}:{}", key, c),
                                std::string(bytes.substr(c * kChunkBytes, kChunkBytes)));
        !added)
      return added;
  }
  return {};
}

std::string item_lines(const Model& model) {
  std::string text;
  for (const auto& id : model.items) text += id + "\n";
  return text;
}

json tensor_json(const Tensor& tensor) {
  return {{"type", static_cast<int>(tensor.type)},
          {"shape", tensor.shape},
          {"bytes", tensor.bytes.size()}};
}

Error corrupt(const EmbeddingStore& store, const std::string& name, const std::string& version,
              const std::string& what) {
  return {ErrorCode::kCorrupt,
          fmt::format("{}: model {} {}: {}", store.uri(), name, version, what)};
}

Result<std::string> read_chunks(const EmbeddingStore& store, const std::string& key,
                                std::size_t bytes) {
  std::string text;
  text.reserve(bytes);
  for (std::size_t c = 0; c < chunks_of(bytes); ++c) {
    auto chunk = read_one(store, fmt::format("{}:{}", key, c));
    if (!chunk) return chunk.error();
    if (!*chunk) return Error{ErrorCode::kCorrupt, fmt::format("{}: {} is missing", key, c)};
    text += **chunk;
  }
  if (text.size() != bytes)
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{}: {} bytes, {} recorded", key, text.size(), bytes)};
  return text;
}

// Throws json::exception when the manifest has another form; the caller catches.
Result<Model> load_parts(const EmbeddingStore& store, const std::string& name,
                         const std::string& version, const json& manifest) {
  Model model;
  auto parsed = model::manifest_from_json(manifest);
  if (!parsed) return parsed.error();
  model.manifest = std::move(*parsed);
  auto lines = read_chunks(store, version_key(name, version, "items"),
                           manifest.at("item_bytes").get<std::size_t>());
  if (!lines) return lines.error();
  for (std::string_view text = *lines; !text.empty();) {
    const auto newline = std::min(text.find('\n'), text.size() - 1);
    model.items.emplace_back(text.substr(0, newline));
    text.remove_prefix(newline + 1);
  }
  for (const auto& [tensor_name, entry] : manifest.at("tensors").items()) {
    Tensor tensor;
    tensor.type = static_cast<model::TensorType>(entry.at("type").get<int>());
    tensor.shape = entry.at("shape").get<std::vector<std::uint64_t>>();
    if (tensor_name == "vectors") {
      const std::size_t row_bytes = tensor.shape.at(1) * sizeof(float);
      tensor.bytes.reserve(model.items.size() * row_bytes);
      for (std::size_t begin = 0; begin < model.items.size(); begin += kBatchKeys) {
        std::vector<std::string> keys;
        for (std::size_t i = begin; i < std::min(begin + kBatchKeys, model.items.size()); ++i) {
          keys.push_back(version_key(name, version, "v:" + model.items[i]));
        }
        auto values = store.read(keys);
        if (!values) return values.error();
        for (const auto& value : *values) {
          if (value && value->size() != row_bytes)
            return Error{ErrorCode::kCorrupt, "a vector has another length"};
          tensor.bytes += value ? *value : std::string(row_bytes, '\0');
        }
      }
    } else {
      auto bytes = read_chunks(store, version_key(name, version, "t:" + tensor_name),
                               entry.at("bytes").get<std::size_t>());
      if (!bytes) return bytes.error();
      tensor.bytes = std::move(*bytes);
    }
    model.tensors.emplace(tensor_name, std::move(tensor));
  }
  return model;
}

std::vector<std::string> keys_of(const std::string& name, const std::string& version,
                                 const json& manifest, const std::vector<std::string>& ids) {
  std::vector<std::string> keys{version_key(name, version, "manifest")};
  for (std::size_t c = 0; c < chunks_of(manifest.at("item_bytes").get<std::size_t>()); ++c) {
    keys.push_back(version_key(name, version, fmt::format("items:{}", c)));
  }
  for (const auto& [tensor_name, entry] : manifest.at("tensors").items()) {
    if (tensor_name == "vectors") {
      for (const auto& id : ids) keys.push_back(version_key(name, version, "v:" + id));
    } else {
      for (std::size_t c = 0; c < chunks_of(entry.at("bytes").get<std::size_t>()); ++c) {
        keys.push_back(version_key(name, version, fmt::format("t:{}:{}", tensor_name, c)));
      }
    }
  }
  return keys;
}

}  // namespace

Result<void> ModelStore::publish(const Model& model, const RunControl& control) {
  if (auto sound = model::validate(model); !sound) return sound;
  const std::string& name = model.manifest.name;
  const std::string& version = model.manifest.version;
  const std::string hash = model::content_hash(model);
  auto there = read_json(store_, version_key(name, version, "manifest"), json());
  if (!there) return there.error();
  if (there->is_object()) {
    if (there->value("content_hash", "") == hash)
      return add_to_list(store_, versions_key(name), version);
    return Error{ErrorCode::kConflict,
                 fmt::format("{}: model {} {} is published with other content", store_.uri(), name,
                             version)};
  }
  json manifest = model::to_json(model.manifest);
  manifest["content_hash"] = hash;
  const std::string lines = item_lines(model);
  manifest["item_bytes"] = lines.size();
  std::uint64_t bytes = lines.size();
  BatchWriter writer(store_);
  if (auto written = write_chunks(writer, version_key(name, version, "items"), lines); !written)
    return written;
  for (const auto& [tensor_name, tensor] : model.tensors) {
    manifest["tensors"][tensor_name] = tensor_json(tensor);
    bytes += tensor.bytes.size();
    if (tensor_name != "vectors") {
      if (auto written =
              write_chunks(writer, version_key(name, version, "t:" + tensor_name), tensor.bytes);
          !written)
        return written;
      continue;
    }
    const std::size_t row_bytes = model.dim() * sizeof(float);
    const std::string zero(row_bytes, '\0');
    for (std::size_t i = 0; i < model.items.size(); ++i) {
      std::string value = tensor.bytes.substr(i * row_bytes, row_bytes);
      if (value == zero) continue;
      if (auto added =
              writer.add(version_key(name, version, "v:" + model.items[i]), std::move(value));
          !added)
        return added;
      if (i % 4096 == 0) control.report({"publish", i, model.items.size(), "vectors", 0});
      if (control.is_cancelled())
        return Error{ErrorCode::kUnavailable, "cancelled; nothing of this version is visible"};
    }
  }
  manifest["bytes"] = bytes;
  if (auto flushed = writer.flush(); !flushed) return flushed;
  const KeyValue last{version_key(name, version, "manifest"), manifest.dump()};
  if (auto written = store_.write(std::span(&last, 1)); !written) return written;
  if (auto listed = add_to_list(store_, versions_key(name), version); !listed) return listed;
  return add_to_list(store_, kNamesKey, name);
}

Result<void> ModelStore::promote(const std::string& name, const std::string& version) {
  auto manifest = read_json(store_, version_key(name, version, "manifest"), json());
  if (!manifest) return manifest.error();
  if (!manifest->is_object()) {
    return Error{
        ErrorCode::kNotFound,
        fmt::format("{}: model {} has no published version {}; `sparrow models` lists them",
                    store_.uri(), name, version)};
  }
  return update_json(store_, promoted_key(name), json::object(),
                     [&](json& pointer) -> Result<void> {
                       const std::string now = pointer.value("version", "");
                       if (now == version) return {};
                       json previous = pointer.value("previous", json::array());
                       constexpr std::size_t kRemembered = 32;
                       if (!now.empty()) previous.push_back(now);
                       if (previous.size() > kRemembered) previous.erase(previous.begin());
                       pointer = {{"version", version}, {"previous", previous}};
                       return {};
                     });
}

Result<std::string> ModelStore::rollback(const std::string& name) {
  std::string target;
  auto done =
      update_json(store_, promoted_key(name), json::object(), [&](json& pointer) -> Result<void> {
        json previous = pointer.value("previous", json::array());
        if (previous.empty())
          return Error{ErrorCode::kNotFound,
                       fmt::format("model {} has no earlier promoted version", name)};
        target = previous.back().get<std::string>();
        previous.erase(previous.size() - 1);
        pointer = {{"version", target}, {"previous", previous}};
        return {};
      });
  if (!done) return done.error();
  return target;
}

Result<std::optional<std::string>> ModelStore::promoted(const std::string& name) const {
  auto pointer = read_json(store_, promoted_key(name), json::object());
  if (!pointer) return pointer.error();
  const std::string version = pointer->value("version", "");
  return version.empty() ? std::nullopt : std::optional(version);
}

Result<Model> ModelStore::load(const std::string& name, const std::string& version) const {
  auto manifest = read_json(store_, version_key(name, version, "manifest"), json());
  if (!manifest) return manifest.error();
  if (!manifest->is_object()) {
    return Error{ErrorCode::kNotFound, fmt::format("{}: model {} has no published version {}",
                                                   store_.uri(), name, version)};
  }
  try {
    auto model = load_parts(store_, name, version, *manifest);
    if (!model) return corrupt(store_, name, version, model.error().message);
    if (model::content_hash(*model) != manifest->at("content_hash").get<std::string>()) {
      return corrupt(store_, name, version, "its content does not have the recorded hash");
    }
    if (auto sound = model::validate(*model); !sound)
      return corrupt(store_, name, version, sound.error().message);
    return model;
  } catch (const std::exception& error) {
    return corrupt(store_, name, version, error.what());
  }
}

Result<std::vector<std::string>> ModelStore::names() const {
  auto list = read_json(store_, kNamesKey, json::array());
  if (!list) return list.error();
  return list->get<std::vector<std::string>>();
}

Result<std::vector<PublishedVersion>> ModelStore::list(const std::string& name) const {
  auto versions = read_json(store_, versions_key(name), json::array());
  if (!versions) return versions.error();
  auto now = promoted(name);
  if (!now) return now.error();
  std::vector<PublishedVersion> found;
  for (const auto& entry : *versions) {
    const auto version = entry.get<std::string>();
    auto body = read_json(store_, version_key(name, version, "manifest"), json());
    if (!body) return body.error();
    if (!body->is_object()) continue;
    auto manifest = model::manifest_from_json(*body);
    if (!manifest) return corrupt(store_, name, version, manifest.error().message);
    found.push_back(
        {std::move(*manifest), *now == version, body->value("bytes", std::uint64_t{0})});
  }
  return found;
}

Result<std::vector<std::optional<std::vector<float>>>> ModelStore::vectors(
    const std::string& name, const std::string& version, std::span<const std::string> ids) const {
  std::vector<std::string> keys;
  for (const auto& id : ids) keys.push_back(version_key(name, version, "v:" + id));
  auto values = store_.read(keys);
  if (!values) return values.error();
  std::vector<std::optional<std::vector<float>>> found(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& value = (*values)[i];
    if (!value) continue;
    if (value->size() % sizeof(float) != 0)
      return corrupt(store_, name, version, fmt::format("the vector of {} is cut short", ids[i]));
    found[i].emplace(value->size() / sizeof(float));
    std::memcpy(found[i]->data(), value->data(), value->size());
  }
  return found;
}

Result<std::vector<std::string>> ModelStore::prune(const std::string& name, std::size_t keep) {
  auto pointer = read_json(store_, promoted_key(name), json::object());
  auto versions = read_json(store_, versions_key(name), json::array());
  if (!pointer) return pointer.error();
  if (!versions) return versions.error();
  const json previous = pointer->value("previous", json::array());
  std::vector<std::string> removed;
  for (std::size_t i = 0; i + keep < versions->size(); ++i) {
    const auto version = (*versions)[i].get<std::string>();
    if (version == pointer->value("version", "") ||
        (!previous.empty() && previous.back() == version))
      continue;
    auto manifest = read_json(store_, version_key(name, version, "manifest"), json());
    if (!manifest) return manifest.error();
    auto unlisted =
        update_json(store_, versions_key(name), json::array(), [&](json& list) -> Result<void> {
          list.erase(std::remove(list.begin(), list.end(), version), list.end());
          return {};
        });
    if (!unlisted) return unlisted.error();
    if (manifest->is_object()) {
      auto lines = read_chunks(store_, version_key(name, version, "items"),
                               manifest->value("item_bytes", std::size_t{0}));
      std::vector<std::string> ids;
      for (std::string_view text = lines ? std::string_view(*lines) : std::string_view();
           !text.empty();) {
        const auto newline = std::min(text.find('\n'), text.size() - 1);
        ids.emplace_back(text.substr(0, newline));
        text.remove_prefix(newline + 1);
      }
      const auto keys = keys_of(name, version, *manifest, ids);
      for (std::size_t begin = 0; begin < keys.size(); begin += kBatchKeys) {
        const auto part = std::span(keys).subspan(begin, std::min(kBatchKeys, keys.size() - begin));
        if (auto gone = store_.remove(part); !gone) return gone.error();
      }
    }
    removed.push_back(version);
  }
  return removed;
}

}  // namespace sparrow::store
