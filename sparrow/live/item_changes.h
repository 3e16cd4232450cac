// What a request may do to the catalogue: items as the API takes them and HOME/items.jsonl keeps
// them (data/item_json.h has the form of an item itself).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/result.h"
#include "sparrow/data/item_json.h"
#include "sparrow/http/query.h"

namespace sparrow::live {

enum class ItemState { kShown, kHidden, kRemoved };
const char* item_state_name(ItemState state);

// An item as it is to be from now on.
struct ItemRecord {
  data::Item item;
  ItemState state = ItemState::kShown;
};

// What one request asks for. `json`: the whole item (kPut), the members that change (kPatch,
// RFC 7396: null takes a member away), or nothing (kRemove).
struct ItemChange {
  enum class Kind { kPut, kPatch, kRemove };
  Kind kind = Kind::kPut;
  std::string id;
  nlohmann::json json;
};

struct ItemsChanged {
  std::uint64_t revision = 0;  // of the catalogue, counted from 1 in this process
  bool live = false;           // false: accepted and kept, but not in answers yet
  std::vector<ItemState> states;
  std::vector<std::uint8_t> created;
};

using Bounds = data::ItemBounds;

// Fills `record` from a whole item; `id` is that of the path, empty where the JSON must have it.
// What is wrong names the member. Attributes that `schema` lacks are added to it.
std::optional<http::ParameterError> read_item(const nlohmann::json& json, const std::string& id,
                                              Bounds bounds, data::Schema& schema,
                                              ItemRecord& record);
nlohmann::json item_to_json(const ItemRecord& record, const data::Schema& schema);

// The record after the change; `before` may be null (then kPatch and kRemove are kNotFound).
Result<ItemRecord> apply_change(const ItemRecord* before, const ItemChange& change,
                                data::Schema& schema);

}  // namespace sparrow::live
