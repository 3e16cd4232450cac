// How much a block of content has to say: measured on what people did, not typed in.
#pragma once

#include <cstddef>
#include <optional>

#include "sparrow/core/embeddings.h"
#include "sparrow/data/dataset.h"

namespace sparrow::embed {

// d' (Green and Swets 1966) of the cosines of `rows` (items x dim; a zero row: the item has none):
// by how many deviations pairs that one person liked in a row lie above pairs whose second items
// were exchanged, so that popular items count alike in both. nullopt: fewer than 200 such pairs.
// O(liked events + pairs x dim), at most 50,000 pairs; equal arguments give equal results.
std::optional<double> separation(const data::Dataset& dataset, const Embeddings& rows);

// Genres as vectors: 1 / sqrt(how many items have it) for each genre of an item. The 256 genres
// that most items have.
Embeddings genre_rows(const data::Catalog& catalog);

// The weight of a block beside genres, whose weight is `genre_weight`: in the proportion of what
// both separate, at most as much; where genres tell nothing, in proportion to half a deviation.
// `block` empty: too little behavior to tell, a tenth.
float weight_beside_genres(std::optional<double> block, std::optional<double> genres,
                           float genre_weight);

}  // namespace sparrow::embed
