// Text folding for search and title matching.
#pragma once

#include <string>
#include <string_view>

namespace sparrow {

// Lower case, accents removed (Unicode NFKD without marks, case-folded; utf8proc), every run of
// what is neither letter nor digit becomes one space, none at the ends. Bytes that are no UTF-8
// count as separators.
std::string fold_text(std::string_view text);

// What makes two names of a genre, a brand or a person equal: lower case, accents removed, full and
// half width alike, runs of white space one space, none at the ends. Other signs stay: "C++" is not
// "C".
std::string fold_name(std::string_view text);

// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace sparrow
