// The map: every item as a point in two dimensions, near its neighbors.
#pragma once

#include <cstdint>

#include "sparrow/model/model.h"

namespace sparrow::embed {

// Adds the map laid out from the model's neighbor table by attraction
// along edges and repulsion from random points (as LargeVis, Tang et al. 2016, and UMAP, McInnes et
// al. 2018). Starts from smoothed
// random places. Deterministic for a seed. O(items * neighbors * epochs). Without a table: nothing.
void add_map(model::Model& model, std::uint64_t seed);

}  // namespace sparrow::embed
