// Texts as content: one sentence an item, and its description, embedded by a
// static table of token vectors. TF-IDF knows two items by the words that they
// share; a text row knows that "heist" and "robbery" are near.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/result.h"
#include "sparrow/data/catalog.h"
#include "sparrow/embed/content.h"

namespace sparrow::embed {

// "Title (year). Genre, Genre. tag, tag. keyword, keyword. Person, Person.
// description": the twelve tags most given. Empty where the item has none of
// them, or a title alone that is its id.
enum class TitleIn { kSentence, kNowhere };
std::string item_sentence(const data::Item& item, const data::Schema& schema, TitleIn title);

// One block of dense content: unit vectors from which the catalogue's mean was
// taken, of length 1 again; a zero row where an item has none.
struct DenseBlock {
  std::string name;  // "sentence", "description", "vectors"
  float weight = 1;
  TitleIn title = TitleIn::kSentence;
  std::vector<float> mean;
  Embeddings rows;

  std::size_t items() const;  // that have it
};

// The blocks that the options ask for; none without a table or vectors.
std::vector<DenseBlock> dense_blocks(const data::Catalog& catalog, const ContentOptions& options);

// What further items need: names, weights, means, and which table. And back,
// without rows.
nlohmann::json describe_dense(const std::vector<DenseBlock>& blocks, const TextTable* table);
std::vector<DenseBlock> dense_of_json(const nlohmann::json& json);

// The row of one item in one block; zero where it has none. out has the block's
// dimensions.
void embed_item(const data::Item& item, const data::Schema& schema, const DenseBlock& block,
                const TextTable& table, std::span<float> out);

}  // namespace sparrow::embed
