#include "sparrow/recall/embedding_channel.h"

#include <algorithm>

namespace sparrow::recall {

EmbeddingChannel::EmbeddingChannel(const model::Model& model, const model::Similarity& similarity)
    : similarity_(similarity) {
  const model::Tensor* rows = model.find("neighbors.rows");
  const model::Tensor* scores = model.find("neighbors.scores");
  if (rows == nullptr || scores == nullptr || rows->shape.size() != 2) return;
  rows_ = rows->uint32s();
  scores_ = scores->floats();
  per_item_ = rows->shape[1];
}

Result<std::vector<Neighbor>> EmbeddingChannel::recall(const ChannelQuery& query) const {
  std::vector<Neighbor> found;
  found.reserve(query.quota);
  for (std::size_t r = 0; r < per_item_ && found.size() < query.quota; ++r) {
    const Row row = rows_[query.seed * per_item_ + r];
    if (row == kNoRow) break;
    if (query.excluded.empty() || query.excluded[row] == 0) {
      found.push_back({row, scores_[query.seed * per_item_ + r]});
    }
  }
  if (found.size() == query.quota) return found;
  return similarity_.nearest(query.seed, query.quota, query.excluded);
}

PopularityChannel::PopularityChannel(const model::Model& model) {
  const model::Tensor* popularity = model.find("popularity");
  for (Row row = 0; row < model.items.size(); ++row) {
    by_popularity_.push_back(
        {row, popularity == nullptr ? 0.0F : static_cast<float>(popularity->uint32s()[row])});
  }
  std::sort(by_popularity_.begin(), by_popularity_.end(), better);
}

Result<std::vector<Neighbor>> PopularityChannel::recall(const ChannelQuery& query) const {
  std::vector<Neighbor> found;
  for (const Neighbor& n : by_popularity_) {
    if (found.size() == query.quota) break;
    if (n.row != query.seed && (query.excluded.empty() || query.excluded[n.row] == 0))
      found.push_back(n);
  }
  return found;
}

}  // namespace sparrow::recall
