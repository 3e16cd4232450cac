#include "sparrow/data/catalog_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/attribute_kinds.h"
#include "sparrow/data/title.h"

namespace sparrow::data {

Item* CatalogBuilder::find_item(std::string_view id) {
  const Row row = rows_.find(id);
  return row == kNoRow ? nullptr : &items_[row];
}

std::string CatalogBuilder::add_movie(std::string_view id, std::string_view title,
                                      std::string_view genres) {
  if (const auto problem = id_problem(id); !problem.empty()) return std::string(problem);
  if (trim(title).empty()) return "the title is empty";
  if (!is_utf8(title) || !is_utf8(genres)) return "the text is not UTF-8";
  if (rows_.find(id) != kNoRow) return fmt::format("item {} is there already", id);
  rows_.add(id);
  Item item;
  item.id = std::string(id);
  item.raw_title = std::string(title);
  ParsedTitle parsed = parse_title(title);
  item.title = std::move(parsed.title);
  item.year = parsed.year;
  item.alternative_titles = std::move(parsed.alternative_titles);
  if (trim(genres) != "(no genres listed)") item.set(kGenres, split_list(genres, '|'));
  items_.push_back(std::move(item));
  return {};
}

std::string CatalogBuilder::fill_item(
    const Fields& fields, const std::vector<std::pair<std::string, std::size_t>>& columns) {
  Item item;
  for (const auto& [role, column] : columns) {
    if (column >= fields.size()) continue;
    const std::string_view cell = trim(fields[column]);
    if (!is_utf8(cell)) return fmt::format("column {} is not UTF-8", role);
    if (role == "id")
      item.id = std::string(cell);
    else if (role == "title")
      item.raw_title = std::string(cell);
    else if (role == "year") {
      if (!cell.empty() && !parse_number(cell, item.year))
        return fmt::format("the year \"{}\" is not a whole number", cell);
    } else if (role == "tags") {
      for (const auto& tag : split_list(cell, '|')) item.tags.push_back({fold_text(tag), 1});
      tag_rows_ += item.tags.size();
    } else {
      const AttributePosition at = schema_.add(role, AttributeKind::kText);
      const bool names = schema_[at].kind == AttributeKind::kCategories ||
                         schema_[at].kind == AttributeKind::kPeople;
      item.set(at,
               names ? AttributeValue(split_list(cell, '|')) : AttributeValue(std::string(cell)));
    }
  }
  if (const auto problem = id_problem(item.id); !problem.empty()) return std::string(problem);
  ParsedTitle parsed = parse_title(item.raw_title);
  if (item.year == 0) item.year = parsed.year;
  item.title = parsed.title.empty() ? item.id : parsed.title;
  item.alternative_titles = std::move(parsed.alternative_titles);
  if (rows_.find(item.id) != kNoRow) return fmt::format("item {} is there already", item.id);
  rows_.add(item.id);
  items_.push_back(std::move(item));
  return {};
}

std::string CatalogBuilder::add_tag(std::string_view user, std::string_view item,
                                    std::string_view tag) {
  const Row row = rows_.find(item);
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

Catalog CatalogBuilder::take_catalog() {
  for (std::size_t row = 0; row < taggers_.size(); ++row) {
    for (const auto& [tag, users] : taggers_[row]) {
      items_[row].tags.push_back({tag, static_cast<std::uint32_t>(users.size())});
    }
    std::sort(items_[row].tags.begin(), items_[row].tags.end(),
              [](const TagCount& a, const TagCount& b) {
                return a.count != b.count ? a.count > b.count : a.tag < b.tag;
              });
  }
  rows_.take_ids();
  settle_attributes(items_, schema_);
  return Catalog(std::move(items_), std::move(schema_));
}

}  // namespace sparrow::data
