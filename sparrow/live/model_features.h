// features_of(): what is published beside a model's vectors, from the prepared data.
#pragma once

#include "sparrow/data/dataset.h"
#include "sparrow/model/model.h"
#include "sparrow/store/features.h"

namespace sparrow::live {

// Items: ratings, mean_rating, rating_deviation, year, genres ("A|B"). Users: ratings, mean_rating,
// rating_deviation, mean_year, year_deviation, genres (five most watched). A user's vector is the
// mean of the vectors of what they watched, weighted by their ratings; items without a vector do
// not count. Both arguments must outlive what is returned.
store::Features features_of(const data::Dataset& dataset, const model::Model& model,
                            std::size_t threads);

}  // namespace sparrow::live
