// JSON written by appending: for answers that are made often.
#pragma once

#include <string>
#include <string_view>

namespace sparrow::serve {

// Appends `text` in quotes, escaped; also < > & as \u00XX, so that it is inert inside HTML. Bytes
// that are no UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, long long number);

}  // namespace sparrow::serve
