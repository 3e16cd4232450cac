#include "sparrow/data/item.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace sparrow::data {
namespace {

constexpr std::array<std::pair<AttributeKind, const char*>, 7> kKindNames = {
    {{AttributeKind::kCategory, "category"},
     {AttributeKind::kCategories, "categories"},
     {AttributeKind::kNumber, "number"},
     {AttributeKind::kText, "text"},
     {AttributeKind::kDate, "date"},
     {AttributeKind::kPeople, "people"},
     {AttributeKind::kLink, "link"}}};

auto place_of(auto& values, AttributePosition attribute) {
  return std::lower_bound(
      values.begin(), values.end(), attribute,
      [](const ItemValue& v, AttributePosition position) { return v.attribute < position; });
}

bool is_empty(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* names = std::get_if<Names>(&value)) return names->empty();
  return false;
}

}  // namespace

const char* attribute_kind_name(AttributeKind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return name;
  }
  return "text";
}

std::optional<AttributeKind> attribute_kind_of_name(std::string_view name) {
  for (const auto& [kind, known] : kKindNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

Schema::Schema()
    : attributes_{
          {"genres", AttributeKind::kCategories},    {"directors", AttributeKind::kPeople},
          {"actors", AttributeKind::kPeople},        {"keywords", AttributeKind::kCategories},
          {"countries", AttributeKind::kCategories}, {"text", AttributeKind::kText},
          {"imdb_id", AttributeKind::kText},         {"tmdb_id", AttributeKind::kText}} {}

std::optional<AttributePosition> Schema::find(std::string_view name) const {
  for (AttributePosition position = 0; position < attributes_.size(); ++position) {
    if (attributes_[position].name == name) return position;
  }
  return std::nullopt;
}

AttributePosition Schema::add(std::string_view name, AttributeKind kind) {
  if (const auto known = find(name)) return *known;
  attributes_.push_back({std::string(name), kind});
  return static_cast<AttributePosition>(attributes_.size() - 1);
}

const AttributeValue* Item::find(AttributePosition attribute) const {
  const auto at = place_of(values, attribute);
  return at == values.end() || at->attribute != attribute ? nullptr : &at->value;
}

const Names& Item::list(AttributePosition attribute) const {
  static const Names none;
  const AttributeValue* value = find(attribute);
  const auto* names = value == nullptr ? nullptr : std::get_if<Names>(value);
  return names == nullptr ? none : *names;
}

const std::string& Item::text(AttributePosition attribute) const {
  static const std::string none;
  const AttributeValue* value = find(attribute);
  const auto* words = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return words == nullptr ? none : *words;
}

std::optional<double> Item::number(AttributePosition attribute) const {
  const AttributeValue* value = find(attribute);
  const auto* number = value == nullptr ? nullptr : std::get_if<double>(value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

void Item::set(AttributePosition attribute, AttributeValue value) {
  const auto at = place_of(values, attribute);
  const bool there = at != values.end() && at->attribute == attribute;
  if (is_empty(value)) {
    if (there) values.erase(at);
  } else if (there) {
    at->value = std::move(value);
  } else {
    values.insert(at, {attribute, std::move(value)});
  }
}

std::string title_and_year(const Item& item) {
  return item.year == 0 ? item.title : fmt::format("{} ({})", item.title, item.year);
}

std::string number_text(double value) { return fmt::format("{}", value); }

}  // namespace sparrow::data
