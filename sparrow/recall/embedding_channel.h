// EmbeddingChannel: the nearest items by the model's similarity, from the precomputed neighbor
// table when it is long enough, else by exact search. PopularityChannel: the most watched, for
// seeds that no model knows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"
#include "sparrow/recall/channel.h"

namespace sparrow::recall {

class EmbeddingChannel final : public Channel {
 public:
  // Both must outlive this.
  EmbeddingChannel(const model::Model& model, const model::Similarity& similarity);
  std::string_view name() const override { return "embedding"; }
  // Exact: the same list with and without the table. O(quota), or O(items * dim) without it.
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;

 private:
  const model::Similarity& similarity_;
  std::span<const std::uint32_t> rows_;
  std::span<const float> scores_;
  std::size_t per_item_ = 0;
};

class PopularityChannel final : public Channel {
 public:
  explicit PopularityChannel(const model::Model& model);
  std::string_view name() const override { return "popular"; }
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;

 private:
  std::vector<Neighbor> by_popularity_;
};

}  // namespace sparrow::recall
