// What a client accepts, and what it has already (RFC 9110, 12.5.3 and 13.1.2).
#pragma once

#include <string_view>

namespace sparrow::http {

// Whether Accept-Encoding allows gzip: named or by "*", and not with q=0.
bool accepts_gzip(std::string_view accept_encoding);

// Whether If-None-Match, a list of entity tags or "*", has `etag` (in its quotes); "W/" before a
// tag makes no difference here.
bool has_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace sparrow::http
