// The controls of a list as keyword arguments, by the names that they have in the HTTP API.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model.h"
#include <nanobind/nanobind.h>

#include "sparrow/rank/recommender.h"

namespace sparrow::python {

// Throws Failure (kNotFound) when the catalogue lacks it.
Row row_of(const data::Catalog& catalog, const std::string& id);

// seeds: ids and weights; a negative weight means "not like this". `controls` holds size, offset,
// popularity, diversity, min_score, filter, exclude, pin, boosts, channels, same_series,
// max_per_genre, max_per_series, max_per_person, each optional. Needs the GIL; the model's facts
// have been made. Throws Failure naming the control.
rank::Request read_request(const ModelHandle& handle,
                           const std::vector<std::pair<std::string, float>>& seeds,
                           const nanobind::dict& controls);

}  // namespace sparrow::python
