#include "sparrow/store/published_features.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/file.h"

namespace sparrow::store {
namespace {

using nlohmann::json;

// SHA-256 over a growing list of parts: each part's bytes behind the digest so far.
class Chain {
 public:
  void add(std::string_view key, std::string_view value) {
    digest_ = sha256_hex(fmt::format("{}\n{}\n{}", digest_, key, value));
  }
  const std::string& digest() const { return digest_; }

 private:
  std::string digest_;
};

std::string text_of(const FeatureHash& hash) {
  return json(hash).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string user_vector_bytes(const Features& features, std::size_t user, VectorEncoding encoding) {
  const auto values =
      std::span(features.user_vectors).subspan(user * features.user_dim, features.user_dim);
  std::string bytes;
  if (std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }))
    append_encoded(encoding, values, bytes);
  return bytes;
}

// Calls `each` with what kind of value, whose, and its bytes, in the order of the hash.
template <typename Each>
Result<void> visit(const Features& features, const std::vector<std::string>& items,
                   VectorEncoding encoding, const Each& each) {
  for (const auto& id : items) {
    const auto found = features.items.find(id);
    if (found == features.items.end()) continue;
    if (auto done = each("f", id, text_of(found->second)); !done) return done;
  }
  for (std::size_t u = 0; u < features.users.size(); ++u) {
    if (auto done = each("uf", features.users[u], text_of(features.user_features[u])); !done)
      return done;
    auto bytes = user_vector_bytes(features, u, encoding);
    if (bytes.empty()) continue;
    if (auto done = each("u", features.users[u], std::move(bytes)); !done) return done;
  }
  return {};
}

// Over the values as they come back from the encoding.
std::string digest_of(const Features& features, const std::vector<std::string>& items,
                      VectorEncoding encoding) {
  Chain chain;
  const auto visited =
      visit(features, items, encoding,
            [&](std::string_view kind, const std::string& id, std::string value) -> Result<void> {
              if (kind == "u" && encoding != VectorEncoding::kFloat32) {
                std::vector<float> decoded(features.user_dim);
                decode(encoding, value, decoded);
                value.clear();
                append_encoded(VectorEncoding::kFloat32, decoded, value);
              }
              chain.add(fmt::format("{}:{}", kind, id), value);
              return {};
            });
  SPARROW_CHECK(visited.ok());
  return chain.digest();
}

Result<void> read_user_vectors(const EmbeddingStore& store, const VersionKeys& keys,
                               VectorEncoding encoding, Features& features) {
  features.user_vectors.assign(features.users.size() * features.user_dim, 0.0F);
  const std::size_t bytes = encoded_bytes(encoding, features.user_dim);
  for (std::size_t begin = 0; begin < features.users.size(); begin += kBatchKeys) {
    const std::size_t end = std::min(begin + kBatchKeys, features.users.size());
    std::vector<std::string> names;
    for (std::size_t u = begin; u < end; ++u) names.push_back(keys.user_vector(features.users[u]));
    auto values = store.read(names);
    if (!values) return values.error();
    for (std::size_t i = 0; i < values->size(); ++i) {
      const auto& value = (*values)[i];
      if (!value) continue;
      if (value->size() != bytes)
        return Error{ErrorCode::kCorrupt, names[i] + ": has another length"};
      decode(encoding, *value,
             std::span(features.user_vectors)
                 .subspan((begin + i) * features.user_dim, features.user_dim));
    }
  }
  return {};
}

Result<std::vector<std::optional<FeatureHash>>> hashes_of(
    const EmbeddingStore& store, const std::vector<std::string>& ids,
    const std::function<std::string(const std::string&)>& key_of) {
  std::vector<std::optional<FeatureHash>> all;
  for (std::size_t begin = 0; begin < ids.size(); begin += kBatchKeys) {
    std::vector<std::string> names;
    for (std::size_t i = begin; i < std::min(begin + kBatchKeys, ids.size()); ++i)
      names.push_back(key_of(ids[i]));
    auto part = read_hashes(store, names);
    if (!part) return part.error();
    std::move(part->begin(), part->end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

Result<void> check_features(const Features& features) {
  if (features.user_features.size() != features.users.size() ||
      features.user_vectors.size() != features.users.size() * features.user_dim)
    return Error{ErrorCode::kInvalidInput,
                 "features: users, their features and vectors differ in number"};
  for (const auto& user : features.users) {
    if (user.empty() || user.find('\n') != std::string::npos)
      return Error{ErrorCode::kInvalidInput, "features: a user id is empty or has a line end"};
  }
  if (!std::all_of(features.user_vectors.begin(), features.user_vectors.end(),
                   [](float v) { return std::isfinite(v); }))
    return Error{ErrorCode::kInvalidInput, "features: a value of a user's vector is not finite"};
  return {};
}

json describe_features(const Features& features, const std::vector<std::string>& items,
                       VectorEncoding encoding) {
  const auto known = std::count_if(items.begin(), items.end(), [&](const std::string& id) {
    return features.items.contains(id);
  });
  return {{"items", known},
          {"users", features.users.size()},
          {"user_dim", features.user_dim},
          {"user_bytes", lines_of(features.users).size()},
          {"sha256", digest_of(features, items, encoding)}};
}

Result<void> write_features(BatchWriter& writer, const VersionKeys& keys, const Features& features,
                            const std::vector<std::string>& items, VectorEncoding encoding) {
  return visit(features, items, encoding,
               [&](std::string_view kind, const std::string& id, std::string value) {
                 return writer.add(kind == "f"    ? keys.item_features(id)
                                   : kind == "uf" ? keys.user_features(id)
                                                  : keys.user_vector(id),
                                   std::move(value));
               });
}

Result<Features> read_features(const EmbeddingStore& store, const VersionKeys& keys,
                               const json& manifest, const std::vector<std::string>& items) {
  const json& described = manifest.at("features");
  auto encoding = encoding_of_name(manifest.value("encoding", "float32"));
  if (!encoding) return encoding.error();
  auto lines = read_chunks(store, keys.users(), described.at("user_bytes").get<std::size_t>());
  if (!lines) return lines.error();
  Features features;
  features.users = ids_of(*lines);
  features.user_dim = described.at("user_dim").get<std::size_t>();
  auto of_items = hashes_of(store, items, [&](const auto& id) { return keys.item_features(id); });
  if (!of_items) return of_items.error();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if ((*of_items)[i]) features.items.emplace(items[i], std::move(*(*of_items)[i]));
  }
  auto of_users =
      hashes_of(store, features.users, [&](const auto& id) { return keys.user_features(id); });
  if (!of_users) return of_users.error();
  for (auto& hash : *of_users)
    features.user_features.push_back(hash ? std::move(*hash) : FeatureHash());
  if (auto read = read_user_vectors(store, keys, *encoding, features); !read) return read.error();
  if (digest_of(features, items, VectorEncoding::kFloat32) !=
      described.at("sha256").get<std::string>())
    return Error{ErrorCode::kCorrupt, "its features do not have the recorded hash"};
  return features;
}

Result<std::vector<std::optional<FeatureHash>>> read_hashes(const EmbeddingStore& store,
                                                            std::span<const std::string> keys) {
  auto values = store.read(keys);
  if (!values) return values.error();
  std::vector<std::optional<FeatureHash>> hashes(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& value = (*values)[i];
    if (!value) continue;
    const auto parsed = json::parse(*value, nullptr, false);
    if (!parsed.is_object() || !std::all_of(parsed.begin(), parsed.end(),
                                            [](const json& entry) { return entry.is_string(); }))
      return Error{ErrorCode::kCorrupt,
                   fmt::format("{}: {} is not a JSON object of texts", store.uri(), keys[i])};
    hashes[i] = parsed.get<FeatureHash>();
  }
  return hashes;
}

}  // namespace sparrow::store
