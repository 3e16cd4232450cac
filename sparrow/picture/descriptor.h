// What a picture looks like, as numbers: two pictures with near descriptors have like colors in
// like places, like edges and a like composition. Nothing here knows what a picture shows.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "sparrow/picture/picture.h"

namespace sparrow::picture {

// Raised when descriptors of before can no longer be compared with those of now.
inline constexpr int kDescriptorForm = 1;

// One kind of likeness; its values stand together.
struct DescriptorPart {
  const char* name;
  std::size_t size;
};

// Of a picture as 64 x 64 points in CIE Lab:
//  layout       lowest frequencies of the colors of 8 x 8 parts (Kasutani and Yamada 2001, the
//               color layout of MPEG-7): 10 of lightness, 6 of each of the other two;
//  colors       shares of twelve hues and four greys, each point shared by its two nearest, as
//               square roots (Hellinger);
//  edges        shares of five kinds of edges in 4 x 4 parts (Won, Park and Park 2002, the edge
//               histogram of MPEG-7), as square roots;
//  composition  where contrast lies (4 x 4 shares, centre, spread), mean and deviation of
//               lightness, mean chroma, symmetry of left and right, form.
inline constexpr std::array<DescriptorPart, 4> kDescriptorParts = {
    {{"layout", 22}, {"colors", 16}, {"edges", 80}, {"composition", 25}}};
inline constexpr std::size_t kDescriptorSize = 143;

// kDescriptorSize values, part after part. Equal pictures give equal values; one that was made
// smaller, or compressed again, gives nearly the same. O(pixels).
std::vector<float> descriptor_of(const Picture& picture);

}  // namespace sparrow::picture
