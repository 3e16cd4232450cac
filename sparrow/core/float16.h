// IEEE binary16 numbers ("half"): two bytes, eleven bits of precision, up to 65504.
#pragma once

#include <bit>
#include <cstdint>

namespace sparrow {

// Rounds to the nearest, ties to even. 1 sign bit, 5 bits of exponent (bias 15), 10 of fraction.
inline std::uint16_t float16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return sign | 0x7E00U;   // not a number
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;  // rounds to more than 65504
  if (magnitude < 0x38800000U) {
    // Below 2^-14: the float's own addition rounds to multiples of 2^-24.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(rounded) - 0x3F000000U));
  }
  const std::uint32_t odd = (magnitude >> 13U) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + odd) >> 13U));
}

inline float float32_of(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t rest = half & 0x7FFFU;
  constexpr float kSmallest = 0x1p-24F;
  if (rest >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | ((rest & 0x3FFU) << 13U));
  if (rest < 0x400U) {
    const float value = static_cast<float>(rest) * kSmallest;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((rest << 13U) + 0x38000000U));
}

}  // namespace sparrow
