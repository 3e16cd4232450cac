#include "sparrow/store/vector_encoding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace sparrow::store {
namespace {

constexpr std::array<const char*, 3> kNames = {"float32", "float16", "int8"};
constexpr float kInt8Most = 127;

void append_bytes(std::string& out, const void* bytes, std::size_t count) {
  out.append(static_cast<const char*>(bytes), count);
}

}  // namespace

const char* encoding_name(VectorEncoding encoding) {
  return kNames[static_cast<std::size_t>(encoding)];
}

Result<VectorEncoding> encoding_of_name(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("\"{}\" is not an encoding: float32, float16 or int8", name)};
  return static_cast<VectorEncoding>(found - kNames.begin());
}

std::size_t encoded_bytes(VectorEncoding encoding, std::size_t dim) {
  switch (encoding) {
    case VectorEncoding::kFloat32:
      return dim * sizeof(float);
    case VectorEncoding::kFloat16:
      return dim * sizeof(std::uint16_t);
    case VectorEncoding::kInt8:
      return sizeof(float) + dim;
  }
  return 0;
}

void append_encoded(VectorEncoding encoding, std::span<const float> values, std::string& out) {
  if (encoding == VectorEncoding::kFloat32) {
    append_bytes(out, values.data(), values.size_bytes());
  } else if (encoding == VectorEncoding::kFloat16) {
    for (const float value : values) {
      const std::uint16_t half = float16_of(value);
      append_bytes(out, &half, sizeof(half));
    }
  } else {
    float most = 0;
    for (const float value : values) most = std::max(most, std::abs(value));
    const float scale = most / kInt8Most;
    append_bytes(out, &scale, sizeof(scale));
    for (const float value : values) {
      const float q = scale > 0 ? std::clamp(std::round(value / scale), -kInt8Most, kInt8Most) : 0;
      out += static_cast<char>(static_cast<std::int8_t>(q));
    }
  }
}

void decode(VectorEncoding encoding, std::string_view bytes, std::span<float> out) {
  SPARROW_CHECK(bytes.size() == encoded_bytes(encoding, out.size()));
  if (encoding == VectorEncoding::kFloat32) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
  } else if (encoding == VectorEncoding::kFloat16) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, bytes.data() + i * sizeof(half), sizeof(half));
      out[i] = float32_of(half);
    }
  } else {
    float scale = 0;
    std::memcpy(&scale, bytes.data(), sizeof(scale));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = scale * static_cast<float>(static_cast<std::int8_t>(bytes[sizeof(scale) + i]));
  }
}

}  // namespace sparrow::store
