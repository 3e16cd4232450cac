// Text folding for search and title matching.
#pragma once

#include <string>
#include <string_view>

namespace sparrow {

// Lower case, accents removed (Unicode NFKD without marks, case-folded; utf8proc), every run of
// what is neither letter nor digit becomes one space, none at the ends. Bytes that are no UTF-8
// count as separators.
std::string fold_text(std::string_view text);

// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace sparrow
