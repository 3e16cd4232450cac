// join_rows(): training rows of the event log into a data set that was read from elsewhere.
#pragma once

#include <cstdint>

#include "sparrow/data/dataset.h"
#include "sparrow/events/training_rows.h"

namespace sparrow::events {

struct Joined {
  std::uint64_t rows = 0;
  std::uint64_t new_users = 0;
};

// Each row becomes an interaction of its user, at its time; users that the data set lacks follow
// those that it has. The value is at least what is liked: on a scale with an end (stars, points,
// percent) weights from 1 to kMostRowWeight go from `liked` to the end, elsewhere the value is the
// weight where that is liked, else `liked`. Rows of items that the catalogue lacks are left out.
// The data set is to be sealed anew. cost: O(interactions + rows log rows), memory: both once more.
Joined join_rows(data::Dataset& dataset, const TrainingRows& rows);

}  // namespace sparrow::events
