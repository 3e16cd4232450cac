#include "sparrow/data/catalog.h"

#include <fmt/format.h>

#include "sparrow/core/result.h"

namespace sparrow::data {

std::string title_and_year(const Item& item) {
  return item.year == 0 ? item.title : fmt::format("{} ({})", item.title, item.year);
}

Catalog::Catalog(std::vector<Item> items) : items_(std::move(items)) {
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
