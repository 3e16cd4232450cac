// extend(): a model with further items, and with other content for some it has, without training.
// New items have no behavior vector: they are placed by content, as items that nobody rated are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

// An item's content in the features of one model.
struct ItemContent {
  ItemId id;
  std::vector<std::uint32_t> features;  // ascending
  std::vector<float> values;
  std::vector<float> dense;  // in the model's dense content; empty: none. All of
                             // length 1, or empty
  float richness = 0;        // fourth root of the share of the block weights that the item has
};

// A copy of the model where each of `items` has this content: appended in their order when the
// model does not know the id. Statistics of a fusion are estimated for them alone; the neighbor
// table gets their rows, and they are entered into (or moved within) the rows of all others, which
// stay exact prefixes: where a place is lost, a row ends earlier (kNoRow). The version stays.
// O(model + items * model.items * dim). Errors: kInvalidInput for a model without content.
Result<Model> extend(const Model& model, std::span<const ItemContent> items);

}  // namespace sparrow::model
