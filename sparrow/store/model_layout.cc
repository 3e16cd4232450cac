#include "sparrow/store/model_layout.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "sparrow/model/schema.h"

namespace sparrow::store {
namespace {

using nlohmann::json;

Error not_of_form(const EmbeddingStore& store, const std::string& key, std::string_view form) {
  return {ErrorCode::kCorrupt, fmt::format("{}: {} is no {}", store.uri(), key, form)};
}

// Reads, changes and sets a value until nobody else was in between.
template <typename Value>
Result<void> update(EmbeddingStore& store, const std::string& key,
                    Result<Value> (*parse)(const EmbeddingStore&, const std::string&,
                                           const std::optional<std::string>&),
                    std::string (*text_of)(const Value&),
                    const std::function<Result<void>(Value&)>& change) {
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto before = read_one(store, key);
    if (!before) return before.error();
    auto value = parse(store, key, *before);
    if (!value) return value.error();
    const Value old = *value;
    if (auto changed = change(*value); !changed) return changed;
    if (*value == old) return {};
    auto set = store.compare_and_set(key, *before, text_of(*value));
    if (set || set.error().code != ErrorCode::kConflict) return set;
  }
  return Error{ErrorCode::kConflict,
               fmt::format("{}: {} is being changed by others all the time", store.uri(), key)};
}

Result<std::vector<std::string>> parse_list(const EmbeddingStore& store, const std::string& key,
                                            const std::optional<std::string>& text) {
  if (!text) return std::vector<std::string>();
  const auto parsed = json::parse(*text, nullptr, false);
  if (!parsed.is_array() || !std::all_of(parsed.begin(), parsed.end(),
                                         [](const json& entry) { return entry.is_string(); }))
    return not_of_form(store, key, "list of texts");
  return parsed.get<std::vector<std::string>>();
}
std::string text_of_list(const std::vector<std::string>& list) { return json(list).dump(); }

Result<Pointer> parse_pointer(const EmbeddingStore& store, const std::string& key,
                              const std::optional<std::string>& text) {
  Pointer pointer;
  if (!text) return pointer;
  try {
    const auto parsed = json::parse(*text);
    pointer.version = parsed.value("version", "");
    pointer.previous = parsed.value("previous", std::vector<std::string>());
    pointer.removing = parsed.value("removing", std::vector<std::string>());
  } catch (const json::exception&) {
    return not_of_form(store, key, "pointer to a version");
  }
  return pointer;
}
std::string text_of_pointer(const Pointer& pointer) {
  json body = {{"version", pointer.version}, {"previous", pointer.previous}};
  if (!pointer.removing.empty()) body["removing"] = pointer.removing;
  return body.dump();
}

// Gathers keys and hands them over in batches.
class KeyBatch {
 public:
  explicit KeyBatch(const std::function<Result<void>(std::span<const std::string>)>& each)
      : each_(each) {}
  Result<void> add(std::string key) {
    keys_.push_back(std::move(key));
    return keys_.size() >= kBatchKeys ? flush() : Result<void>{};
  }
  Result<void> flush() {
    if (keys_.empty()) return {};
    auto done = each_(keys_);
    keys_.clear();
    return done;
  }
  Result<void> add_chunks(const std::string& key, std::size_t bytes) {
    // A chunk may have 1 MiB, so few go together.
    constexpr std::size_t kChunksTogether = 4;
    if (auto done = flush(); !done) return done;
    for (std::size_t c = 0; c < chunks_of(bytes); ++c) {
      if (auto done = add(chunk_key(key, c)); !done) return done;
      if (keys_.size() < kChunksTogether) continue;
      if (auto done = flush(); !done) return done;
    }
    return flush();
  }

 private:
  const std::function<Result<void>(std::span<const std::string>)>& each_;
  std::vector<std::string> keys_;
};

}  // namespace

std::string versions_key(std::string_view name) { return fmt::format("sparrow:{}:versions", name); }
std::string drafts_key(std::string_view name) { return fmt::format("sparrow:{}:drafts", name); }
std::string promoted_key(std::string_view name) { return fmt::format("sparrow:{}:promoted", name); }

VersionKeys::VersionKeys(std::string_view name, std::string_view version)
    : prefix_(fmt::format("sparrow:{}:{}:", name, version)) {}

std::string VersionKeys::joined(std::string_view kind, std::string_view id) const {
  std::string key;
  key.reserve(prefix_.size() + kind.size() + id.size());
  key += prefix_;
  key += kind;
  key += id;
  return key;
}

std::string chunk_key(const std::string& key, std::size_t chunk) {
  return fmt::format("{}:{}", key, chunk);
}
std::size_t chunks_of(std::size_t bytes) { return (bytes + kChunkBytes - 1) / kChunkBytes; }

Result<std::optional<std::string>> read_one(const EmbeddingStore& store, const std::string& key) {
  auto values = store.read(std::span(&key, 1));
  if (!values) return values.error();
  return std::move(values->front());
}

Result<std::optional<json>> read_object(const EmbeddingStore& store, const std::string& key) {
  auto text = read_one(store, key);
  if (!text) return text.error();
  if (!*text) return std::optional<json>();
  auto parsed = json::parse(**text, nullptr, false);
  if (!parsed.is_object()) return not_of_form(store, key, "JSON object");
  return std::optional(std::move(parsed));
}

Result<std::vector<std::string>> read_list(const EmbeddingStore& store, const std::string& key) {
  auto text = read_one(store, key);
  if (!text) return text.error();
  return parse_list(store, key, *text);
}

Result<Pointer> read_pointer(const EmbeddingStore& store, const std::string& name) {
  auto text = read_one(store, promoted_key(name));
  if (!text) return text.error();
  return parse_pointer(store, promoted_key(name), *text);
}

Result<void> update_list(EmbeddingStore& store, const std::string& key,
                         const std::function<Result<void>(std::vector<std::string>&)>& change) {
  return update<std::vector<std::string>>(store, key, parse_list, text_of_list, change);
}

Result<void> update_pointer(EmbeddingStore& store, const std::string& name,
                            const std::function<Result<void>(Pointer&)>& change) {
  return update<Pointer>(store, promoted_key(name), parse_pointer, text_of_pointer, change);
}

Result<void> add_to_list(EmbeddingStore& store, const std::string& key, const std::string& entry) {
  return update_list(store, key, [&](std::vector<std::string>& list) -> Result<void> {
    const auto place = std::lower_bound(list.begin(), list.end(), entry);
    if (place == list.end() || *place != entry) list.insert(place, entry);
    return {};
  });
}

Result<void> take_from_list(EmbeddingStore& store, const std::string& key,
                            const std::string& entry) {
  return update_list(store, key, [&](std::vector<std::string>& list) -> Result<void> {
    list.erase(std::remove(list.begin(), list.end(), entry), list.end());
    return {};
  });
}

Result<void> BatchWriter::add(std::string key, std::string value) {
  bytes_ += value.size();
  pairs_.push_back({std::move(key), std::move(value)});
  return pairs_.size() >= kBatchKeys || bytes_ >= 4 * kChunkBytes ? flush() : Result<void>{};
}

Result<void> BatchWriter::add_chunks(const std::string& key, std::string_view bytes) {
  for (std::size_t c = 0; c < chunks_of(bytes.size()); ++c) {
    auto added = add(chunk_key(key, c), std::string(bytes.substr(c * kChunkBytes, kChunkBytes)));
    if (!added) return added;
  }
  return {};
}

Result<void> BatchWriter::flush() {
  if (pairs_.empty()) return {};
  auto written = store_.write(pairs_);
  pairs_.clear();
  bytes_ = 0;
  return written;
}

Result<std::string> read_chunks(const EmbeddingStore& store, const std::string& key,
                                std::size_t bytes) {
  std::string text;
  text.reserve(bytes);
  for (std::size_t c = 0; c < chunks_of(bytes); ++c) {
    auto chunk = read_one(store, chunk_key(key, c));
    if (!chunk) return chunk.error();
    if (!*chunk) return Error{ErrorCode::kCorrupt, fmt::format("{} is missing", chunk_key(key, c))};
    text += **chunk;
  }
  if (text.size() != bytes)
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{}: {} bytes, {} recorded", key, text.size(), bytes)};
  return text;
}

std::string lines_of(std::span<const std::string> ids) {
  std::size_t bytes = 0;
  for (const auto& id : ids) bytes += id.size() + 1;
  std::string text;
  text.reserve(bytes);
  for (const auto& id : ids) {
    text += id;
    text += '\n';
  }
  return text;
}

std::vector<std::string> ids_of(std::string_view lines) {
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')));
  while (!lines.empty()) {
    const auto newline = std::min(lines.find('\n'), lines.size() - 1);
    ids.emplace_back(lines.substr(0, newline));
    lines.remove_prefix(newline + 1);
  }
  return ids;
}

Result<void> for_each_key(const VersionKeys& keys, const json& manifest,
                          const std::vector<std::string>& items,
                          const std::vector<std::string>& users,
                          const std::function<Result<void>(std::span<const std::string>)>& each) {
  KeyBatch batch(each);
  const bool features = manifest.contains("features");
  for (const auto& id : items) {
    if (auto done = batch.add(keys.vector(id)); !done) return done;
    if (!features) continue;
    if (auto done = batch.add(keys.item_features(id)); !done) return done;
  }
  for (const auto& id : users) {
    if (auto done = batch.add(keys.user_features(id)); !done) return done;
    if (auto done = batch.add(keys.user_vector(id)); !done) return done;
  }
  for (const auto& [name, entry] : manifest.at("tensors").items()) {
    if (name == model::tensor_name::kVectors) continue;
    auto done = batch.add_chunks(keys.tensor(name), entry.at("bytes").get<std::size_t>());
    if (!done) return done;
  }
  if (features) {
    auto done =
        batch.add_chunks(keys.users(), manifest.at("features").at("user_bytes").get<std::size_t>());
    if (!done) return done;
  }
  return batch.add_chunks(keys.items(), manifest.at("item_bytes").get<std::size_t>());
}

Error corrupt_version(const EmbeddingStore& store, const std::string& name,
                      const std::string& version, const std::string& what) {
  return {ErrorCode::kCorrupt,
          fmt::format("{}: model {} {}: {}", store.uri(), name, version, what)};
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::vector<std::string>> read_ids(const EmbeddingStore& store, const VersionKeys& keys,
                                          const nlohmann::json& manifest) {
  auto lines = read_chunks(store, keys.items(), manifest.at("item_bytes").get<std::size_t>());
  if (!lines) return lines.error();
  return ids_of(*lines);
}

}  // namespace sparrow::store
