#include "sparrow/store/published_features.h"

#include <algorithm>
#include <cmath>
#include <future>

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

// One user's part of the chain: the fields, and the vector's values where there is one.
void add_user(Chain& chain, const std::string& user, const FeatureHash& hash,
              std::span<const float> vector) {
  chain.add(fmt::format("uf:{}", user), text_of(hash));
  if (vector.empty()) return;
  std::string values;
  append_encoded(VectorEncoding::kFloat32, vector, values);
  chain.add(fmt::format("u:{}", user), values);
}

// Calls `each` with blocks of users and where they begin; the next block is made meanwhile.
template <typename Each>
Result<void> for_blocks_of_users(const Features& features, const Each& each) {
  const std::size_t users = features.users.size();
  const auto begin_making = [&](std::size_t begin) {
    return std::async(std::launch::async, features.of_users, begin,
                      std::min(begin + kBatchKeys, users));
  };
  std::future<UserFeatures> next;
  if (users > 0) next = begin_making(0);
  for (std::size_t begin = 0; begin < users; begin += kBatchKeys) {
    const UserFeatures block = next.get();
    const std::size_t count = std::min(kBatchKeys, users - begin);
    if (begin + count < users) next = begin_making(begin + count);
    if (block.hashes.size() != count || block.vectors.size() != count * features.user_dim)
      return Error{ErrorCode::kInvalidInput,
                   "features: users, their features and vectors differ in number"};
    if (auto done = each(begin, block); !done) return done;
  }
  return {};
}

Result<void> write_users(BatchWriter& writer, const VersionKeys& keys, const Features& features,
                         VectorEncoding encoding, Chain& chain) {
  std::vector<float> kept(features.user_dim);
  return for_blocks_of_users(
      features, [&](std::size_t begin, const UserFeatures& block) -> Result<void> {
        for (std::size_t i = 0; i < block.hashes.size(); ++i) {
          const std::string& user = features.users[begin + i];
          const auto values = std::span(block.vectors).subspan(i * kept.size(), kept.size());
          if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
            return Error{ErrorCode::kInvalidInput,
                         "features: a value of a user's vector is not finite"};
          const bool has =
              std::any_of(values.begin(), values.end(), [](float v) { return v != 0; });
          std::string bytes;
          if (has) {
            append_encoded(encoding, values, bytes);
            decode(encoding, bytes, kept);
          }
          add_user(chain, user, block.hashes[i],
                   has ? std::span<const float>(kept) : std::span<const float>());
          auto added = writer.add(keys.user_features(user), text_of(block.hashes[i]));
          if (added && has) added = writer.add(keys.user_vector(user), std::move(bytes));
          if (!added) return added;
        }
        return {};
      });
}

Result<void> read_users(const EmbeddingStore& store, const VersionKeys& keys,
                        VectorEncoding encoding, std::size_t dim,
                        std::span<const std::string> users, Chain& chain) {
  std::vector<std::string> names;
  std::vector<std::string> vectors;
  for (const auto& user : users) {
    names.push_back(keys.user_features(user));
    vectors.push_back(keys.user_vector(user));
  }
  auto hashes = read_hashes(store, names);
  if (!hashes) return hashes.error();
  auto values = store.read(vectors);
  if (!values) return values.error();
  std::vector<float> kept(dim);
  for (std::size_t i = 0; i < users.size(); ++i) {
    const auto& value = (*values)[i];
    if (value && value->size() != encoded_bytes(encoding, dim))
      return Error{ErrorCode::kCorrupt, vectors[i] + ": has another length"};
    if (value) decode(encoding, *value, kept);
    add_user(chain, users[i], (*hashes)[i].value_or(FeatureHash()),
             value ? std::span<const float>(kept) : std::span<const float>());
  }
  return {};
}

// Calls `each` with blocks of at most kBatchKeys ids.
template <typename Each>
Result<void> for_blocks(const std::vector<std::string>& ids, const Each& each) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kBatchKeys) {
    const auto block = std::span(ids).subspan(begin, std::min(kBatchKeys, ids.size() - begin));
    if (Result<void> done = each(block); !done) return done;
  }
  return {};
}

}  // namespace

Result<json> describe_features(const Features& features) {
  for (const auto& user : features.users) {
    if (user.empty() || user.find('\n') != std::string::npos)
      return Error{ErrorCode::kInvalidInput, "features: a user id is empty or has a line end"};
  }
  return json{{"users", features.users.size()},
              {"user_dim", features.user_dim},
              {"user_bytes", lines_of(features.users).size()}};
}

Result<void> write_features(BatchWriter& writer, const VersionKeys& keys, const Features& features,
                            const std::vector<std::string>& items, VectorEncoding encoding,
                            json& described) {
  Chain chain;
  std::size_t known = 0;
  auto written = for_blocks(items, [&](std::span<const std::string> ids) -> Result<void> {
    const auto hashes = features.of_items(ids);
    if (hashes.size() != ids.size())
      return Error{ErrorCode::kInvalidInput, "features: items and their features differ in number"};
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (hashes[i].empty()) continue;
      ++known;
      std::string text = text_of(hashes[i]);
      chain.add(fmt::format("f:{}", ids[i]), text);
      auto added = writer.add(keys.item_features(ids[i]), std::move(text));
      if (!added) return added;
    }
    return {};
  });
  if (written) written = write_users(writer, keys, features, encoding, chain);
  if (!written) return written;
  described["items"] = known;
  described["sha256"] = chain.digest();
  return {};
}

Result<void> check_features(const EmbeddingStore& store, const VersionKeys& keys,
                            const json& manifest, const std::vector<std::string>& items) {
  const json& described = manifest.at("features");
  auto encoding = encoding_of_name(manifest.value("encoding", "float32"));
  if (!encoding) return encoding.error();
  auto lines = read_chunks(store, keys.users(), described.at("user_bytes").get<std::size_t>());
  if (!lines) return lines.error();
  Chain chain;
  auto read = for_blocks(items, [&](std::span<const std::string> ids) -> Result<void> {
    std::vector<std::string> names;
    for (const auto& id : ids) names.push_back(keys.item_features(id));
    auto hashes = read_hashes(store, names);
    if (!hashes) return hashes.error();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if ((*hashes)[i]) chain.add(fmt::format("f:{}", ids[i]), text_of(*(*hashes)[i]));
    }
    return {};
  });
  const auto dim = described.at("user_dim").get<std::size_t>();
  if (read)
    read = for_blocks(ids_of(*lines), [&](std::span<const std::string> users) {
      return read_users(store, keys, *encoding, dim, users, chain);
    });
  if (!read) return read;
  if (chain.digest() != described.at("sha256").get<std::string>())
    return Error{ErrorCode::kCorrupt, "its features do not have the recorded hash"};
  return {};
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
