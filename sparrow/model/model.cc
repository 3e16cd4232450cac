#include "sparrow/model/model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/float16.h"
#include "sparrow/model/schema.h"

namespace sparrow::model {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian");

template <typename T>
Tensor tensor_of(TensorType type, std::span<const T> values, std::vector<std::uint64_t> shape) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.bytes.own().assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  SPARROW_CHECK(tensor.elements() == values.size());
  return tensor;
}

Error corrupt(std::string_view tensor, std::string_view what) {
  return {ErrorCode::kCorrupt, fmt::format("tensor {}: {}", tensor, what)};
}

Result<void> check_content(const Model& model) {
  const Tensor* offsets_tensor = model.find(tensor_name::kContentOffsets);
  const Tensor* indices = model.find(tensor_name::kContentIndices);
  const Tensor* values = model.find(tensor_name::kContentValues);
  if (offsets_tensor == nullptr && indices == nullptr && values == nullptr) return {};
  if (offsets_tensor == nullptr || indices == nullptr || values == nullptr)
    return corrupt("content.*", "is not complete");
  const auto offsets = offsets_tensor->uint32s();
  if (offsets.front() != 0 || offsets.back() != indices->elements() ||
      indices->elements() != values->elements() ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    return corrupt(tensor_name::kContentOffsets, "does not fit the entries");
  }
  constexpr std::uint32_t kMaxFeatures = 1U << 28;
  for (const std::uint32_t f : indices->uint32s()) {
    if (f >= kMaxFeatures) return corrupt(tensor_name::kContentIndices, "an index is out of range");
  }
  return {};
}

Result<void> check_neighbors(const Model& model) {
  const Tensor* rows = model.find(tensor_name::kNeighborRows);
  const Tensor* scores = model.find(tensor_name::kNeighborScores);
  if (rows == nullptr && scores == nullptr) return {};
  if (rows == nullptr || scores == nullptr || rows->shape != scores->shape)
    return corrupt(tensor_name::kNeighborRows, "does not fit the scores");
  for (const std::uint32_t row : rows->uint32s()) {
    if (row != kNoRow && row >= model.items.size())
      return corrupt(tensor_name::kNeighborRows, "a row is out of range");
  }
  return {};
}

Result<void> check_values(const Model& model) {
  for (const auto& [name, tensor] : model.tensors) {
    if (tensor.bytes.size() != tensor.elements() * type_bytes(tensor.type))
      return corrupt(name, "its bytes do not fit its shape");
    bool finite = true;
    if (tensor.type == TensorType::kFloat32) {
      for (const float v : tensor.floats()) finite = finite && std::isfinite(v);
    } else if (tensor.type == TensorType::kFloat16) {
      for (const std::uint16_t v : tensor.float16s()) finite = finite && (v & 0x7C00U) != 0x7C00U;
    }
    if (!finite) return corrupt(name, "a value is not finite");
  }
  return {};
}

bool is_model_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '.' || name.front() == '-' ||
      name.front() == '_')
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

std::size_t type_bytes(TensorType type) {
  switch (type) {
    case TensorType::kFloat32:
    case TensorType::kUint32:
      return 4;
    case TensorType::kInt64:
      return 8;
    case TensorType::kFloat16:
      return 2;
    case TensorType::kUint8:
      return 1;
  }
  return 1;
}

std::uint64_t Tensor::elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t side : shape) count *= side;
  return count;
}

std::span<const float> Tensor::floats() const {
  SPARROW_CHECK(type == TensorType::kFloat32);
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<const std::uint16_t> Tensor::float16s() const {
  SPARROW_CHECK(type == TensorType::kFloat16);
  return {reinterpret_cast<const std::uint16_t*>(bytes.data()),
          bytes.size() / sizeof(std::uint16_t)};
}

std::span<const std::uint32_t> Tensor::uint32s() const {
  SPARROW_CHECK(type == TensorType::kUint32);
  return {reinterpret_cast<const std::uint32_t*>(bytes.data()),
          bytes.size() / sizeof(std::uint32_t)};
}

Tensor Tensor::of(std::span<const float> values, std::vector<std::uint64_t> shape) {
  return tensor_of(TensorType::kFloat32, values, std::move(shape));
}
Tensor Tensor::of(std::span<const std::uint32_t> values, std::vector<std::uint64_t> shape) {
  return tensor_of(TensorType::kUint32, values, std::move(shape));
}

Tensor Tensor::halves_of(std::span<const float> values, std::vector<std::uint64_t> shape) {
  std::vector<std::uint16_t> halves(values.size());
  std::transform(values.begin(), values.end(), halves.begin(), float16_of);
  return tensor_of(TensorType::kFloat16, std::span<const std::uint16_t>(halves), std::move(shape));
}

const Tensor* Model::find(std::string_view name) const {
  const auto found = tensors.find(std::string(name));
  return found == tensors.end() ? nullptr : &found->second;
}

std::size_t Model::dim() const {
  const Tensor* vectors = find(tensor_name::kVectors);
  return vectors == nullptr || vectors->shape.size() != 2 ? 0 : vectors->shape[1];
}

std::string content_hash(const Model& model) {
  std::string digests;
  std::string ids;
  std::size_t id_bytes = 0;
  for (const auto& id : model.items) id_bytes += id.size() + 1;
  ids.reserve(id_bytes);
  for (const auto& id : model.items) {
    ids += id;
    ids += '\n';
  }
  digests += sha256_hex(ids);
  for (const auto& [name, tensor] : model.tensors) {
    digests += fmt::format("\n{} {} {} {}", name, static_cast<int>(tensor.type),
                           fmt::join(tensor.shape, ","), sha256_hex(tensor.bytes));
  }
  return sha256_hex(digests);
}

namespace {

// Usable ids, each once. Open addressing with 8 to 16 bytes an item: a set of nodes would be a
// fifth of a large model.
Result<void> check_ids(const std::vector<std::string>& items) {
  std::vector<Row> table(std::bit_ceil(2 * items.size() + 1), kNoRow);
  const std::size_t mask = table.size() - 1;
  for (Row row = 0; row < items.size(); ++row) {
    const std::string& id = items[row];
    if (id.empty() || id.find_first_of("\n\r\t") != std::string::npos)
      return corrupt("items", "an id is empty or has a line end or tab");
    std::size_t slot = std::hash<std::string>()(id) & mask;
    for (; table[slot] != kNoRow; slot = (slot + 1) & mask) {
      if (items[table[slot]] == id)
        return corrupt("items", fmt::format("the id \"{}\" occurs twice", id));
    }
    table[slot] = row;
  }
  return {};
}

}  // namespace

Result<void> validate(const Model& model) {
  if (!is_model_name(model.manifest.name)) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("\"{}\" is no model name: a-z 0-9 _ . - and at most 64 of them",
                             model.manifest.name)};
  }
  if (auto ids = check_ids(model.items); !ids) return ids;
  if (auto values = check_values(model); !values) return values;
  if (auto forms = check_forms(model); !forms) return forms;
  if (auto content = check_content(model); !content) return content;
  return check_neighbors(model);
}

nlohmann::json to_json(const Manifest& m) {
  return {{"name", m.name},           {"version", m.version},     {"method", m.method},
          {"created", m.created},     {"data_hash", m.data_hash}, {"data_name", m.data_name},
          {"simulated", m.simulated}, {"seed", m.seed},           {"code_version", m.code_version},
          {"options", m.options},     {"metrics", m.metrics}};
}

Result<Manifest> manifest_from_json(const nlohmann::json& json) {
  Manifest m;
  try {
    m.name = json.at("name").get<std::string>();
    m.version = json.at("version").get<std::string>();
    m.method = json.at("method").get<std::string>();
    m.created = json.at("created").get<std::string>();
    m.data_hash = json.at("data_hash").get<std::string>();
    m.data_name = json.at("data_name").get<std::string>();
    m.simulated = json.at("simulated").get<bool>();
    m.seed = json.at("seed").get<std::uint64_t>();
    m.code_version = json.at("code_version").get<std::string>();
    m.options = json.at("options");
    m.metrics = json.at("metrics");
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorCode::kCorrupt, fmt::format("manifest: {}", error.what())};
  }
  if (!is_model_name(m.name) || !m.options.is_object() || !m.metrics.is_object()) {
    return Error{ErrorCode::kCorrupt,
                 "manifest: the name, options or metrics are not of the right form"};
  }
  return m;
}

}  // namespace sparrow::model
