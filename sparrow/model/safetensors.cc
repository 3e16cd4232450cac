#include "sparrow/model/safetensors.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace sparrow::model {
namespace {

struct TypeName {
  TensorType type;
  const char* name;
  std::uint64_t bytes;
};
constexpr TypeName kTypes[] = {{TensorType::kFloat32, "F32", 4},
                               {TensorType::kUint32, "U32", 4},
                               {TensorType::kInt64, "I64", 8},
                               {TensorType::kUint8, "U8", 1},
                               {TensorType::kFloat16, "F16", 2}};

Error corrupt(std::string what) { return {ErrorCode::kCorrupt, "safetensors: " + std::move(what)}; }

// One header entry; throws nlohmann's exceptions, which the caller catches. `file` (may be null):
// what `data` is a part of; a tensor whose values lie aligned there is not copied.
Result<Tensor> parse_entry(const std::string& name, const nlohmann::json& entry,
                           std::string_view data, const std::shared_ptr<const MappedFile>& file,
                           std::uint64_t& begin) {
  const auto dtype = entry.at("dtype").get<std::string>();
  const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                 [&](const TypeName& t) { return dtype == t.name; });
  if (type == std::end(kTypes))
    return corrupt(fmt::format("tensor {}: type {} is not supported", name, dtype));
  Tensor tensor;
  tensor.type = type->type;
  std::uint64_t elements = 1;
  for (const auto& side : entry.at("shape")) {
    const auto length = side.get<std::uint64_t>();
    if (length != 0 && elements > (std::uint64_t{1} << 40) / length)
      return corrupt(fmt::format("tensor {}: too large", name));
    elements *= length;
    tensor.shape.push_back(length);
  }
  begin = entry.at("data_offsets").at(0).get<std::uint64_t>();
  const auto end = entry.at("data_offsets").at(1).get<std::uint64_t>();
  if (begin > end || end > data.size() || end - begin != elements * type->bytes) {
    return corrupt(fmt::format("tensor {}: its offsets do not fit its shape or the file", name));
  }
  const std::string_view bytes = data.substr(begin, end - begin);
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % type->bytes == 0;
  tensor.bytes = file != nullptr && aligned ? TensorBytes(file, bytes) : TensorBytes(bytes);
  return tensor;
}

}  // namespace

std::string write_safetensors(const std::map<std::string, Tensor>& tensors) {
  nlohmann::json header = nlohmann::json::object();
  std::uint64_t offset = 0;
  // Long values first: each tensor is then aligned in the file, as whoever maps it needs.
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return type_bytes(a->second.type) > type_bytes(b->second.type);
  });
  for (const auto* entry : order) {
    const auto& [name, tensor] = *entry;
    const TensorType wanted = tensor.type;
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const TypeName& t) { return t.type == wanted; });
    header[name] = {{"dtype", type->name},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  while ((text.size() + 8) % 64 != 0) text += ' ';  // tensors start aligned
  const std::uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes.reserve(8 + text.size() + offset);
  bytes += text;
  for (const auto* entry : order) bytes += entry->second.bytes.view();
  return bytes;
}

namespace {

Result<std::map<std::string, Tensor>> parse(std::string_view bytes,
                                            const std::shared_ptr<const MappedFile>& file) {
  constexpr std::uint64_t kMaxHeader = 16U << 20;
  std::uint64_t length = 0;
  if (bytes.size() < sizeof(length)) return corrupt("shorter than its header length");
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > kMaxHeader || length > bytes.size() - sizeof(length))
    return corrupt("the header is longer than the file or 16 MB");
  const std::string_view data = bytes.substr(sizeof(length) + length);
  std::map<std::string, Tensor> tensors;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  try {
    const auto header = nlohmann::json::parse(bytes.substr(sizeof(length), length));
    if (!header.is_object()) return corrupt("the header is no object");
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") continue;
      std::uint64_t begin = 0;
      auto tensor = parse_entry(name, entry, data, file, begin);
      if (!tensor) return tensor.error();
      extents.emplace_back(begin, begin + tensor->bytes.size());
      tensors.emplace(name, std::move(*tensor));
    }
  } catch (const nlohmann::json::exception& error) {
    return corrupt(fmt::format("the header is not readable: {}", error.what()));
  }
  std::sort(extents.begin(), extents.end());
  std::uint64_t expected = 0;
  for (const auto& [begin, end] : extents) {
    if (begin != expected) return corrupt("tensors overlap or leave a gap");
    expected = end;
  }
  if (expected != data.size()) return corrupt("bytes follow the last tensor");
  return tensors;
}

}  // namespace

Result<std::map<std::string, Tensor>> parse_safetensors(std::string_view bytes) {
  return parse(bytes, nullptr);
}

Result<std::map<std::string, Tensor>> map_safetensors(std::shared_ptr<const MappedFile> file) {
  return parse(file->bytes(), file);
}

}  // namespace sparrow::model
