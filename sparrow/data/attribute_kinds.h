// The kind of an attribute, told by the values of many items: a price is a number, a brand a
// category, a description text.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sparrow/data/item.h"

namespace sparrow::data {

// `values` without the empty ones. kCategories and kPeople are not told here: lists are found
// before.
AttributeKind kind_of_values(std::span<const std::string_view> values);

// Gives every attribute the kind that its values show and the values that kind's form: lists are
// found (list_cells.h), numbers read, names that differ only in case, accents or width written as
// they are written most often. What does not fit its kind (a price "n/a") is dropped; returns how
// many values were.
std::size_t settle_attributes(std::vector<Item>& items, Schema& schema);

}  // namespace sparrow::data
