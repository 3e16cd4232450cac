// JSON of answers: written by appending where they are made often, else from a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace sparrow::http {

// Appends `text` in quotes, escaped; also < > & as \u00XX, so that it is inert inside HTML. Bytes
// that are no UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, long long number);
// The whole value, in the same way.
std::string json_text(const nlohmann::json& value);

// How deep objects and lists stand in each other in a JSON text, sound or not.
std::size_t nesting_depth(std::string_view json);

}  // namespace sparrow::http
