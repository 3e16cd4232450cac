#include "sparrow/model/views.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sparrow/core/float16.h"
#include "sparrow/core/simd/half_kernel.h"
#include "sparrow/core/simd/kernels.h"
#include "sparrow/model/schema.h"

namespace sparrow::model {

MatrixView::MatrixView(const Tensor& tensor)
    : tensor_(&tensor), rows_(tensor.shape[0]), dim_(tensor.shape[1]) {
  if (tensor.type == TensorType::kFloat16)
    halves_ = tensor.float16s().data();
  else
    floats_ = tensor.floats().data();
}

std::optional<VectorsView> VectorsView::of(const Model& model) {
  const Tensor* tensor = model.find(tensor_name::kVectors);
  return tensor == nullptr ? std::nullopt : std::optional(VectorsView(*tensor));
}

void MatrixView::copy(Row row, std::span<float> out) const {
  if (halves_ != nullptr)
    simd::widen(halves_ + row * dim_, dim_, out.data());
  else
    std::copy_n(floats_ + row * dim_, dim_, out.data());
}

bool MatrixView::has(Row row) const {
  if (halves_ != nullptr)
    return std::any_of(halves_ + row * dim_, halves_ + (row + 1) * dim_,
                       [](std::uint16_t v) { return (v & 0x7FFFU) != 0; });
  return std::any_of(floats_ + row * dim_, floats_ + (row + 1) * dim_,
                     [](float v) { return v != 0; });
}

std::vector<float> MatrixView::row(Row row) const {
  std::vector<float> values(dim_);
  copy(row, values);
  return values;
}

Embeddings MatrixView::all() const {
  Embeddings vectors(rows_, dim_);
  for (std::size_t r = 0; r < rows_; ++r) copy(static_cast<Row>(r), vectors.row(r));
  return vectors;
}

std::vector<float> MatrixView::inverse_lengths() const {
  std::vector<float> inverse(rows_, 0.0F);
  std::vector<float> values(dim_);
  for (std::size_t r = 0; r < rows_; ++r) {
    copy(static_cast<Row>(r), values);
    const float squares = simd::dot(values.data(), values.data(), dim_);
    if (squares > 0) inverse[r] = 1 / std::sqrt(squares);
  }
  return inverse;
}

float MatrixView::dot(Row a, Row b) const {
  return halves_ != nullptr ? simd::dot_halves(halves_ + a * dim_, halves_ + b * dim_, dim_)
                            : simd::dot(floats_ + a * dim_, floats_ + b * dim_, dim_);
}

void MatrixView::products(std::span<const float> query, std::span<float> out) const {
  if (halves_ != nullptr)
    simd::dot_half_rows(query.data(), halves_, rows_, dim_, out.data());
  else
    simd::dot_rows(query.data(), floats_, rows_, dim_, out.data());
}

std::string_view MatrixView::bytes(Row row) const {
  const std::size_t width = dim_ * type_bytes(tensor_->type);
  return tensor_->bytes.view().substr(row * width, width);
}

std::optional<ContentView> ContentView::of(const Model& model) {
  const Tensor* offsets = model.find(tensor_name::kContentOffsets);
  const Tensor* indices = model.find(tensor_name::kContentIndices);
  const Tensor* values = model.find(tensor_name::kContentValues);
  if (offsets == nullptr || indices == nullptr || values == nullptr) return std::nullopt;
  const Tensor* vocabulary = model.find(tensor_name::kContentVocabulary);
  const Tensor* dense = model.find(tensor_name::kContentDense);
  return ContentView{offsets->uint32s(), indices->uint32s(), values->floats(),
                     vocabulary == nullptr ? std::string_view() : vocabulary->bytes.view(),
                     dense == nullptr ? std::nullopt : std::optional(MatrixView(*dense))};
}

std::optional<NeighborTable> NeighborTable::of(const Model& model) {
  const Tensor* rows = model.find(tensor_name::kNeighborRows);
  const Tensor* scores = model.find(tensor_name::kNeighborScores);
  if (rows == nullptr || scores == nullptr) return std::nullopt;
  return NeighborTable{rows->shape[1], rows->uint32s(), scores->floats()};
}

std::optional<FusionView> FusionView::of(const Model& model) {
  static_assert(sizeof(FusionItem) == FusionItem::kCount * sizeof(float));
  static_assert(sizeof(FusionParameters) == FusionParameters::kCount * sizeof(float));
  const Tensor* parameters = model.find(tensor_name::kFusionParameters);
  const Tensor* items = model.find(tensor_name::kFusionItems);
  if (parameters == nullptr || items == nullptr) return std::nullopt;
  FusionView view;
  std::memcpy(&view.parameters, parameters->bytes.data(), sizeof(view.parameters));
  view.items = {reinterpret_cast<const FusionItem*>(items->bytes.data()), items->shape[0]};
  return view;
}

std::optional<MapView> MapView::of(const Model& model) {
  const Tensor* xy = model.find(tensor_name::kMap);
  if (xy == nullptr) return std::nullopt;
  MapView view;
  view.xy_ = xy->floats();
  return view;
}

std::span<const std::uint32_t> popularity_of(const Model& model) {
  const Tensor* counts = model.find(tensor_name::kPopularity);
  return counts == nullptr ? std::span<const std::uint32_t>() : counts->uint32s();
}

void set_vectors(Model& model, const Embeddings& vectors, Precision precision) {
  const std::vector<std::uint64_t> shape{vectors.rows(), vectors.dim()};
  model.tensors[tensor_name::kVectors] = precision == Precision::kHalf
                                             ? Tensor::halves_of(vectors.values(), shape)
                                             : Tensor::of(vectors.values(), shape);
}

void set_vectors(Model& model, const Embeddings& vectors, std::span<const Row> rows) {
  const std::size_t dim = vectors.dim();
  Tensor tensor{TensorType::kFloat16, {model.items.size(), dim}, {}};
  tensor.bytes.own().resize(model.items.size() * dim * sizeof(std::uint16_t));
  auto* const halves = reinterpret_cast<std::uint16_t*>(tensor.bytes.own().data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = vectors.row(i);
    std::transform(row.begin(), row.end(), halves + rows[i] * dim, float16_of);
  }
  model.tensors[tensor_name::kVectors] = std::move(tensor);
}

void append_vector(Tensor& tensor, std::span<const float> values) {
  if (tensor.type == TensorType::kFloat16) {
    tensor.bytes.own() += Tensor::halves_of(values, {values.size()}).bytes.view();
    return;
  }
  tensor.bytes.own().append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void set_popularity(Model& model, std::span<const std::uint32_t> counts) {
  model.tensors[tensor_name::kPopularity] = Tensor::of(counts, {counts.size()});
}

void set_content(Model& model, const ContentView& content) {
  Tensor offsets = Tensor::of(content.offsets, {content.offsets.size()});
  Tensor indices = Tensor::of(content.indices, {content.indices.size()});
  Tensor values = Tensor::of(content.values, {content.values.size()});
  model.tensors[tensor_name::kContentOffsets] = std::move(offsets);
  model.tensors[tensor_name::kContentIndices] = std::move(indices);
  model.tensors[tensor_name::kContentValues] = std::move(values);
  if (content.vocabulary.empty()) return;
  Tensor vocabulary;
  vocabulary.type = TensorType::kUint8;
  vocabulary.shape = {content.vocabulary.size()};
  vocabulary.bytes = content.vocabulary;
  model.tensors[tensor_name::kContentVocabulary] = std::move(vocabulary);
}

void set_dense_content(Model& model, const Embeddings& rows) {
  model.tensors[tensor_name::kContentDense] =
      Tensor::halves_of(rows.values(), {rows.rows(), rows.dim()});
}

void set_neighbors(Model& model, const NeighborTable& table) {
  const std::vector<std::uint64_t> shape{model.items.size(), table.per_item};
  Tensor rows = Tensor::of(table.rows, shape);
  model.tensors[tensor_name::kNeighborScores] = Tensor::of(table.scores, shape);
  model.tensors[tensor_name::kNeighborRows] = std::move(rows);
}

void set_fusion(Model& model, const FusionParameters& parameters,
                std::span<const FusionItem> items) {
  model.tensors[tensor_name::kFusionParameters] =
      Tensor::of({reinterpret_cast<const float*>(&parameters), FusionParameters::kCount},
                 {FusionParameters::kCount});
  model.tensors[tensor_name::kFusionItems] =
      Tensor::of({reinterpret_cast<const float*>(items.data()), items.size() * FusionItem::kCount},
                 {items.size(), FusionItem::kCount});
}

void set_map(Model& model, std::span<const float> xy) {
  model.tensors[tensor_name::kMap] = Tensor::of(xy, {xy.size() / 2, 2});
}

}  // namespace sparrow::model
