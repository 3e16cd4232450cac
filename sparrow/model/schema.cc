#include "sparrow/model/schema.h"

#include <array>

#include <fmt/format.h>

#include "sparrow/model/fusion_formula.h"

namespace sparrow::model {
namespace {

using enum TensorRows;
using enum TensorType;

constexpr TensorForm kForms[] = {
    {tensor_name::kVectors, kFloat32, 2, kItems, 0,
     "behavior vectors; a zero row: the item has none", true},
    {tensor_name::kPopularity, kUint32, 1, kItems, 0, "positive interactions"},
    {tensor_name::kContentOffsets, kUint32, 1, kItemsAndOne, 0,
     "sparse content, CSR, rows of length 1: where each row begins"},
    {tensor_name::kContentIndices, kUint32, 1, kAny, 0, "its features, ascending in a row"},
    {tensor_name::kContentValues, kFloat32, 1, kAny, 0, "its values"},
    {tensor_name::kContentDense, kFloat16, 2, kItems, 0,
     "content as vectors, of texts and imported; with the sparse row of length "
     "1"},
    {tensor_name::kContentVocabulary, kUint8, 1, kAny, 0,
     "JSON: terms and weights, to place further items"},
    {tensor_name::kNeighborRows, kUint32, 2, kItems, 0,
     "precomputed lists, best first; 4294967295 pads"},
    {tensor_name::kNeighborScores, kFloat32, 2, kItems, 0, "their similarities"},
    {tensor_name::kFusionParameters, kFloat32, 1, kAny, 0, "scalars of the fusion"},
    {tensor_name::kFusionItems, kFloat32, 2, kItems, FusionItem::kCount,
     "what the fusion knows of each item"},
    {tensor_name::kMap, kFloat32, 2, kItems, 2, "places on the map of items"},
};

const char* type_name(TensorType type) {
  switch (type) {
    case kFloat32:
      return "float32";
    case kUint32:
      return "uint32";
    case kInt64:
      return "int64";
    case kUint8:
      return "uint8";
    case kFloat16:
      return "float16";
  }
  return "unknown";
}

Error misfit(const TensorForm& form, const std::string& is, const std::string& should) {
  return {ErrorCode::kCorrupt,
          fmt::format("the tensor {} {} and should {}: train the model again, or take the folder "
                      "from a backup",
                      form.name, is, should)};
}

Result<void> check_form(const Tensor& tensor, const TensorForm& form, std::size_t items) {
  if (tensor.type != form.type && !(form.halves && tensor.type == kFloat16))
    return misfit(form, fmt::format("is of type {}", type_name(tensor.type)),
                  fmt::format("be of type {}", type_name(form.type)));
  if (tensor.shape.size() != form.rank)
    return misfit(form, fmt::format("has {} sides", tensor.shape.size()),
                  fmt::format("have {}", form.rank));
  const std::size_t wanted = form.rows == kItemsAndOne ? items + 1 : items;
  if (form.rows != kAny && tensor.shape[0] != wanted)
    return misfit(form, fmt::format("has {} rows", tensor.shape[0]),
                  fmt::format("have {} for {} items", wanted, items));
  if (form.columns != 0 && tensor.shape[1] != form.columns)
    return misfit(form, fmt::format("has {} columns", tensor.shape[1]),
                  fmt::format("have {}", form.columns));
  return {};
}

}  // namespace

std::span<const TensorForm> tensor_forms() { return kForms; }

Result<void> check_forms(const Model& model) {
  for (const TensorForm& form : kForms) {
    const Tensor* tensor = model.find(form.name);
    if (tensor == nullptr) continue;
    if (auto fits = check_form(*tensor, form, model.items.size()); !fits) return fits;
  }
  return {};
}

}  // namespace sparrow::model
