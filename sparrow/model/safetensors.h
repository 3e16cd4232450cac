// The safetensors format: 8 bytes little-endian header length, a JSON header, then the tensors'
// bytes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

std::string write_safetensors(const std::map<std::string, Tensor>& tensors);

// Errors: kCorrupt saying what is wrong. The header may have at most 16 MB; tensors must lie side
// by side and fill the data exactly.
Result<std::map<std::string, Tensor>> parse_safetensors(std::string_view bytes);

// The same without a copy of what is aligned in the file, which stays mapped as long as a tensor
// has bytes of it.
Result<std::map<std::string, Tensor>> map_safetensors(std::shared_ptr<const MappedFile> file);

}  // namespace sparrow::model
