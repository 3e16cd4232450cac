// EmbeddingChannel: the nearest items by the model's similarity, from the precomputed neighbor
// table when it is long enough, else by a search among what may be shown. ContentChannel: the
// same by content alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sparrow/model/content_matrix.h"
#include "sparrow/model/model.h"
#include "sparrow/model/similarity.h"
#include "sparrow/model/views.h"
#include "sparrow/recall/alignment.h"
#include "sparrow/recall/channel.h"
#include "sparrow/recall/neighbor_search.h"

namespace sparrow::recall {

class EmbeddingChannel final : public Channel {
 public:
  // All must outlive this.
  EmbeddingChannel(const model::Model& model, const model::Similarity& similarity,
                   const Alignment& alignment, const NeighborSearch& search);
  ChannelId id() const override { return ChannelId::kEmbedding; }
  // Exact unless the search is by graph: the same list with and without the table. With several
  // seeds each gives its own list; scores are then the best of any positive seed. O(quota), or a
  // search where the table does not reach.
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;
  // Asks for the memory of a seed's row of the table, which recall() will read soon.
  void prefetch(Row seed) const;

  // Share of the exact first k of `seeds` behavior items that recall() gives, with k and the table
  // as they are in use.
  double recall_at_k(std::size_t k, std::size_t seeds) const;

 private:
  std::vector<Neighbor> nearest(Row seed, const ChannelQuery& query) const;

  const model::Similarity& similarity_;
  const Alignment& alignment_;
  const NeighborSearch& search_;
  model::NeighborTable table_;
};

class ContentChannel final : public Channel {
 public:
  // `content` and `alignment` of the same model must outlive this.
  ContentChannel(const model::ContentMatrix& content, const Alignment& alignment)
      : content_(content), alignment_(alignment) {}
  ChannelId id() const override { return ChannelId::kContent; }
  // Errors: kUnavailable when the model holds no content.
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;
  float cosine(Row a, Row b) const;  // catalogue rows

 private:
  const model::ContentMatrix& content_;
  const Alignment& alignment_;
};

// The best `quota` of several seeds' lists: each item with its largest score.
std::vector<Neighbor> merge_best(std::vector<std::vector<Neighbor>> lists, std::size_t quota);

}  // namespace sparrow::recall
