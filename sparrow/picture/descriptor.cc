#include "sparrow/picture/descriptor.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>

namespace sparrow::picture {
namespace {

constexpr std::size_t kSide = 64;
using Plane = std::vector<float>;  // kSide x kSide

struct Lab {
  Plane lightness = Plane(kSide * kSide);  // 0..100
  Plane a = Plane(kSide * kSide);          // green to red
  Plane b = Plane(kSide * kSide);          // blue to yellow
};

float linear_light(std::uint8_t channel) {
  const float v = static_cast<float>(channel) / 255;
  return v <= 0.04045F ? v / 12.92F : std::pow((v + 0.055F) / 1.055F, 2.4F);
}

// CIE 1976, of sRGB under D65.
std::array<float, 3> lab_of(float red, float green, float blue) {
  const auto f = [](float t) { return t > 0.008856F ? std::cbrt(t) : 7.787F * t + 16.0F / 116; };
  const float x = f((0.4124F * red + 0.3576F * green + 0.1805F * blue) / 0.9505F);
  const float y = f(0.2126F * red + 0.7152F * green + 0.0722F * blue);
  const float z = f((0.0193F * red + 0.1192F * green + 0.9505F * blue) / 1.089F);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

Lab points_of(const Picture& picture) {
  const Picture small =
      scaled(picture, std::min(kSide, picture.width), std::min(kSide, picture.height));
  Lab lab;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t from =
          3 * ((y * small.height / kSide) * small.width + x * small.width / kSide);
      const auto light = [&](std::size_t c) {
        return linear_light(static_cast<std::uint8_t>(small.rgb[from + c]));
      };
      const auto point = lab_of(light(0), light(1), light(2));
      lab.lightness[y * kSide + x] = point[0];
      lab.a[y * kSide + x] = point[1];
      lab.b[y * kSide + x] = point[2];
    }
  }
  return lab;
}

// Means of parts x parts equal parts.
Plane means(const Plane& plane, std::size_t parts) {
  Plane result(parts * parts);
  const std::size_t side = kSide / parts;
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x)
      result[(y / side) * parts + x / side] += plane[y * kSide + x];
  for (float& value : result) value /= static_cast<float>(side * side);
  return result;
}

// The first `count` of a two-dimensional cosine transform of 8 x 8 means, by rising frequency.
void append_layout(const Plane& plane, std::size_t count, std::vector<float>& out) {
  constexpr std::size_t kParts = 8;
  const Plane part = means(plane, kParts);
  const auto wave = [](std::size_t frequency, std::size_t at) {
    const double angle = std::numbers::pi * (static_cast<double>(at) + 0.5) *
                         static_cast<double>(frequency) / kParts;
    return std::cos(angle) * std::sqrt((frequency == 0 ? 1.0 : 2.0) / kParts);
  };
  std::size_t made = 0;
  for (std::size_t sum = 0; made < count; ++sum) {
    for (std::size_t v = 0; v <= sum && made < count; ++v, ++made) {
      double value = 0;
      for (std::size_t y = 0; y < kParts; ++y)
        for (std::size_t x = 0; x < kParts; ++x)
          value += wave(v, y) * wave(sum - v, x) * static_cast<double>(part[y * kParts + x]);
      out.push_back(static_cast<float>(value / (100.0 * kParts)));
    }
  }
}

void append_roots(std::span<const float> shares, std::vector<float>& out) {
  for (const float share : shares) out.push_back(std::sqrt(share));
}

void append_colors(const Lab& lab, std::vector<float>& out) {
  constexpr std::size_t kHues = 12;
  constexpr std::size_t kGreys = 4;
  constexpr float kHalfColored = 20;  // chroma of a point that is half color, half grey
  std::array<float, kHues + kGreys> shares{};
  constexpr float kPoint = 1.0F / (kSide * kSide);
  for (std::size_t i = 0; i < kSide * kSide; ++i) {
    const float chroma = std::hypot(lab.a[i], lab.b[i]);
    const float colored = chroma / (chroma + kHalfColored);
    const float turn = std::atan2(lab.b[i], lab.a[i]) / (2 * std::numbers::pi_v<float>)+0.5F;
    const float hue = turn * kHues;
    const auto first = static_cast<std::size_t>(hue);
    const float above = hue - static_cast<float>(first);
    shares[first % kHues] += kPoint * colored * (1 - above);
    shares[(first + 1) % kHues] += kPoint * colored * above;
    const float grey = std::clamp(lab.lightness[i] / 100, 0.0F, 1.0F) * (kGreys - 1);
    const auto dark = std::min(static_cast<std::size_t>(grey), kGreys - 2);
    const float lighter = grey - static_cast<float>(dark);
    shares[kHues + dark] += kPoint * (1 - colored) * (1 - lighter);
    shares[kHues + dark + 1] += kPoint * (1 - colored) * lighter;
  }
  append_roots(shares, out);
}

void append_edges(const Plane& light, std::vector<float>& out) {
  constexpr std::size_t kParts = 4;
  constexpr std::size_t kKinds = 5;
  constexpr std::size_t kPart = kSide / kParts;
  constexpr float kLeast = 6;  // of lightness: less is no edge
  std::array<float, kParts * kParts * kKinds> shares{};
  for (std::size_t y = 0; y + 1 < kSide; ++y) {  // blocks overlap: an edge may lie between two
    for (std::size_t x = 0; x + 1 < kSide; ++x) {
      const float p = light[y * kSide + x];
      const float q = light[y * kSide + x + 1];
      const float r = light[(y + 1) * kSide + x];
      const float s = light[(y + 1) * kSide + x + 1];
      const float diagonal = std::numbers::sqrt2_v<float>;
      const std::array<float, kKinds> strength = {
          std::abs(p - q + r - s), std::abs(p + q - r - s), diagonal * std::abs(p - s),
          diagonal * std::abs(q - r), 2 * std::abs(p - q - r + s)};
      const auto strongest = std::max_element(strength.begin(), strength.end());
      if (*strongest < kLeast) continue;
      const std::size_t part = (y / kPart) * kParts + x / kPart;
      shares[part * kKinds + static_cast<std::size_t>(strongest - strength.begin())] +=
          1.0F / (kPart * kPart);
    }
  }
  append_roots(shares, out);
}

float deviation(const Plane& values, float mean) {
  double squares = 0;
  for (const float v : values) squares += static_cast<double>((v - mean) * (v - mean));
  return static_cast<float>(std::sqrt(squares / static_cast<double>(values.size())));
}

float mean_of(const Plane& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v);
  return static_cast<float>(sum / static_cast<double>(values.size()));
}

// Where the contrast of a picture lies: shares of 4 x 4 parts, then centre and spread in 0..1.
void append_contrast(const Plane& light, std::vector<float>& out) {
  constexpr std::size_t kParts = 4;
  constexpr float kLeast = 2;  // of lightness: less is what compression leaves
  std::array<float, kParts * kParts> shares{};
  double total = 0;
  std::array<double, 4> moments{};  // x, y, x x, y y
  for (std::size_t y = 0; y + 1 < kSide; ++y) {
    for (std::size_t x = 0; x + 1 < kSide; ++x) {
      const float here = light[y * kSide + x];
      const float change =
          std::hypot(light[y * kSide + x + 1] - here, light[(y + 1) * kSide + x] - here);
      if (change < kLeast) continue;
      const auto weight = static_cast<double>(change);
      const double across = static_cast<double>(x) / (kSide - 1);
      const double down = static_cast<double>(y) / (kSide - 1);
      shares[(y * kParts / kSide) * kParts + x * kParts / kSide] += change;
      total += weight;
      moments[0] += weight * across;
      moments[1] += weight * down;
      moments[2] += weight * across * across;
      moments[3] += weight * down * down;
    }
  }
  if (total < 1e-3) {  // one color: contrast lies nowhere, as much as everywhere
    out.insert(out.end(), kParts * kParts, 1.0F / kParts);
    out.insert(out.end(), {0.5F, 0.5F, 0.29F, 0.29F});
    return;
  }
  for (float& share : shares) share /= static_cast<float>(total);
  append_roots(shares, out);
  for (double& moment : moments) moment /= total;
  for (std::size_t i = 0; i < 2; ++i) out.push_back(static_cast<float>(moments[i]));
  for (std::size_t i = 0; i < 2; ++i)
    out.push_back(
        static_cast<float>(std::sqrt(std::max(0.0, moments[2 + i] - moments[i] * moments[i]))));
}

void append_composition(const Lab& lab, const Picture& picture, std::vector<float>& out) {
  append_contrast(lab.lightness, out);
  const float mean = mean_of(lab.lightness);
  const float spread = deviation(lab.lightness, mean);
  double chroma = 0;
  double unlike = 0;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t at = y * kSide + x;
      chroma += static_cast<double>(std::hypot(lab.a[at], lab.b[at]));
      unlike += static_cast<double>(
          std::abs(lab.lightness[at] - lab.lightness[y * kSide + kSide - 1 - x]));
    }
  }
  constexpr double kPoints = kSide * kSide;
  const double form =
      std::log(static_cast<double>(picture.width) / static_cast<double>(picture.height));
  out.insert(out.end(), {mean / 100, spread / 50, static_cast<float>(chroma / kPoints / 50),
                         static_cast<float>(std::exp(-unlike / kPoints / 10)),
                         static_cast<float>(std::clamp(form, -2.0, 2.0))});
}

}  // namespace

std::vector<float> descriptor_of(const Picture& picture) {
  const Lab lab = points_of(picture);
  std::vector<float> values;
  values.reserve(kDescriptorSize);
  append_layout(lab.lightness, 10, values);
  append_layout(lab.a, 6, values);
  append_layout(lab.b, 6, values);
  append_colors(lab, values);
  append_edges(lab.lightness, values);
  append_composition(lab, picture, values);
  return values;
}

}  // namespace sparrow::picture
