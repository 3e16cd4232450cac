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

// kMovieLens: brackets hold a year, other languages and a.k.a. forms. kPlain: a year only; what
// else is in brackets belongs to the title ("Widget (red)").
enum class TitleForm { kMovieLens, kPlain };

// "City of Lost Children, The (Cité des enfants perdus, La) (1995)" -> The City of Lost Children,
// 1995, {La Cité des enfants perdus}. Year ranges give their first year.
ParsedTitle parse_title(std::string_view raw, TitleForm form = TitleForm::kMovieLens);

// Without HTML entities ("&amp;", "&#39;"), control characters and spaces at the ends.
std::string clean_title(std::string_view raw);

// "1999", "1999.0", "1999-03-31", "31-Mar-1999", "1999-2003", "(1999)" -> 1999; 0 when it is none.
int year_of_text(std::string_view text);

}  // namespace sparrow::data
