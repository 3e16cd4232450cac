// Channels that need no model: what people liked together, the same people or series, the same
// genre well rated, popular, fresh.
#pragma once

#include <vector>

#include "sparrow/recall/channel.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::recall {

// Items liked by the users who liked the seed, by ln lift with a discount for few users:
// ln(n_ab U / (n_a n_b)) * n_ab / (n_ab + 5). At most 1,000 users of the seed are asked.
class CoWatchChannel final : public Channel {
 public:
  explicit CoWatchChannel(const ItemFacts& facts) : facts_(facts) {}
  ChannelId id() const override { return ChannelId::kCoWatch; }
  // Errors: kUnavailable where there are no interactions.
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;

 private:
  const ItemFacts& facts_;
};

// Films of the seed's series first, then those that share directors or actors, most shared first.
class RelatedChannel final : public Channel {
 public:
  explicit RelatedChannel(const ItemFacts& facts) : facts_(facts) {}
  ChannelId id() const override { return ChannelId::kPeopleSeries; }
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;

 private:
  const ItemFacts& facts_;
};

enum class Order { kQuality, kPopularity, kYear };

// A list made once for all seeds: the best by quality among items that share a genre with the seed
// ("genre"), the most liked ("popular"), the newest ("fresh").
class OrderedChannel final : public Channel {
 public:
  OrderedChannel(const ItemFacts& facts, Order order);
  ChannelId id() const override;
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;

 private:
  const ItemFacts& facts_;
  Order order_;
  std::vector<Neighbor> sorted_;
};

}  // namespace sparrow::recall
