// The time of day as text.
#pragma once

#include <string>

namespace sparrow {

// "2026-11-24T10:00:00Z", now.
std::string utc_now();

}  // namespace sparrow
