// Model: one immutable version of item vectors with all that is needed to serve them. In memory
// here; as a folder in model_folder.h; in a store in store/model_store.h.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/model/tensor_bytes.h"

namespace sparrow::model {

enum class TensorType { kFloat32, kUint32, kInt64, kUint8, kFloat16 };

std::size_t type_bytes(TensorType type);  // of one value

// A named array, little-endian, row-major, as safetensors has it.
struct Tensor {
  TensorType type = TensorType::kFloat32;
  std::vector<std::uint64_t> shape;
  TensorBytes bytes;

  std::uint64_t elements() const;
  std::span<const float> floats() const;            // type must be kFloat32
  std::span<const std::uint16_t> float16s() const;  // type must be kFloat16; core/float16.h
  std::span<const std::uint32_t> uint32s() const;   // type must be kUint32
  static Tensor of(std::span<const float> values, std::vector<std::uint64_t> shape);
  static Tensor halves_of(std::span<const float> values, std::vector<std::uint64_t> shape);
  static Tensor of(std::span<const std::uint32_t> values, std::vector<std::uint64_t> shape);
  bool operator==(const Tensor&) const = default;
};

struct Manifest {
  std::string name;  // "fusion", "item2vec"; [a-z0-9][a-z0-9_.-]{0,63}
  std::string
      version;  // sortable: 20261124T071500Z-1a2b3c4d (UTC, then the start of the content hash)
  std::string method;   // what trained it
  std::string created;  // RFC 3339, UTC
  std::string data_hash;
  std::string data_name;
  bool simulated = false;
  std::uint64_t seed = 0;
  std::string code_version;
  nlohmann::json options = nlohmann::json::object();
  nlohmann::json metrics = nlohmann::json::object();
};

// schema.h has the tensors that Sparrow itself reads; anything else is kept and passed on.
struct Model {
  Manifest manifest;
  std::vector<ItemId> items;  // row -> id
  std::map<std::string, Tensor> tensors;

  const Tensor* find(std::string_view name) const;
  std::size_t dim() const;  // of "vectors"; 0 where there are none
};

// SHA-256 over items and tensors in name order: equal content, equal hash.
std::string content_hash(const Model& model);

// Shapes and types of the known tensors agree with each other and with `items`, indices in range,
// values finite, ids unique. Errors: kCorrupt naming the tensor and what is wrong.
Result<void> validate(const Model& model);

nlohmann::json to_json(const Manifest& manifest);
Result<Manifest> manifest_from_json(const nlohmann::json& json);

}  // namespace sparrow::model
