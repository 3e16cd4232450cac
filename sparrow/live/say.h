// What a running server tells whoever started it: one line of plain text at a time.
#pragma once

#include <functional>
#include <string>

namespace sparrow::live {

using Say = std::function<void(const std::string& line)>;

}  // namespace sparrow::live
