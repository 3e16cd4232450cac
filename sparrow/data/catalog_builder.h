// CatalogBuilder: records of item files -> the items of a catalogue, with their tags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sparrow/data/catalog.h"
#include "sparrow/data/column_mapping.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/log_layout.h"
#include "sparrow/data/title.h"

namespace sparrow::data {

// Where a file keeps what items are made of. Columns without a role become attributes by their
// names.
struct ItemColumns {
  std::size_t id = 0;
  std::optional<std::size_t> title;
  std::optional<std::size_t> year;
  std::optional<std::size_t> tags;
  std::vector<std::pair<std::size_t, AttributePosition>> attributes;
  TitleForm title_form = TitleForm::kPlain;
  IdForm id_form = IdForm::kAsWritten;
};

// What a catalogue's cells held beside what was used.
struct CatalogFaults {
  std::uint64_t dropped_values = 0;  // optional fields that say nothing: a year "n/a"
  std::string example;               // the first of them
  std::uint64_t cleaned_titles = 0;  // HTML entities, control characters
};

// The adding functions return why a record is refused, or nothing.
class CatalogBuilder {
 public:
  // Gives attributes to the columns of a file that `mapping` leaves or names.
  ItemColumns columns_of(const TableFile& file, const ColumnMapping& mapping);
  std::string add_record(const Fields& fields, const ItemColumns& columns);
  // An item of which only the log knows.
  void add_bare(std::string_view id, std::string_view title);
  std::string add_tag(std::string_view user, std::string_view item, std::string_view tag);

  // nullptr when unknown.
  Item* find_item(std::string_view id);
  const IdTable& rows() const { return rows_; }
  std::uint64_t tag_rows() const { return tag_rows_; }
  std::uint64_t unknown_item_rows() const { return unknown_item_rows_; }
  const CatalogFaults& faults() const { return faults_; }

  // Moves the items out, tags attached, the most given first; attributes have the kinds and lists
  // the form that their values show; names that differ in case or accents only are written alike.
  Catalog take_catalog();

 private:
  void drop(std::string_view column, std::string_view value);
  void set_title(Item& item, std::string_view raw, TitleForm form);
  void settle_tags();

  std::vector<Item> items_;
  Schema schema_;
  IdTable rows_;
  std::vector<std::string> raw_tags_;  // per item: the cell of a column of tags
  std::vector<std::unordered_map<std::string, std::unordered_set<std::string>>>
      taggers_;  // per item: tag -> users
  std::uint64_t tag_rows_ = 0;
  std::uint64_t unknown_item_rows_ = 0;
  CatalogFaults faults_;
};

}  // namespace sparrow::data
