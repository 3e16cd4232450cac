#include "sparrow/data/catalog.h"

#include "sparrow/core/result.h"

namespace sparrow::data {

Catalog::Catalog(std::vector<Item> items, Schema schema)
    : items_(std::move(items)), schema_(std::move(schema)) {
  rows_.reserve(items_.size());
  for (Row row = 0; row < items_.size(); ++row) {
    SPARROW_CHECK(rows_.emplace(items_[row].id, row).second);
  }
}

std::optional<Row> Catalog::find(std::string_view id) const {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

}  // namespace sparrow::data
