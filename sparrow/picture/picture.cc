#include "sparrow/picture/picture.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <libexif/exif-data.h>
#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

namespace sparrow::picture {
namespace {

Error refused(std::string why) { return {ErrorCode::kInvalidInput, std::move(why)}; }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Whether a picture of this size may be decoded.
Result<void> check_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return refused("a picture without pixels");
  if (width * height > kMostPixels)
    return refused(fmt::format("{} x {} pixels are more than the {} million that are read", width,
                               height, kMostPixels / 1'000'000));
  return {};
}

Picture empty_picture(std::size_t width, std::size_t height) {
  Picture picture{width, height, {}};
  picture.rgb.resize(width * height * 3);
  return picture;
}

std::uint8_t over_white(unsigned color, unsigned alpha) {
  return static_cast<std::uint8_t>((color * alpha + 255 * (255 - alpha) + 127) / 255);
}

// Four bytes a pixel become three.
Picture opaque(const std::string& rgba, std::size_t width, std::size_t height) {
  Picture picture = empty_picture(width, height);
  for (std::size_t i = 0; i < width * height; ++i) {
    const unsigned alpha = static_cast<std::uint8_t>(rgba[4 * i + 3]);
    for (std::size_t c = 0; c < 3; ++c)
      picture.rgb[3 * i + c] =
          static_cast<char>(over_white(static_cast<std::uint8_t>(rgba[4 * i + c]), alpha));
  }
  return picture;
}

// Inks as Adobe writes them, inverted, become three colors.
Picture of_inks(const std::string& cmyk, std::size_t width, std::size_t height) {
  Picture picture = empty_picture(width, height);
  for (std::size_t i = 0; i < width * height; ++i) {
    const unsigned black = static_cast<std::uint8_t>(cmyk[4 * i + 3]);
    for (std::size_t c = 0; c < 3; ++c)
      picture.rgb[3 * i + c] =
          static_cast<char>((static_cast<std::uint8_t>(cmyk[4 * i + c]) * black + 127) / 255);
  }
  return picture;
}

// The smallest of a half, a quarter and an eighth that has the width.
tjscalingfactor scale_for(int width, std::size_t enough_width) {
  tjscalingfactor best{1, 1};
  for (const int part : {2, 4, 8}) {
    const tjscalingfactor smaller{1, part};
    if (static_cast<std::size_t>(TJSCALED(width, smaller)) >= enough_width) best = smaller;
  }
  return best;
}

Result<Picture> decode_jpeg(std::string_view bytes, std::size_t enough_width) {
  const std::unique_ptr<void, int (*)(tjhandle)> handle(tjInitDecompress(), tjDestroy);
  if (handle == nullptr) return Error{ErrorCode::kExhausted, "no memory to read a JPEG"};
  int width = 0;
  int height = 0;
  int sampling = 0;
  int colors = 0;
  if (tjDecompressHeader3(handle.get(), bytes_of(bytes), bytes.size(), &width, &height, &sampling,
                          &colors) != 0)
    return refused(fmt::format("not a JPEG: {}", tjGetErrorStr2(handle.get())));
  if (auto sound =
          check_size(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
      !sound)
    return sound.error();
  const tjscalingfactor scale = scale_for(width, enough_width);
  width = TJSCALED(width, scale);
  height = TJSCALED(height, scale);
  const bool inks = colors == TJCS_CMYK || colors == TJCS_YCCK;
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  std::string decoded(pixels * (inks ? 4 : 3), '\0');
  const int done = tjDecompress2(handle.get(), bytes_of(bytes), bytes.size(),
                                 reinterpret_cast<unsigned char*>(decoded.data()), width, 0, height,
                                 inks ? TJPF_CMYK : TJPF_RGB, 0);
  // A warning (some bytes too many) leaves the picture as every viewer shows it.
  if (done != 0 && tjGetErrorCode(handle.get()) == TJERR_FATAL)
    return refused(fmt::format("a broken JPEG: {}", tjGetErrorStr2(handle.get())));
  const auto w = static_cast<std::size_t>(width);
  const auto h = static_cast<std::size_t>(height);
  return inks ? of_inks(decoded, w, h) : Picture{w, h, std::move(decoded)};
}

Result<Picture> decode_png(std::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> freed(&image, png_image_free);
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
    return refused(fmt::format("not a PNG: {}", image.message));
  if (auto sound = check_size(image.width, image.height); !sound) return sound.error();
  image.format = PNG_FORMAT_RGBA;
  std::string rgba(PNG_IMAGE_SIZE(image), '\0');
  if (png_image_finish_read(&image, nullptr, rgba.data(), 0, nullptr) == 0)
    return refused(fmt::format("a broken PNG: {}", image.message));
  return opaque(rgba, image.width, image.height);
}

Result<Picture> decode_webp(std::string_view bytes) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes_of(bytes), bytes.size(), &features) != VP8_STATUS_OK)
    return refused("not a WebP");
  if (features.has_animation != 0) return refused("an animated WebP; give one picture of it");
  const auto width = static_cast<std::size_t>(features.width);
  const auto height = static_cast<std::size_t>(features.height);
  if (auto sound = check_size(width, height); !sound) return sound.error();
  std::string rgba(width * height * 4, '\0');
  if (WebPDecodeRGBAInto(bytes_of(bytes), bytes.size(),
                         reinterpret_cast<std::uint8_t*>(rgba.data()), rgba.size(),
                         features.width * 4) == nullptr)
    return refused("a broken WebP");
  return opaque(rgba, width, height);
}

// 1 to 8 as EXIF counts them; 1, as it lies, where nothing is said.
int orientation_of(std::string_view bytes) {
  const std::unique_ptr<ExifData, void (*)(ExifData*)> data(
      exif_data_new_from_data(bytes_of(bytes), static_cast<unsigned>(bytes.size())),
      exif_data_unref);
  if (data == nullptr) return 1;
  ExifEntry* const entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int told = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return told >= 1 && told <= 8 ? told : 1;
}

// Orientations from 5 on lie on their side; 2, 4, 5 and 7 are mirrored.
Picture upright(Picture picture, int orientation) {
  if (orientation == 1) return picture;
  const std::size_t w = picture.width;
  const std::size_t h = picture.height;
  const bool lying = orientation >= 5;
  Picture turned = empty_picture(lying ? h : w, lying ? w : h);
  for (std::size_t y = 0; y < turned.height; ++y) {
    for (std::size_t x = 0; x < turned.width; ++x) {
      std::size_t from_x = lying ? y : x;
      std::size_t from_y = lying ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        from_x = w - 1 - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        from_y = h - 1 - from_y;
      std::copy_n(picture.rgb.begin() + static_cast<std::ptrdiff_t>(3 * (from_y * w + from_x)), 3,
                  turned.rgb.begin() + static_cast<std::ptrdiff_t>(3 * (y * turned.width + x)));
    }
  }
  return turned;
}

// How much of each source pixel lies in each of `parts` equal parts of a line of `length`.
struct Share {
  std::size_t from = 0;
  std::vector<float> weights;  // sum 1
};

std::vector<Share> shares(std::size_t length, std::size_t parts) {
  std::vector<Share> all(parts);
  const double step = static_cast<double>(length) / static_cast<double>(parts);
  for (std::size_t p = 0; p < parts; ++p) {
    const double begin = static_cast<double>(p) * step;
    const double end = std::min(static_cast<double>(length), begin + step);
    all[p].from = static_cast<std::size_t>(begin);
    for (std::size_t i = all[p].from; i < length && static_cast<double>(i) < end - 1e-9; ++i) {
      const double covered =
          std::min(end, static_cast<double>(i + 1)) - std::max(begin, static_cast<double>(i));
      all[p].weights.push_back(static_cast<float>(covered / (end - begin)));
    }
  }
  return all;
}

}  // namespace

Result<Picture> decode(std::string_view bytes, std::size_t enough_width) {
  if (bytes.size() > kMostFileBytes)
    return refused(fmt::format("{} MB are more than the {} that are read", bytes.size() >> 20,
                               kMostFileBytes >> 20));
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(bytes);
  if (bytes.size() > 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP")
    return decode_webp(bytes);
  if (!bytes.starts_with("\xff\xd8\xff"))
    return refused(bytes.empty() ? "an empty file" : "neither JPEG nor PNG nor WebP");
  const int orientation = orientation_of(bytes);
  auto picture = decode_jpeg(bytes, enough_width);
  if (!picture) return picture;
  return upright(std::move(*picture), orientation);
}

Picture scaled(const Picture& picture, std::size_t width, std::size_t height) {
  const auto columns = shares(picture.width, width);
  const auto lines = shares(picture.height, height);
  Picture small = empty_picture(width, height);
  std::vector<float> line(width * 3);
  for (std::size_t y = 0; y < height; ++y) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (std::size_t i = 0; i < lines[y].weights.size(); ++i) {
      const auto* const from = bytes_of(picture.rgb) + 3 * (lines[y].from + i) * picture.width;
      for (std::size_t x = 0; x < width; ++x) {
        const Share& share = columns[x];
        for (std::size_t j = 0; j < share.weights.size(); ++j) {
          const float weight = lines[y].weights[i] * share.weights[j];
          for (std::size_t c = 0; c < 3; ++c)
            line[3 * x + c] += weight * static_cast<float>(from[3 * (share.from + j) + c]);
        }
      }
    }
    for (std::size_t i = 0; i < line.size(); ++i)
      small.rgb[3 * y * width + i] =
          static_cast<char>(static_cast<std::uint8_t>(std::clamp(line[i] + 0.5F, 0.0F, 255.0F)));
  }
  return small;
}

Picture fitted(const Picture& picture, std::size_t width, std::size_t height) {
  const double shrink =
      std::min({1.0, static_cast<double>(width) / static_cast<double>(picture.width),
                static_cast<double>(height) / static_cast<double>(picture.height)});
  if (shrink == 1.0) return picture;
  const auto part = [&](std::size_t length) {
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(shrink * static_cast<double>(length))));
  };
  return scaled(picture, part(picture.width), part(picture.height));
}

Result<std::string> webp_of(const Picture& picture, float quality) {
  std::uint8_t* made = nullptr;
  const auto width = static_cast<int>(picture.width);
  const std::size_t bytes = WebPEncodeRGB(
      bytes_of(picture.rgb), width, static_cast<int>(picture.height), 3 * width, quality, &made);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> freed(made, WebPFree);
  if (bytes == 0) return Error{ErrorCode::kExhausted, "a WebP cannot be written: no memory"};
  return std::string(reinterpret_cast<const char*>(made), bytes);
}

}  // namespace sparrow::picture
