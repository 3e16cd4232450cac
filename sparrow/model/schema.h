// The tensors of a model that Sparrow itself reads, in one table: their names, types, ranks and how
// many rows they have. validate(), extend(), `sparrow verify` and docs/formats.md share it; other
// modules read tensors by the views of views.h. A tensor of any other name is kept and passed on.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/model/model.h"

namespace sparrow::model {

namespace tensor_name {
inline constexpr char kVectors[] = "vectors";
inline constexpr char kPopularity[] = "popularity";
inline constexpr char kContentOffsets[] = "content.indptr";
inline constexpr char kContentIndices[] = "content.indices";
inline constexpr char kContentValues[] = "content.values";
inline constexpr char kContentDense[] = "content.dense";
inline constexpr char kContentVocabulary[] = "content.vocabulary";
inline constexpr char kNeighborRows[] = "neighbors.rows";
inline constexpr char kNeighborScores[] = "neighbors.scores";
inline constexpr char kFusionParameters[] = "fusion.parameters";
inline constexpr char kFusionItems[] = "fusion.items";
inline constexpr char kMap[] = "map";
}  // namespace tensor_name

// What the first side of a tensor's shape must be.
enum class TensorRows { kItems, kItemsAndOne, kAny };

struct TensorForm {
  const char* name;
  TensorType type;
  std::size_t rank;
  TensorRows rows;
  std::size_t columns;  // the second side; 0: any
  const char* meaning;
  bool halves = false;  // float16 will do as well
};

std::span<const TensorForm> tensor_forms();

// Type, rank and sides of every tensor that the table knows. Errors: kCorrupt naming the tensor,
// what it is and what it should be.
Result<void> check_forms(const Model& model);

}  // namespace sparrow::model
