#include "sparrow/data/item_json.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = std::size_t{16} * 1024;
constexpr std::size_t kMaxName = 512;
constexpr std::size_t kMaxNames = 100;
constexpr std::size_t kMaxLink = 32;  // bytes of imdb_id and tmdb_id

constexpr std::array<std::string_view, 7> kPlainMembers = {
    "id", "title", "raw_title", "alternative_titles", "year", "tags", "attributes"};

// Whole numbers without a decimal point.
json number_json(double value) {
  constexpr double kExact = 9e15;
  if (value == std::floor(value) && std::abs(value) < kExact)
    return static_cast<std::int64_t>(value);
  return value;
}

json value_json(const AttributeValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return number_json(*number);
  if (const auto* names = std::get_if<Names>(&value)) return *names;
  return std::get<std::string>(value);
}

// Reads one item; the first fault stays.
class Reader {
 public:
  Reader(const json& object, ItemBounds bounds) : object_(object), bounds_(bounds) {}
  std::optional<ItemFault> fault;

  void fail(std::string_view name, std::string_view what) {
    if (!fault) fault = ItemFault{std::string(name), fmt::format("\"{}\" {}", name, what)};
  }

  bool good_text(const json& value, std::size_t max_size) const {
    if (!value.is_string()) return false;
    if (bounds_ == ItemBounds::kStored) return true;
    const auto& text = value.get_ref<const std::string&>();
    return text.size() <= max_size && is_utf8(text) &&
           std::none_of(text.begin(), text.end(), [](char c) {
             const auto byte = static_cast<unsigned char>(c);
             return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
           });
  }

  bool good_names(const json& values) const {
    return values.is_array() && values.size() <= max_names() &&
           std::all_of(values.begin(), values.end(), [&](const json& v) {
             return good_text(v, kMaxName) && !v.get_ref<const std::string&>().empty();
           });
  }

  void text(const char* name, std::size_t max_size, std::string& to) {
    if (!object_.contains(name)) return;
    if (!good_text(object_[name], max_size))
      return fail(name, fmt::format("must be a text of at most {} bytes without control characters",
                                    max_size));
    to = object_[name].get<std::string>();
  }

  void names(const char* name, Names& to) {
    if (!object_.contains(name)) return;
    if (!good_names(object_[name]))
      return fail(name, fmt::format("must be a list of at most {} texts of 1 to {} bytes",
                                    kMaxNames, kMaxName));
    to = object_[name].get<Names>();
  }

  void well_known(const Schema& schema, Item& item) {
    for (AttributePosition a = 0; a < kWellKnownAttributes; ++a) {
      const char* name = schema[a].name.c_str();
      if (keeps_names(schema[a].kind)) {
        Names values;
        names(name, values);
        item.set(a, std::move(values));
      } else {
        std::string value;
        text(name, a == kText ? kMaxText : kMaxLink, value);
        item.set(a, std::move(value));
      }
    }
  }

  void year(Item& item) {
    if (!object_.contains("year")) return;
    const json& value = object_["year"];
    if (!value.is_number_integer() || value < 0 || value > 9999)
      return fail("year", "must be a whole number in 0..9999; 0: unknown");
    item.year = value.get<int>();
  }

  // "cyborg" or ["cyborg", 12]
  void tags(Item& item) {
    if (!object_.contains("tags")) return;
    const json& values = object_["tags"];
    const char* form = "must be a list of at most 100 tags: \"name\" or [\"name\", users]";
    if (!values.is_array() || values.size() > max_names()) return fail("tags", form);
    for (const json& value : values) {
      const bool pair = value.is_array() && value.size() == 2 && value[1].is_number_unsigned() &&
                        value[1] >= 1U && value[1] <= 1'000'000'000U;
      const json& name = pair ? value[0] : value;
      if (!good_text(name, kMaxName)) return fail("tags", form);
      std::string folded = fold_text(name.get_ref<const std::string&>());
      if (folded.empty() && bounds_ == ItemBounds::kStored) folded = name.get<std::string>();
      if (folded.empty()) return fail("tags", form);
      item.tags.push_back({folded, pair ? value[1].get<std::uint32_t>() : 1U});
    }
    std::stable_sort(item.tags.begin(), item.tags.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
  }

  void attributes(Schema& schema, Item& item) {
    if (!object_.contains("attributes")) return;
    const json& values = object_["attributes"];
    if (!values.is_object() || values.size() > max_names())
      return fail("attributes", fmt::format("must be an object of at most {} values", kMaxNames));
    for (const auto& [name, value] : values.items()) {
      const auto known = schema.find(name);
      if (name.empty() || (name.size() > kMaxCategory && bounds_ == ItemBounds::kRequest) ||
          (known && *known < kWellKnownAttributes))
        return fail("attributes",
                    fmt::format("must have names of 1 to {} bytes that are no member of an item; "
                                "\"{}\" is not one",
                                kMaxCategory, name.substr(0, kMaxCategory)));
      auto read = attribute(value, known ? std::optional(schema[*known].kind) : std::nullopt);
      if (!read)
        return fail("attributes",
                    fmt::format("must hold texts of at most {} bytes, numbers and lists of texts; "
                                "\"{}\" is {}",
                                kMaxName, name, known ? wanted(schema[*known].kind) : "none"));
      const AttributePosition at = known ? *known : schema.add(name, kind_of(*read));
      item.set(at, std::move(*read));
    }
  }

 private:
  static std::string wanted(AttributeKind kind) {
    return kind == AttributeKind::kNumber ? "a number in this catalogue, and this is none"
                                          : "none of them";
  }
  static AttributeKind kind_of(const AttributeValue& value) {
    if (std::holds_alternative<double>(value)) return AttributeKind::kNumber;
    if (std::holds_alternative<Names>(value)) return AttributeKind::kCategories;
    return std::get<std::string>(value).size() <= kMaxCategory ? AttributeKind::kCategory
                                                               : AttributeKind::kText;
  }

  // The value in the form that the kind keeps; without a kind, in the form that it has.
  std::optional<AttributeValue> attribute(const json& value,
                                          std::optional<AttributeKind> kind) const {
    const bool names = kind && keeps_names(*kind);
    if (value.is_array()) {
      if (!good_names(value) || (kind && !names)) return std::nullopt;
      return value.get<Names>();
    }
    if (value.is_number()) {
      const double number = value.get<double>();
      if (!kind || *kind == AttributeKind::kNumber) return number;
      return names ? AttributeValue(Names{number_text(number)})
                   : AttributeValue(number_text(number));
    }
    if (!good_text(value, bounds_ == ItemBounds::kRequest ? kMaxName : kMaxText))
      return std::nullopt;
    auto text = value.get<std::string>();
    if (kind == AttributeKind::kNumber) {
      double number = 0;
      if (!parse_number(text, number) || !std::isfinite(number)) return std::nullopt;
      return number;
    }
    return names ? AttributeValue(Names{std::move(text)}) : AttributeValue(std::move(text));
  }

  std::size_t max_names() const { return bounds_ == ItemBounds::kStored ? SIZE_MAX : kMaxNames; }

  const json& object_;
  ItemBounds bounds_;
};

}  // namespace

json item_to_json(const Item& item, const Schema& schema) {
  json object = {{"id", item.id}};
  if (!item.title.empty()) object["title"] = item.title;
  if (!item.raw_title.empty()) object["raw_title"] = item.raw_title;
  if (!item.alternative_titles.empty()) object["alternative_titles"] = item.alternative_titles;
  if (item.year != 0) object["year"] = item.year;
  for (const ItemValue& v : item.values) {
    const std::string& name = schema[v.attribute].name;
    (v.attribute < kWellKnownAttributes ? object[name] : object["attributes"][name]) =
        value_json(v.value);
  }
  for (const TagCount& tag : item.tags) object["tags"].push_back({tag.tag, tag.count});
  return object;
}

std::optional<ItemFault> read_item(const json& object, ItemBounds bounds, Schema& schema,
                                   Item& item) {
  Reader reader(object, bounds);
  if (!object.is_object()) {
    reader.fault = ItemFault{"body", "an item is a JSON object"};
    return reader.fault;
  }
  if (object.contains("id")) {
    if (!object["id"].is_string())
      reader.fail("id", "must be a text");
    else
      item.id = object["id"].get<std::string>();
  }
  reader.text("title", kMaxName, item.title);
  reader.text("raw_title", kMaxName, item.raw_title);
  reader.names("alternative_titles", item.alternative_titles);
  reader.well_known(schema, item);
  reader.year(item);
  reader.tags(item);
  reader.attributes(schema, item);
  return reader.fault;
}

bool is_item_member(std::string_view name) {
  static const Schema schema;
  const auto known = schema.find(name);
  return known.has_value() ||
         std::find(kPlainMembers.begin(), kPlainMembers.end(), name) != kPlainMembers.end();
}

}  // namespace sparrow::data
