// Titles and folding: any bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/core/text.h"
#include "sparrow/data/title.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = sparrow::data::parse_title(text);
  if (parsed.year < 0 || parsed.year > 9999) std::abort();
  const std::string folded = sparrow::fold_text(text);
  if (!sparrow::is_utf8(folded)) std::abort();
  return 0;
}
