// Content vectors: what an item is, as one sparse TF-IDF vector made of weighted blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/data/catalog.h"
#include "sparrow/embed/number_bins.h"
#include "sparrow/model/extension.h"
#include "sparrow/model/model.h"

namespace sparrow::embed {

class TextTable;
struct DenseBlock;

// Vectors from elsewhere (of texts, images, another model) as one more block of
// content.
struct ImportedBlock {
  std::string name;
  float weight = 1;
  Embeddings vectors;  // rows of the catalogue x dim; a zero row: the item has none
  // Of vectors that may be others under the same name; kept in the manifest.
  std::string fingerprint = {};
};

// Weight of each block in the cosine of two items that have all of them. A block that an item lacks
// lowers that item's richness; so does one of the first five that the whole catalogue lacks.
struct ContentOptions {
  float genres = 1;
  float audience = 0.6F;  // for children or not, by the genres Children, Family, Kids
  float tags = 1.5F;      // users' tags and the catalogue's keywords: phrases and their words
  float title = 0.5F;     // words found in two or more titles, without numerals
  float year = 0.5F;      // triangular 5-year bins
  float directors = 0.7F;
  float actors = 0.7F;
  float countries = 0.3F;
  float text = 1;           // words of the synopsis
  float attributes = 0.7F;  // each further attribute of names: a brand, a colour, a list of makers
  float genome = 2;         // MovieLens tag genome, relevance above its item's mean
  std::vector<ImportedBlock> imported;
  // Texts as vectors (text_content.h): by a table of token vectors, or made
  // elsewhere. They do not count in an item's richness: every item with a title
  // has a sentence.
  std::shared_ptr<const TextTable> text_table;
  std::optional<ImportedBlock> text_vectors;
  float sentence = 1;
  float description = 1.25F;
  std::size_t threads = 0;
};

struct ContentVectors {
  std::size_t features = 0;
  std::vector<std::uint32_t> indptr{0};  // items + 1
  std::vector<std::uint32_t> indices;    // ascending within an item
  std::vector<float> values;
  Embeddings dense;           // items x dim, or none; sparse and dense part together of length 1
  std::vector<float> weight;  // per item: sum of the weights of the blocks it has
  float full_weight = 0;      // of all blocks that occur, at least that of the first five
  struct BlockSummary {
    std::string name;
    float weight = 0;
    std::size_t items = 0;  // that have it
  };
  std::vector<BlockSummary> blocks;
  std::string vocabulary;  // JSON (docs/formats.md): what place_content() needs
                           // for further items
};

// Each block: (1 + ln tf) * ln(n / df), length 1 (sublinear TF-IDF; Salton & Buckley 1988); blocks
// enter with the square root of their weight; the whole has length 1. Imported vectors are centred
// (so that what all items share says nothing) and cut to their 64 principal components. O(words in
// the catalogue).
ContentVectors build_content(const data::Catalog& catalog, const ContentOptions& options);

// Adds the content and its vocabulary.
void add_content(model::Model& model, const ContentVectors& content);

// ContentPlacer: the content of an item that the model was not trained with, in the model's own
// features and weights: what build_content() would give it, but for words that the model has not
// seen and a tag genome. Immutable; safe for use by several threads.
class ContentPlacer {
 public:
  // `table` (may be null; must outlive this) places the texts of models that were trained with it.
  // Errors: kNotFound when the model carries no vocabulary (trained by an older program), kCorrupt.
  static Result<ContentPlacer> open(const model::Model& model, const TextTable* table = nullptr);
  ContentPlacer(ContentPlacer&&) noexcept;
  ContentPlacer& operator=(ContentPlacer&&) noexcept;
  ~ContentPlacer();
  // `schema`: of the item's values.
  model::ItemContent place(const data::Item& item, const data::Schema& schema) const;
  // The model's texts cannot be placed: it was trained with a table that is not here.
  bool lacks_table() const { return table_ == nullptr && !dense_.empty(); }

 private:
  ContentPlacer();
  struct Block {
    std::string name;
    float weight = 0;
    std::uint32_t offset = 0;
    std::unordered_map<std::string, std::pair<std::uint32_t, float>> terms;  // feature, idf
    std::optional<NumberScale> scale;                                        // of numbers
  };
  std::vector<Block> blocks_;
  std::vector<DenseBlock> dense_;
  const TextTable* table_ = nullptr;  // the one that the model was trained with; or null
  float full_weight_ = 0;
};

}  // namespace sparrow::embed
