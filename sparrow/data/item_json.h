// Items as JSON, the one form of catalog.jsonl, HOME/items.jsonl and the API (docs/formats.md):
// {"id", "title", "raw_title", "alternative_titles", "year", the well-known attributes by their
// names, "attributes": {NAME: text, number or list of names}, "tags": [["name", users], ...]}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sparrow/data/item.h"

namespace sparrow::data {

// kStored: of an item that was accepted before, or came with the prepared data: sizes are not
// judged.
enum class ItemBounds { kRequest, kStored };

struct ItemFault {
  std::string member;
  std::string message;  // "\"genres\" must be a list of ..."
};

// Members that are empty are left out.
nlohmann::json item_to_json(const Item& item, const Schema& schema);

// Fills `item`, which is empty, from an object. Attributes
// that the schema lacks are added to it, with the kind that their value shows.
std::optional<ItemFault> read_item(const nlohmann::json& object, ItemBounds bounds, Schema& schema,
                                   Item& item);

// Whether an item's JSON has a member of this name.
bool is_item_member(std::string_view name);

}  // namespace sparrow::data
