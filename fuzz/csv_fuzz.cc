// RFC 4180 records and .dat lines: no input may crash the reader or keep it from ending.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/core/text.h"
#include "sparrow/data/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sparrow::data::CsvReader reader(text);
  std::size_t position = 0;
  while (reader.next()) {
    if (reader.position() <= position) std::abort();
    position = reader.position();
    for (const auto field : reader.fields()) sparrow::is_utf8(field);
  }
  sparrow::data::split_dat(text);
  if (!sparrow::is_utf8(sparrow::data::latin1_to_utf8(text))) std::abort();
  return 0;
}
