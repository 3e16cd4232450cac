// A tensor file that is accepted must come back equal when written again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      sparrow::model::parse_safetensors({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  const auto again = sparrow::model::parse_safetensors(sparrow::model::write_safetensors(*parsed));
  if (!again || *again != *parsed) std::abort();
  return 0;
}
