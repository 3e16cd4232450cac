#include "sparrow/recall/live_signals.h"

#include "sparrow/recall/embedding_channel.h"

namespace sparrow::recall {

Result<std::vector<Neighbor>> TrendingChannel::recall(const ChannelQuery& query) const {
  std::vector<Neighbor> found;
  if (query.live == nullptr) return found;
  for (const Neighbor& n : query.live->trending) {
    if (found.size() == query.quota) break;
    if (query.allows(n.row)) found.push_back(n);
  }
  return found;
}

Result<std::vector<Neighbor>> RecentCoWatchChannel::recall(const ChannelQuery& query) const {
  if (query.live == nullptr) return std::vector<Neighbor>();
  std::vector<std::vector<Neighbor>> lists;
  for (const Seed& seed : query.seeds) {
    if (seed.weight <= 0) continue;
    std::vector<Neighbor> found;
    for (const Neighbor& n : query.live->used_with(seed.row)) {
      if (found.size() == query.quota) break;
      if (query.allows(n.row)) found.push_back(n);
    }
    lists.push_back(std::move(found));
  }
  return merge_best(std::move(lists), query.quota);
}

}  // namespace sparrow::recall
