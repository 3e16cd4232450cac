// W3C Trace Context (https://www.w3.org/TR/trace-context-1/), the header `traceparent`: which trace
// a request belongs to. continue_trace() makes of the caller's value the one that this server
// passes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sparrow::http {

// Whether this is a value that the specification allows, of this version or of one to come.
bool is_traceparent(std::string_view value);

// The same trace with `span` (not 0) as its parent: what calls made for this request say, and what
// the log says of it. Empty when `value` is no traceparent: no trace is begun here.
std::string continue_trace(std::string_view value, std::uint64_t span);

// Of a value that is_traceparent() allows.
inline std::string_view trace_id(std::string_view value) { return value.substr(3, 32); }
inline std::string_view span_id(std::string_view value) { return value.substr(36, 16); }

}  // namespace sparrow::http
