// Splits of a log into what may be learned from and what must be predicted.
#pragma once

#include <cstdint>
#include <vector>

#include "sparrow/data/dataset.h"

namespace sparrow::data {

// A positive interaction and the next positive one of the same user.
struct NextPositive {
  std::uint32_t user = 0;
  Row from = 0;
  Row to = 0;
};

struct Split {
  Interactions training;
  std::vector<NextPositive> held_out;  // grouped by user, in time order
};

// Takes each user's last positive interaction out (users with two positives or more); `from` is the
// positive before it. Among equal times the later in input order is the last.
Split leave_last_out(const Interactions& interactions, float min_value);

// Takes a share of the users out whole; held_out are all their consecutive positives. Users are
// chosen by seed.
Split hold_out_users(const Interactions& interactions, double share, float min_value,
                     std::uint64_t seed);

}  // namespace sparrow::data
