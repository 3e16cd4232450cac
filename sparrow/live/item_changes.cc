#include "sparrow/live/item_changes.h"

#include <fmt/format.h>

#include "sparrow/data/field_values.h"

namespace sparrow::live {

using nlohmann::json;

const char* item_state_name(ItemState state) {
  return state == ItemState::kShown ? "shown" : state == ItemState::kHidden ? "hidden" : "removed";
}

std::optional<http::ParameterError> read_item(const json& object, const std::string& id,
                                              Bounds bounds, data::Schema& schema,
                                              ItemRecord& record) {
  record = ItemRecord{};
  if (!object.is_object()) return http::ParameterError{"body", "an item is a JSON object"};
  const auto fault = [](const std::string& name, std::string_view what) {
    return http::ParameterError{name, fmt::format("\"{}\" {}", name, what)};
  };
  for (const auto& [name, value] : object.items()) {
    if (name != "hidden" && !data::is_item_member(name))
      return fault(name.substr(0, 64), "is not a member of an item");
  }
  data::Item& item = record.item;
  data::Schema grown = schema;  // kept only when the whole item is sound
  if (auto wrong = data::read_item(object, bounds, grown, item))
    return http::ParameterError{std::move(wrong->member), std::move(wrong->message)};
  if (!object.contains("id")) item.id = id;
  if (!id.empty() && item.id != id) return fault("id", "is not the id of the path");
  if (const auto problem = data::id_problem(item.id); !problem.empty())
    return fault("id", fmt::format("is refused: {}", problem));
  if (object.contains("hidden")) {
    if (!object["hidden"].is_boolean()) return fault("hidden", "must be true or false");
    if (object["hidden"].get<bool>()) record.state = ItemState::kHidden;
  }
  if (data::trim(item.title).empty() && bounds == Bounds::kRequest)
    return fault("title", "is missing");
  schema = std::move(grown);
  return std::nullopt;
}

json item_to_json(const ItemRecord& record, const data::Schema& schema) {
  json object = data::item_to_json(record.item, schema);
  if (record.state == ItemState::kHidden) object["hidden"] = true;
  return object;
}

Result<ItemRecord> apply_change(const ItemRecord* before, const ItemChange& change,
                                data::Schema& schema) {
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
    whole = item_to_json(*before, schema);
    whole.merge_patch(change.json);
  }
  ItemRecord record;
  const Bounds bounds =
      change.kind == ItemChange::Kind::kPatch ? Bounds::kStored : Bounds::kRequest;
  if (const auto wrong = read_item(whole, change.id, bounds, schema, record); wrong)
    return Error{ErrorCode::kInvalidInput, wrong->message};
  return record;
}

}  // namespace sparrow::live
