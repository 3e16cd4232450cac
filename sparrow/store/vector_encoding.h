// How a vector's values stand in the store: packed little-endian, docs/formats.md has the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sparrow/core/float16.h"
#include "sparrow/core/result.h"

namespace sparrow::store {

enum class VectorEncoding {
  kFloat32,  // 4 bytes a value, exact
  kFloat16,  // 2 bytes, IEEE binary16, rounded to even; up to 65504
  kInt8,     // 1 byte, and one float32 scale a vector: value = scale * q, q in -127..127
};

const char* encoding_name(VectorEncoding encoding);
Result<VectorEncoding> encoding_of_name(std::string_view name);

// Bytes of a vector of `dim` values.
std::size_t encoded_bytes(VectorEncoding encoding, std::size_t dim);
void append_encoded(VectorEncoding encoding, std::span<const float> values, std::string& out);
// Writes out.size() values; `bytes` must have encoded_bytes(encoding, out.size()) bytes.
void decode(VectorEncoding encoding, std::string_view bytes, std::span<float> out);

}  // namespace sparrow::store
