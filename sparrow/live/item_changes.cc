#include "sparrow/live/item_changes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/field_values.h"

namespace sparrow::live {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = std::size_t{16} * 1024;
constexpr std::size_t kMaxName = 512;
constexpr std::size_t kMaxNames = 100;

struct TextMember {
  const char* name;
  std::string data::Item::*member;
  std::size_t max_size;
};
constexpr std::array<TextMember, 5> kTexts = {{{"title", &data::Item::title, kMaxName},
                                               {"raw_title", &data::Item::raw_title, kMaxName},
                                               {"text", &data::Item::text, kMaxText},
                                               {"imdb_id", &data::Item::imdb_id, 32},
                                               {"tmdb_id", &data::Item::tmdb_id, 32}}};

struct ListMember {
  const char* name;
  std::vector<std::string> data::Item::*member;
};
constexpr std::array<ListMember, 6> kLists = {
    {{"alternative_titles", &data::Item::alternative_titles},
     {"genres", &data::Item::genres},
     {"directors", &data::Item::directors},
     {"actors", &data::Item::actors},
     {"keywords", &data::Item::keywords},
     {"countries", &data::Item::countries}}};

// Reads one item; the first error stays.
class Reader {
 public:
  Reader(const json& object, Bounds bounds) : object_(object), bounds_(bounds) {}
  std::optional<http::ParameterError> error;

  void fail(std::string_view name, std::string_view what) {
    if (!error)
      error = http::ParameterError{std::string(name), fmt::format("\"{}\" {}", name, what)};
  }

  bool good_text(const json& value, std::size_t max_size) const {
    if (!value.is_string()) return false;
    if (bounds_ == Bounds::kStored) return true;
    const auto& text = value.get_ref<const std::string&>();
    return text.size() <= max_size && is_utf8(text) &&
           std::none_of(text.begin(), text.end(), [](char c) {
             const auto byte = static_cast<unsigned char>(c);
             return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
           });
  }

  void text(const TextMember& m, data::Item& item) {
    if (!object_.contains(m.name)) return;
    if (!good_text(object_[m.name], m.max_size))
      return fail(m.name, fmt::format("must be a text of at most {} bytes without control "
                                      "characters",
                                      m.max_size));
    item.*m.member = object_[m.name].get<std::string>();
  }

  void list(const ListMember& m, data::Item& item) {
    if (!object_.contains(m.name)) return;
    const json& values = object_[m.name];
    const bool good = values.is_array() && values.size() <= max_names() &&
                      std::all_of(values.begin(), values.end(), [&](const json& v) {
                        return good_text(v, kMaxName) && !v.get_ref<const std::string&>().empty();
                      });
    if (!good)
      return fail(m.name, fmt::format("must be a list of at most {} texts of 1 to {} bytes",
                                      kMaxNames, kMaxName));
    item.*m.member = values.get<std::vector<std::string>>();
  }

  void year(data::Item& item) {
    if (!object_.contains("year")) return;
    const json& value = object_["year"];
    if (!value.is_number_integer() || value < 0 || value > 9999)
      return fail("year", "must be a whole number in 0..9999; 0: unknown");
    item.year = value.get<int>();
  }

  // "cyborg" or ["cyborg", 12]
  void tags(data::Item& item) {
    if (!object_.contains("tags")) return;
    const json& values = object_["tags"];
    const char* form = "must be a list of at most 100 tags: \"name\" or [\"name\", users]";
    if (!values.is_array() || values.size() > max_names()) return fail("tags", form);
    for (const json& value : values) {
      const bool pair = value.is_array() && value.size() == 2 && value[1].is_number_unsigned() &&
                        value[1] >= 1U && value[1] <= 1'000'000'000U;
      const json& name = pair ? value[0] : value;
      if (!good_text(name, kMaxName)) return fail("tags", form);
      const std::string folded = fold_text(name.get_ref<const std::string&>());
      if (folded.empty()) return fail("tags", form);
      item.tags.push_back({folded, pair ? value[1].get<std::uint32_t>() : 1U});
    }
    std::stable_sort(item.tags.begin(), item.tags.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
  }

  void attributes(data::Item& item) {
    if (!object_.contains("attributes")) return;
    const json& values = object_["attributes"];
    if (!values.is_object() || values.size() > max_names())
      return fail("attributes", "must be an object of at most 100 texts");
    for (const auto& [name, value] : values.items()) {
      if (name.empty() || name.size() > 64 || !good_text(value, kMaxName))
        return fail("attributes", "must be an object of texts of at most 512 bytes");
      item.attributes[name] = value.get<std::string>();
    }
  }

  void only_known() {
    for (const auto& [name, value] : object_.items()) {
      const auto same = [&n = name](const auto& m) { return n == m.name; };
      const bool known = name == "id" || name == "year" || name == "tags" || name == "attributes" ||
                         name == "hidden" || std::any_of(kTexts.begin(), kTexts.end(), same) ||
                         std::any_of(kLists.begin(), kLists.end(), same);
      if (!known) fail(name.substr(0, 64), "is no member of an item");
    }
  }

 private:
  std::size_t max_names() const { return bounds_ == Bounds::kStored ? SIZE_MAX : kMaxNames; }

  const json& object_;
  Bounds bounds_;
};

}  // namespace

const char* item_state_name(ItemState state) {
  return state == ItemState::kShown ? "shown" : state == ItemState::kHidden ? "hidden" : "removed";
}

std::optional<http::ParameterError> read_item(const json& object, const std::string& id,
                                              Bounds bounds, ItemRecord& record) {
  record = ItemRecord{};
  if (!object.is_object()) return http::ParameterError{"body", "an item is a JSON object"};
  Reader reader(object, bounds);
  reader.only_known();
  if (object.contains("id") && !object["id"].is_string()) reader.fail("id", "must be a text");
  if (reader.error) return reader.error;
  data::Item& item = record.item;
  item.id = object.contains("id") ? object["id"].get<std::string>() : id;
  if (!id.empty() && item.id != id) reader.fail("id", "is not the id of the path");
  if (const auto problem = data::id_problem(item.id); !problem.empty())
    reader.fail("id", fmt::format("is refused: {}", problem));
  for (const TextMember& m : kTexts) reader.text(m, item);
  for (const ListMember& m : kLists) reader.list(m, item);
  reader.year(item);
  reader.tags(item);
  reader.attributes(item);
  if (object.contains("hidden")) {
    if (!object["hidden"].is_boolean())
      reader.fail("hidden", "must be true or false");
    else if (object["hidden"].get<bool>())
      record.state = ItemState::kHidden;
  }
  if (data::trim(item.title).empty() && bounds == Bounds::kRequest)
    reader.fail("title", "is missing");
  return reader.error;
}

json item_to_json(const ItemRecord& record) {
  const data::Item& item = record.item;
  json object = {{"id", item.id}};
  for (const TextMember& m : kTexts) {
    if (!(item.*m.member).empty()) object[m.name] = item.*m.member;
  }
  for (const ListMember& m : kLists) {
    if (!(item.*m.member).empty()) object[m.name] = item.*m.member;
  }
  if (item.year != 0) object["year"] = item.year;
  for (const auto& tag : item.tags) object["tags"].push_back({tag.tag, tag.count});
  if (!item.attributes.empty()) object["attributes"] = item.attributes;
  if (record.state == ItemState::kHidden) object["hidden"] = true;
  return object;
}

Result<ItemRecord> apply_change(const ItemRecord* before, const ItemChange& change) {
  const bool there = before != nullptr && before->state != ItemState::kRemoved;
  if (change.kind != ItemChange::Kind::kPut && !there)
    return Error{ErrorCode::kNotFound,
                 fmt::format("there is no item \"{}\"", change.id.substr(0, 64))};
  if (change.kind == ItemChange::Kind::kRemove) {
    ItemRecord removed = *before;
    removed.state = ItemState::kRemoved;
    return removed;
  }
  json whole = change.json;
  if (change.kind == ItemChange::Kind::kPatch) {
    if (change.json.contains("title") && change.json["title"].is_null())
      return Error{ErrorCode::kInvalidInput, "\"title\" cannot be taken away"};
    whole = item_to_json(*before);
    whole.merge_patch(change.json);
  }
  ItemRecord record;
  const Bounds bounds =
      change.kind == ItemChange::Kind::kPatch ? Bounds::kStored : Bounds::kRequest;
  if (const auto wrong = read_item(whole, change.id, bounds, record); wrong)
    return Error{ErrorCode::kInvalidInput, wrong->message};
  return record;
}

}  // namespace sparrow::live
