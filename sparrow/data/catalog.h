// Catalog: what is known of each item. A Row is an item's position here, everywhere in Sparrow.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"
#include "sparrow/data/item.h"

namespace sparrow::data {

// MovieLens tag genome: relevance in 0..1 of every tag for the items that have one.
struct TagGenome {
  std::vector<std::string> tags;
  std::vector<Row> rows;  // items that have a genome, in the order of `relevance`'s rows
  Embeddings relevance;   // rows.size() x tags.size()
};

class Catalog {
 public:
  Catalog() = default;
  // Ids must be unique; `schema` is that of the items' values.
  explicit Catalog(std::vector<Item> items, Schema schema = {});

  std::size_t size() const { return items_.size(); }
  const Item& operator[](Row row) const { return items_[row]; }
  const std::vector<Item>& items() const { return items_; }
  std::optional<Row> find(std::string_view id) const;
  // The same, looked for first where another list of the same items has it.
  std::optional<Row> find(std::string_view id, Row there) const {
    return there < items_.size() && items_[there].id == id ? there : find(id);
  }
  const Schema& schema() const { return schema_; }

  TagGenome genome;  // empty where the data set has none

 private:
  std::vector<Item> items_;
  Schema schema_;
  std::unordered_map<std::string_view, Row> rows_;  // views into items_
};

}  // namespace sparrow::data
