// Typed views of a model's tensors, each made by one of(model), and the functions that set them.
// Nothing outside of `model` knows a tensor by its name. Views borrow: the model must be valid,
// stay where it is and outlive them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"
#include "sparrow/model/fusion_formula.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

// A matrix of floats, items x dim, kept in single or half precision.
class MatrixView {
 public:
  MatrixView() = default;
  explicit MatrixView(const Tensor& tensor);  // of rank 2
  std::size_t rows() const { return rows_; }
  std::size_t dim() const { return dim_; }
  bool has(Row row) const;                         // it is no zero row
  void copy(Row row, std::span<float> out) const;  // dim() values
  std::vector<float> row(Row row) const;
  Embeddings all() const;
  std::vector<float> inverse_lengths() const;  // 0 where there is no vector
  float dot(Row a, Row b) const;
  // Inner products of a query of dim() values with every row; for a row of its
  // own equal to dot().
  void products(std::span<const float> query, std::span<float> out) const;
  // Of the values as they are kept: equal bytes, equal vectors.
  std::string_view bytes(Row row) const;

 private:
  const Tensor* tensor_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t dim_ = 0;
  const float* floats_ = nullptr;  // one of the two
  const std::uint16_t* halves_ = nullptr;
};

// Behavior vectors; an item without behavior has a zero row.
struct VectorsView : MatrixView {
  using MatrixView::MatrixView;
  static std::optional<VectorsView> of(const Model& model);
};

// Sparse content: row r has the features indices[offsets[r]..offsets[r + 1]) with their values.
struct ContentView {
  std::span<const std::uint32_t> offsets;
  std::span<const std::uint32_t> indices;
  std::span<const float> values;
  std::string_view vocabulary;      // JSON; empty: trained by an older program
  std::optional<MatrixView> dense;  // beside the sparse part; together of length 1

  static std::optional<ContentView> of(const Model& model);
};

// Precomputed lists: row r's neighbors, best first, kNoRow where the list ends earlier.
struct NeighborTable {
  std::size_t per_item = 0;
  std::span<const std::uint32_t> rows;
  std::span<const float> scores;

  static std::optional<NeighborTable> of(const Model& model);
  std::span<const std::uint32_t> rows_of(Row row) const {
    return rows.subspan(row * per_item, per_item);
  }
  std::span<const float> scores_of(Row row) const {
    return scores.subspan(row * per_item, per_item);
  }
};

// What a fused similarity is made of beside vectors and content.
struct FusionView {
  FusionParameters parameters;
  std::span<const FusionItem> items;

  static std::optional<FusionView> of(const Model& model);
};

// Places on the map of items.
class MapView {
 public:
  static std::optional<MapView> of(const Model& model);
  std::pair<float, float> at(Row row) const {
    return {xy_[std::size_t{2} * row], xy_[std::size_t{2} * row + 1]};
  }
  std::span<const float> xy() const { return xy_; }

 private:
  std::span<const float> xy_;
};

// Positive interactions of each item; empty where the model does not say.
std::span<const std::uint32_t> popularity_of(const Model& model);

enum class Precision { kSingle, kHalf };
void set_vectors(Model& model, const Embeddings& vectors, Precision precision = Precision::kSingle);
// Row i of `vectors` becomes that of rows[i] of `items`; the others have none. In half precision.
void set_vectors(Model& model, const Embeddings& vectors, std::span<const Row> rows);
// Adds a row to a tensor of vectors whose type and shape are set already.
void append_vector(Tensor& tensor, std::span<const float> values);
void set_popularity(Model& model, std::span<const std::uint32_t> counts);
// Copies the sparse part; no vocabulary: as it was. The dense part is set
// apart.
void set_content(Model& model, const ContentView& content);
void set_dense_content(Model& model, const Embeddings& rows);
void set_neighbors(Model& model, const NeighborTable& table);
void set_fusion(Model& model, const FusionParameters& parameters,
                std::span<const FusionItem> items);
void set_map(Model& model, std::span<const float> xy);

}  // namespace sparrow::model
