// what_if(): what a change of rules would do to the lists before anybody sees it.
#pragma once

#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "sparrow/rank/recommender.h"

namespace sparrow::rank {

struct WhatIf {
  struct Example {
    Row seed = kNoRow;
    std::vector<Row> gone;
    std::vector<Row> fresh;
  };
  std::size_t seeds = 0;          // looked at
  std::size_t seeds_changed = 0;  // with another first ten
  double coverage_before = 0;     // share of items in at least one of the lists
  double coverage_after = 0;
  double popularity_shift = 0;                // of the mean popularity percentile
  std::map<std::string, double> genre_shift;  // of each genre's share of all list places
  std::size_t short_lists = 0;                // lists that then hold fewer than ten
  std::vector<Example> examples;              // those that change most, at most 20
};

struct WhatIfLimits {
  std::size_t max_seeds = 2000;
  std::chrono::milliseconds time{2000};  // no list is begun after it
  std::stop_token stop;                  // nor after this
};

// Compares the first ten of items spread over the catalogue, with the rules of `usual` (may be
// null) and with `after`; everything else is as `usual` has it. O(seeds * list); WhatIf::seeds says
// how many were looked at.
WhatIf what_if(const Recommender& recommender, const recall::ItemFacts& facts, const Request& usual,
               const Rules& after, const WhatIfLimits& limits = {});

// As the API answers it (docs/api/openapi.json, WhatIf), with the titles of the examples.
nlohmann::json what_if_json(const WhatIf& what_if, const data::Catalog& catalog);

}  // namespace sparrow::rank
