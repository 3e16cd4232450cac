// CatalogBuilder: records of item files -> the items of a catalogue, with their tags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sparrow/data/catalog.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/id_table.h"

namespace sparrow::data {

// The adding functions return why a record is refused, or nothing.
class CatalogBuilder {
 public:
  std::string add_movie(std::string_view id, std::string_view title, std::string_view genres);
  // A record of items.csv; columns: role and position.
  std::string fill_item(const Fields& fields,
                        const std::vector<std::pair<std::string, std::size_t>>& columns);
  std::string add_tag(std::string_view user, std::string_view item, std::string_view tag);

  // nullptr when unknown.
  Item* find_item(std::string_view id);
  const IdTable& rows() const { return rows_; }
  std::uint64_t tag_rows() const { return tag_rows_; }
  std::uint64_t unknown_item_rows() const { return unknown_item_rows_; }

  // Moves the items out, tags attached, the most given first; attributes have the kinds that their
  // values show.
  Catalog take_catalog();

 private:
  std::vector<Item> items_;
  Schema schema_;
  IdTable rows_;
  std::vector<std::unordered_map<std::string, std::unordered_set<std::string>>>
      taggers_;  // per item: tag -> users
  std::uint64_t tag_rows_ = 0;
  std::uint64_t unknown_item_rows_ = 0;
};

}  // namespace sparrow::data
