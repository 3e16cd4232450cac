#include "sparrow/picture/picture.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <png.h>
#include <turbojpeg.h>

#include "sparrow/picture/descriptor.h"
#include "sparrow/picture/posters.h"

namespace sparrow::picture {
namespace {

// Red above left, green above right, blue below left, white below right.
Picture quarters(std::size_t width, std::size_t height) {
  Picture picture{width, height, {}};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const bool right = 2 * x >= width;
      const bool below = 2 * y >= height;
      const bool white = right && below;
      picture.rgb += static_cast<char>(white || (!right && !below) ? 255 : 0);
      picture.rgb += static_cast<char>(white || (right && !below) ? 255 : 0);
      picture.rgb += static_cast<char>(white || (!right && below) ? 255 : 0);
    }
  }
  return picture;
}

std::string jpeg_of(const Picture& picture) {
  const std::unique_ptr<void, int (*)(tjhandle)> handle(tjInitCompress(), tjDestroy);
  unsigned char* made = nullptr;
  unsigned long bytes = 0;
  EXPECT_EQ(tjCompress2(handle.get(), reinterpret_cast<const unsigned char*>(picture.rgb.data()),
                        static_cast<int>(picture.width), 0, static_cast<int>(picture.height),
                        TJPF_RGB, &made, &bytes, TJSAMP_444, 95, 0),
            0);
  std::string jpeg(reinterpret_cast<const char*>(made), bytes);
  tjFree(made);
  return jpeg;
}

// The same with an EXIF block that has nothing but an orientation.
std::string turned(const std::string& jpeg, char orientation) {
  std::string tiff("II*\0\x08\0\0\0", 8);
  tiff += std::string("\x01\0\x12\x01\x03\0\x01\0\0\0", 10);
  tiff += std::string{orientation, 0, 0, 0};
  tiff += std::string(4, '\0');
  const std::string exif = std::string("Exif\0\0", 6) + tiff;
  const std::size_t size = exif.size() + 2;
  std::string segment = "\xff\xe1";
  segment += static_cast<char>(size >> 8);
  segment += static_cast<char>(size & 0xff);
  return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

std::string png_of(std::string rgba, unsigned width, unsigned height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGBA;
  std::string png(1 << 20, '\0');
  png_alloc_size_t bytes = png.size();
  EXPECT_NE(png_image_write_to_memory(&image, png.data(), &bytes, 0, rgba.data(), 0, nullptr), 0);
  png.resize(bytes);
  return png;
}

// "rgbw" for quarters(): the middle of each quarter, by what shines most.
std::string corners(const Picture& picture) {
  std::string seen;
  for (const std::size_t y : {picture.height / 4, 3 * picture.height / 4}) {
    for (const std::size_t x : {picture.width / 4, 3 * picture.width / 4}) {
      std::string bright;
      for (std::size_t c = 0; c < 3; ++c) {
        if (static_cast<unsigned char>(picture.rgb[3 * (y * picture.width + x) + c]) > 128)
          bright += "rgb"[c];
      }
      seen += bright.size() == 3 ? "w" : bright;
    }
  }
  return seen;
}

TEST(Picture, JpegPngAndWebpAreRead) {
  const Picture drawn = quarters(64, 96);
  const auto jpeg = decode(jpeg_of(drawn), 64);
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  EXPECT_EQ(corners(*jpeg), "rgbw");
  const auto webp = decode(*webp_of(drawn, 80), 64);
  ASSERT_TRUE(webp) << webp.error().message;
  EXPECT_EQ(webp->height, 96U);
  EXPECT_EQ(corners(*webp), "rgbw");
  // Half transparent black on white is grey; wholly transparent is white.
  const std::string rgba{0, 0, 0, static_cast<char>(128), 0, 0, 0, 0};
  const auto png = decode(png_of(rgba, 2, 1), 64);
  ASSERT_TRUE(png) << png.error().message;
  EXPECT_EQ(static_cast<unsigned char>(png->rgb[0]), 127);
  EXPECT_EQ(static_cast<unsigned char>(png->rgb[5]), 255);
}

TEST(Picture, PhotographsAreTurnedAsTheySay) {
  const std::string jpeg = jpeg_of(quarters(64, 96));
  const std::array<const char*, 8> seen{"rgbw", "grwb", "wbgr", "bwrg",
                                        "rbgw", "brwg", "wgbr", "gwrb"};
  for (std::size_t o = 0; o < seen.size(); ++o) {
    const auto upright = decode(turned(jpeg, static_cast<char>(o + 1)), 64);
    ASSERT_TRUE(upright) << upright.error().message;
    EXPECT_EQ(corners(*upright), seen[o]) << "orientation " << o + 1;
    EXPECT_EQ(upright->width, o < 4 ? 64U : 96U);
  }
}

TEST(Picture, LargeJpegsAreDecodedSmaller) {
  const auto small = decode(jpeg_of(quarters(1600, 2400)), 360);
  ASSERT_TRUE(small);
  EXPECT_EQ(small->width, 400U);
  EXPECT_EQ(corners(*small), "rgbw");
}

TEST(Picture, ScalingGivesMeans) {
  Picture line{3, 1, {}};
  for (const int value : {0, 90, 240}) line.rgb += std::string(3, static_cast<char>(value));
  const Picture two = scaled(line, 2, 1);  // 0 and half of 90; half of 90 and 240
  EXPECT_EQ(static_cast<unsigned char>(two.rgb[0]), 30);
  EXPECT_EQ(static_cast<unsigned char>(two.rgb[3]), 190);
  EXPECT_EQ(scaled(line, 3, 1).rgb, line.rgb);
  const Picture wide = fitted(quarters(100, 20), 10, 10);
  EXPECT_EQ(wide.width, 10U);
  EXPECT_EQ(wide.height, 2U);
  EXPECT_EQ(fitted(line, 10, 10).width, 3U);
}

TEST(Picture, WhatIsNoneIsRefused) {
  const std::string jpeg = jpeg_of(quarters(64, 64));
  const std::string png = png_of(std::string(64 * 64 * 4, 'x'), 64, 64);
  const std::string webp = *webp_of(quarters(64, 64), 80);
  for (const std::string& bytes : {std::string(), std::string("GIF89a"), std::string("<html>"),
                                   jpeg.substr(0, 100), png.substr(0, 60), webp.substr(0, 40)})
    EXPECT_EQ(decode(bytes, 64).error().code, ErrorCode::kInvalidInput) << bytes.substr(0, 4);
  // 60,000 x 60,000 pixels are refused before memory is taken for them.
  std::string huge =
      png.substr(0, 16) + std::string("\0\0\xea\x60\0\0\xea\x60", 8) + png.substr(24);
  EXPECT_EQ(decode(huge, 64).error().code, ErrorCode::kInvalidInput);
}

class PosterFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        ("sparrow_posters_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
         testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path path() const { return folder_ / "posters.db"; }

 private:
  std::filesystem::path folder_;
};

TEST_F(PosterFiles, WhatIsPutComesBack) {
  EXPECT_EQ(PosterFile::open(path(), PosterFile::Mode::kRead).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(*Posters::open(path()), nullptr);
  auto file = PosterFile::open(path(), PosterFile::Mode::kWrite);
  ASSERT_TRUE(file) << file.error().message;
  auto first = poster_of("b'1\n", jpeg_of(quarters(300, 450)), {});
  auto second = poster_of("2", *webp_of(quarters(900, 900), 90), {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->colors.size(), 36U);
  EXPECT_TRUE(first->colors.starts_with("f00")) << first->colors;
  first->source_bytes = 7;
  const std::vector<Poster> both{*first, *second};
  ASSERT_TRUE((*file)->put(both));
  ASSERT_TRUE((*file)->put(std::vector<Poster>{*second}));
  const auto posters = Posters::open(path());  // beside the one that writes
  ASSERT_TRUE(posters) << posters.error().message;
  EXPECT_EQ((*posters)->size(), 2U);
  EXPECT_EQ((*posters)->find("b'1\n")->tag, first->tag);
  EXPECT_EQ((*posters)->find("3"), nullptr);
  EXPECT_EQ(*(*posters)->webp_of("2"), second->webp);
  EXPECT_EQ(decode(second->webp, 1)->width, 360U);
  EXPECT_EQ((*(*file)->list())[0].source_bytes, 7U);
  ASSERT_TRUE((*file)->remove(std::vector<std::string>{"2"}));
  EXPECT_EQ(*(*posters)->webp_of("2"), std::nullopt);
}

TEST_F(PosterFiles, OtherFilesAreRefused) {
  std::ofstream(path()) << "this is no database, but it is long enough to be looked at closely";
  EXPECT_EQ(PosterFile::open(path(), PosterFile::Mode::kRead).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(PosterFile::open(path(), PosterFile::Mode::kWrite).error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(Posters::open(path()));
}

// Stripes of two colors, `across` or down.
Picture stripes(std::size_t side, bool across, std::array<int, 3> color) {
  Picture picture{side, side, {}};
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool dark = ((across ? y : x) * 16 / side) % 2 == 0;
      for (const int channel : color)
        picture.rgb += static_cast<char>(dark ? channel / 4 : channel);
    }
  }
  return picture;
}

// Of one part of the descriptor.
float distance(const Picture& a, const Picture& b, std::string_view part) {
  const auto x = descriptor_of(a);
  const auto y = descriptor_of(b);
  std::size_t begin = 0;
  for (const auto& each : kDescriptorParts) {
    if (each.name != part) {
      begin += each.size;
      continue;
    }
    float sum = 0;
    for (std::size_t i = begin; i < begin + each.size; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return std::sqrt(sum);
  }
  ADD_FAILURE() << part;
  return 0;
}

TEST(DescriptorTest, HasAllItsPartsAndOnlyNumbers) {
  std::size_t size = 0;
  for (const auto& part : kDescriptorParts) size += part.size;
  EXPECT_EQ(size, kDescriptorSize);
  for (const auto& picture : {quarters(1, 1), quarters(3, 200), quarters(640, 480)}) {
    const auto values = descriptor_of(picture);
    EXPECT_EQ(values.size(), kDescriptorSize);
    for (const float value : values) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(DescriptorTest, SizeAndCompressionChangeLittle) {
  const Picture picture = quarters(512, 512);
  const auto jpeg = decode(jpeg_of(picture), 64);
  ASSERT_TRUE(jpeg);
  const Picture other = stripes(512, true, {40, 90, 200});
  for (const auto& part : kDescriptorParts) {
    const float far = distance(picture, other, part.name);
    EXPECT_GT(far, 0.3F) << part.name;
    EXPECT_LT(distance(picture, quarters(128, 128), part.name), 0.1F * far) << part.name;
    EXPECT_LT(distance(picture, *jpeg, part.name), 0.25F * far) << part.name;
  }
}

TEST(DescriptorTest, EachPartTellsWhatItIsFor) {
  const Picture down = stripes(128, false, {220, 60, 40});
  const Picture across = stripes(128, true, {220, 60, 40});
  const Picture blue = stripes(128, false, {40, 60, 220});
  EXPECT_LT(distance(down, across, "colors"), 0.02F);  // the same colors in another order
  EXPECT_GT(distance(down, across, "edges"), 1.0F);
  EXPECT_GT(distance(down, blue, "colors"), 0.5F);
  EXPECT_LT(distance(down, blue, "edges"), 0.5F * distance(down, across, "edges"));
  const Picture other_quarters = [] {
    Picture turned = quarters(128, 128);  // top and bottom exchanged
    const std::size_t half = turned.rgb.size() / 2;
    turned.rgb = turned.rgb.substr(half) + turned.rgb.substr(0, half);
    return turned;
  }();
  EXPECT_LT(distance(quarters(128, 128), other_quarters, "colors"), 0.02F);
  EXPECT_GT(distance(quarters(128, 128), other_quarters, "layout"), 0.3F);
}

TEST(PosterFileTest, KeepsDescriptorsOfThePicturesThatItHas) {
  const auto path = std::filesystem::temp_directory_path() / "descriptors_test.db";
  std::filesystem::remove(path);
  auto file = PosterFile::open(path, PosterFile::Mode::kWrite);
  ASSERT_TRUE(file);
  std::vector<Poster> posters;
  for (const std::string item : {"a", "b"})
    posters.push_back(*poster_of(item, jpeg_of(quarters(64, item == "a" ? 64 : 96)), {}));
  ASSERT_TRUE((*file)->put(posters));
  const auto kept = (*file)->descriptors();
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 2U);
  EXPECT_EQ((*kept)[1].item, "b");
  EXPECT_EQ((*kept)[1].descriptor, posters[1].descriptor);
  EXPECT_TRUE((*file)->undescribed()->empty());
  posters[0].tag = "another0pict";  // its descriptor is of the former picture
  posters[0].descriptor.assign(3, 0);
  ASSERT_TRUE((*file)->put({posters.data(), 1}));
  EXPECT_FALSE((*file)->descriptors());  // of another length: said, not read beyond its end
  EXPECT_EQ(*(*file)->undescribed(), std::vector<std::string>{"a"});  // so that it is made again
  posters[0].descriptor.assign(kDescriptorSize, std::nanf(""));
  ASSERT_TRUE((*file)->put_descriptors({posters.data(), 1}));
  EXPECT_EQ((*file)->descriptors().error().code, ErrorCode::kCorrupt);
  const std::vector<std::string> gone = {"a"};
  ASSERT_TRUE((*file)->remove(gone));
  EXPECT_EQ((*file)->descriptors()->size(), 1U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sparrow::picture
