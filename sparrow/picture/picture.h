// Picture: what is in a JPEG, PNG or WebP file, upright, and the way back to a small WebP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"

namespace sparrow::picture {

// A larger file, or one with more pixels, is refused before it is decoded.
inline constexpr std::size_t kMostFileBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMostPixels = 100'000'000;

struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::string rgb;  // height x width x 3, a byte a channel
};

// Decodes a file's bytes. Transparent pixels lie on white; a photograph is turned as its EXIF
// orientation says. A JPEG much wider than `enough_width` is decoded at a half, a quarter or an
// eighth, which is faster and not below that width. Error kInvalidInput saying what is wrong.
Result<Picture> decode(std::string_view bytes, std::size_t enough_width);

// The mean color of each of width x height equal parts of a picture; neither is more than the
// picture has. O(pixels).
Picture scaled(const Picture& picture, std::size_t width, std::size_t height);

// As large as fits into width x height, of the same form; never larger than it is.
Picture fitted(const Picture& picture, std::size_t width, std::size_t height);

// A WebP file; `quality` from 0 to 100. Error kExhausted when there is no memory for it.
Result<std::string> webp_of(const Picture& picture, float quality);

}  // namespace sparrow::picture
