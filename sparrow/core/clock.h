// The time of day as text.
#pragma once

#include <cstdint>
#include <string>

namespace sparrow {

// "2026-11-24T10:00:00Z", now.
std::string utc_now();

// Milliseconds since 1970, UTC.
std::int64_t now_ms();

}  // namespace sparrow
