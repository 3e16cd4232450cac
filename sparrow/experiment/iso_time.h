// Times as experiments write them: "2026-11-30T10:00:00Z".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sparrow::experiment {

inline constexpr std::int64_t kDayMs = 86'400'000;

// "YYYY-MM-DD", "YYYY-MM-DDTHH:MM:SSZ", or the latter with up to three digits of a second behind a
// point; UTC, the years 1970 to 9999. Milliseconds since 1970.
std::optional<std::int64_t> parse_iso(std::string_view text);
// "2026-11-30T10:00:00Z", with ".250" where there are milliseconds.
std::string iso_time(std::int64_t ms);
// "2026-11-30", the UTC day of a time.
std::string iso_day(std::int64_t ms);

}  // namespace sparrow::experiment
