// Item: what is known of one item, and Schema: which typed attributes the items of a catalogue
// have. Films, books and goods differ only in their attributes: readers name them, everybody else
// asks for them by position. Some names are well known (genres, directors, text, ...): they stand
// at the front of every schema, so that code that means them needs no look-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sparrow/core/row.h"

namespace sparrow::data {

// What the values of an attribute are, and so how they are kept: a number as double, lists of names
// as such, everything else as text.
enum class AttributeKind { kCategory, kCategories, kNumber, kText, kDate, kPeople, kLink };

// "category", "categories", "number", "text", "date", "people", "link": as files and the API have
// it.
const char* attribute_kind_name(AttributeKind kind);
std::optional<AttributeKind> attribute_kind_of_name(std::string_view name);
// Whether a value is a list of names.
inline bool keeps_names(AttributeKind kind) {
  return kind == AttributeKind::kCategories || kind == AttributeKind::kPeople;
}
inline constexpr std::size_t kMaxCategory = 64;  // bytes of a text that is taken as a category

using AttributePosition = std::uint32_t;

// The well-known attributes and their positions in every schema.
inline constexpr AttributePosition kGenres = 0;
inline constexpr AttributePosition kDirectors = 1;
inline constexpr AttributePosition kActors = 2;
inline constexpr AttributePosition kKeywords = 3;
inline constexpr AttributePosition kCountries = 4;
inline constexpr AttributePosition kText = 5;    // synopsis, description
inline constexpr AttributePosition kImdbId = 6;  // digits as MovieLens has them: "0103064"
inline constexpr AttributePosition kTmdbId = 7;
inline constexpr AttributePosition kWellKnownAttributes = 8;

struct Attribute {
  std::string name;
  AttributeKind kind = AttributeKind::kText;
  bool operator==(const Attribute&) const = default;
};

// The attributes of a catalogue, in order of position. It only grows: positions stay valid.
class Schema {
 public:
  Schema();  // with the well-known attributes

  std::size_t size() const { return attributes_.size(); }
  const Attribute& operator[](AttributePosition position) const { return attributes_[position]; }
  std::optional<AttributePosition> find(std::string_view name) const;
  // The position of `name`; a new one with this kind when it was not there.
  AttributePosition add(std::string_view name, AttributeKind kind);
  void set_kind(AttributePosition position, AttributeKind kind) {
    attributes_[position].kind = kind;
  }
  bool operator==(const Schema&) const = default;

 private:
  std::vector<Attribute> attributes_;
};

// A free-text tag of an item, case-folded and trimmed, with the number of users who gave it.
struct TagCount {
  std::string tag;
  std::uint32_t count = 0;
  bool operator==(const TagCount&) const = default;
};

using Names = std::vector<std::string>;
using AttributeValue = std::variant<std::string, double, Names>;

struct ItemValue {
  AttributePosition attribute = 0;
  AttributeValue value;
  bool operator==(const ItemValue&) const = default;
};

struct Item {
  ItemId id;
  std::string title;              // as people read it: "The Matrix"
  std::string raw_title;          // as the file has it: "Matrix, The (1999)"
  Names alternative_titles;       // other languages, a.k.a.; for search
  int year = 0;                   // 0: unknown
  std::vector<ItemValue> values;  // of the attributes that it has, ascending positions
  std::vector<TagCount> tags;     // most given first
  bool operator==(const Item&) const = default;

  // nullptr where the item has none.
  const AttributeValue* find(AttributePosition attribute) const;
  // Empty where the item has none, or its value is of another kind.
  const Names& list(AttributePosition attribute) const;
  const std::string& text(AttributePosition attribute) const;
  std::optional<double> number(AttributePosition attribute) const;
  // An empty text or list takes the value away.
  void set(AttributePosition attribute, AttributeValue value);
};

// "The Matrix (1999)", or the title alone where the year is unknown.
std::string title_and_year(const Item& item);

// A number as people write it: "7", "12.5".
std::string number_text(double value);

// Calls visit(text) for each name of a list, or for the one text or number, until it returns true.
template <typename Visit>
bool any_text(const AttributeValue& value, const Visit& visit) {
  if (const auto* names = std::get_if<Names>(&value)) {
    for (const auto& name : *names) {
      if (visit(name)) return true;
    }
    return false;
  }
  if (const auto* number = std::get_if<double>(&value)) return visit(number_text(*number));
  return visit(std::get<std::string>(value));
}

}  // namespace sparrow::data
