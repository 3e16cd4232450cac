#include "sparrow/data/catalog_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/attribute_kinds.h"
#include "sparrow/data/item_json.h"
#include "sparrow/data/list_cells.h"
#include "sparrow/data/title.h"

namespace sparrow::data {

Item* CatalogBuilder::find_item(std::string_view id) {
  const Row row = rows_.find(id);
  return row == kNoRow ? nullptr : &items_[row];
}

ItemColumns CatalogBuilder::columns_of(const TableFile& file, const ColumnMapping& mapping) {
  ItemColumns columns;
  columns.id = *mapping.find("id");
  columns.title = mapping.find("title");
  columns.year = mapping.find("year");
  columns.tags = mapping.find("tags");
  for (std::size_t c = 0; c < file.columns.size(); ++c) {
    if (c == columns.id || columns.title == c || columns.year == c || columns.tags == c) continue;
    if (file.columns[c] == file.filter.column) continue;
    std::string name = file.columns[c];
    if (is_item_member(name) && !schema_.find(name)) name += "_column";  // "id" beside the id
    AttributeKind kind = AttributeKind::kText;
    for (const auto& [role, column] : mapping.roles) {
      if (column != c) continue;
      if (role == "authors")
        kind = AttributeKind::kPeople;
      else
        name = role;  // a well-known name
    }
    columns.attributes.emplace_back(c, schema_.add(name, kind));
  }
  return columns;
}

void CatalogBuilder::drop(std::string_view column, std::string_view value) {
  if (faults_.dropped_values++ == 0)
    faults_.example = fmt::format("{} \"{}\"", column, value.substr(0, 64));
}

void CatalogBuilder::set_title(Item& item, std::string_view raw, TitleForm form) {
  item.raw_title = clean_title(raw);
  if (item.raw_title != trim(raw)) ++faults_.cleaned_titles;
  ParsedTitle parsed = parse_title(item.raw_title, form);
  if (item.year == 0) item.year = parsed.year;
  item.title = parsed.title.empty() ? item.id : std::move(parsed.title);
  item.alternative_titles = std::move(parsed.alternative_titles);
}

std::string CatalogBuilder::add_record(const Fields& fields, const ItemColumns& columns) {
  if (columns.id >= fields.size()) return fmt::format("only {} fields", fields.size());
  std::string storage;
  const std::string_view id = formed_id(fields[columns.id], columns.id_form, storage);
  if (const auto problem = id_problem(id); !problem.empty()) return std::string(problem);
  if (rows_.find(id) != kNoRow) return fmt::format("item {} is there already", id);
  Item item;
  item.id = id;
  const auto cell = [&](std::optional<std::size_t> column) {
    return column && *column < fields.size() ? trim(fields[*column]) : std::string_view();
  };
  if (const auto year = cell(columns.year); !year.empty()) {
    item.year = year_of_text(year);
    if (item.year == 0) drop("year", year);
  }
  set_title(item, is_utf8(cell(columns.title)) ? cell(columns.title) : std::string_view(),
            columns.title_form);
  for (const auto& [column, attribute] : columns.attributes) {
    const auto value = cell(column);
    if (is_utf8(value))
      item.set(attribute, std::string(value));
    else
      drop(schema_[attribute].name, "not UTF-8");
  }
  rows_.add(id);
  items_.push_back(std::move(item));
  if (columns.tags) {
    raw_tags_.resize(items_.size());
    raw_tags_.back() = cell(columns.tags);
  }
  return {};
}

void CatalogBuilder::add_bare(std::string_view id, std::string_view title) {
  rows_.add(id);
  Item item;
  item.id = id;
  set_title(item, title.empty() ? id : title, TitleForm::kPlain);
  items_.push_back(std::move(item));
}

std::string CatalogBuilder::add_tag(std::string_view user, std::string_view item,
                                    std::string_view tag) {
  const Row row = rows_.find(trim(item));
  if (row == kNoRow) {
    ++unknown_item_rows_;
    return fmt::format("item \"{}\" is not in the catalogue", item.substr(0, 64));
  }
  if (!is_utf8(tag)) return "the tag is not UTF-8";
  std::string folded = fold_text(tag);
  if (folded.empty()) folded = std::string(trim(tag));
  if (folded.empty()) return "the tag is empty";
  taggers_.resize(items_.size());
  taggers_[row][folded].insert(std::string(user));
  ++tag_rows_;
  return {};
}

void CatalogBuilder::settle_tags() {
  const std::vector<std::string_view> cells(raw_tags_.begin(), raw_tags_.end());
  const ListForm form = find_list_form(cells, ListExpected::kYes);
  for (std::size_t row = 0; row < raw_tags_.size(); ++row) {
    for (const auto& tag : split_cell(raw_tags_[row], form)) {
      std::string folded = fold_text(tag);
      auto& tags = items_[row].tags;
      const bool there =
          std::any_of(tags.begin(), tags.end(), [&](const TagCount& t) { return t.tag == folded; });
      if (folded.empty() || there) continue;
      tags.push_back({std::move(folded), 1});
      ++tag_rows_;
    }
  }
  for (std::size_t row = 0; row < taggers_.size(); ++row) {
    for (const auto& [tag, users] : taggers_[row]) {
      items_[row].tags.push_back({tag, static_cast<std::uint32_t>(users.size())});
    }
    std::sort(items_[row].tags.begin(), items_[row].tags.end(),
              [](const TagCount& a, const TagCount& b) {
                return a.count != b.count ? a.count > b.count : a.tag < b.tag;
              });
  }
}

Catalog CatalogBuilder::take_catalog() {
  settle_tags();
  rows_.take_ids();
  faults_.dropped_values += settle_attributes(items_, schema_);
  return Catalog(std::move(items_), std::move(schema_));
}

}  // namespace sparrow::data
