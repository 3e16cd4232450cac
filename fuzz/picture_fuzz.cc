// Bytes that are taken as a picture have as many bytes as pixels, and become a small one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/picture/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace picture = sparrow::picture;
  const auto decoded = picture::decode({reinterpret_cast<const char*>(data), size}, 64);
  if (!decoded) return 0;
  if (decoded->width == 0 || decoded->rgb.size() != 3 * decoded->width * decoded->height)
    std::abort();
  const auto small = picture::fitted(*decoded, 16, 16);
  if (small.width > 16 || small.height > 16 || small.rgb.size() != 3 * small.width * small.height)
    std::abort();
  return 0;
}
