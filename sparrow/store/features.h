// Features: what ranking and other programs want to know of items and users beside the vectors.
// Published with a model's version, read back through ModelStore. They are made when they are asked
// for: those of all users at once may need several times the memory of the model.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace sparrow::store {

// Field -> value, both text: "ratings" -> "215".
using FeatureHash = std::map<std::string, std::string>;

struct UserFeatures {
  std::vector<FeatureHash> hashes;  // one a user
  std::vector<float> vectors;       // users x Features::user_dim; a zero row: the user has none
};

// Equal arguments give equal features.
struct Features {
  // Of items by their ids, one each; empty: the item has none.
  std::function<std::vector<FeatureHash>(std::span<const std::string> ids)> of_items;
  std::vector<std::string> users;  // ids
  std::size_t user_dim = 0;
  // Of users[begin] to before users[end].
  std::function<UserFeatures(std::size_t begin, std::size_t end)> of_users;
};

}  // namespace sparrow::store
