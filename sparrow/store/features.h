// Features: what ranking and other programs want to know of items and users beside the vectors.
// Published with a model's version, read back through ModelStore.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace sparrow::store {

// Field -> value, both text: "ratings" -> "215".
using FeatureHash = std::map<std::string, std::string>;

struct Features {
  std::map<std::string, FeatureHash> items;  // by item id; ids that the model lacks are left out
  std::vector<std::string> users;            // ids
  std::vector<FeatureHash> user_features;    // one a user
  std::size_t user_dim = 0;
  std::vector<float> user_vectors;  // users x user_dim; a zero row: the user has none

  bool operator==(const Features&) const = default;
};

}  // namespace sparrow::store
