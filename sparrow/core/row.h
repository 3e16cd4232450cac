// ItemId is a string from outside; a Row is its dense number 0..n-1 inside.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace sparrow {

using ItemId = std::string;
using Row = std::uint32_t;
inline constexpr Row kNoRow = std::numeric_limits<Row>::max();

}  // namespace sparrow
