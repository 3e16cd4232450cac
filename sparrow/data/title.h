// Titles as data sets write them, and as people read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sparrow::data {

struct ParsedTitle {
  std::string title;  // "The Matrix"
  int year = 0;       // 1999; 0: none given
  std::vector<std::string>
      alternative_titles;  // other languages and a.k.a. forms, articles in front
};

// "City of Lost Children, The (Cité des enfants perdus, La) (1995)" -> The City of Lost Children,
// 1995, {La Cité des enfants perdus}. Year ranges give their first year.
ParsedTitle parse_title(std::string_view raw);

}  // namespace sparrow::data
