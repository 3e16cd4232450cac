// How much a block of content has to say: measured on what people did, not typed in.
#pragma once

#include <functional>
#include <optional>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"
#include "sparrow/data/dataset.h"

namespace sparrow::embed {

// d' (Green and Swets 1966) of a cosine of two items: by how many deviations pairs that one person
// liked in a row lie above pairs whose second items were exchanged, so that popular items count
// alike in both. Only items for which `has` is true are looked at. nullopt: fewer than 200 such
// pairs. O(liked events), and at most 100,000 cosines; equal arguments give equal results.
std::optional<double> separation(const data::Dataset& dataset, const std::function<bool(Row)>& has,
                                 const std::function<double(Row, Row)>& cosine);

// Of rows (items x dim); a zero row: the item has none.
std::optional<double> separation_of_rows(const data::Dataset& dataset, const Embeddings& rows);

// Of genres, each by 1 / sqrt(how many items have it).
std::optional<double> separation_of_genres(const data::Dataset& dataset);

// The weight of a block beside genres, whose weight is `genre_weight`: in the proportion of what
// both separate, at most as much; where genres tell nothing, in proportion to half a deviation.
// `block` empty: too little behavior to tell, a tenth.
float weight_beside_genres(std::optional<double> block, std::optional<double> genres,
                           float genre_weight);

}  // namespace sparrow::embed
