// LiveSignals: what people do now, as lists read it: made now and then of recent events
// (live/live_counts.h), never changed. TrendingChannel and RecentCoWatchChannel recall from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/core/top_k.h"
#include "sparrow/recall/channel.h"

namespace sparrow::recall {

struct LiveSignals {
  std::uint64_t number = 0;  // another one for each of a process
  // Items that are used more than their share before lets expect, best first. Score: ln of the
  // smoothed ratio, above 0.
  std::vector<Neighbor> trending;
  // Items that the same people used within a window. Row seeds[i] has
  // partners[offsets[i] .. offsets[i + 1]), best first; seeds ascend. Score: ln lift with a
  // discount for few people, above 0.
  std::vector<Row> seeds;
  std::vector<std::uint32_t> offsets{0};
  std::vector<Neighbor> partners;

  bool empty() const { return trending.empty() && partners.empty(); }
  std::span<const Neighbor> used_with(Row row) const {
    const auto at = std::lower_bound(seeds.begin(), seeds.end(), row);
    if (at == seeds.end() || *at != row) return {};
    const auto i = static_cast<std::size_t>(at - seeds.begin());
    return std::span(partners).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

// What is used more than usual now, whatever the seeds are. Gives nothing, and costs nothing, where
// the query has no signals.
class TrendingChannel final : public Channel {
 public:
  ChannelId id() const override { return ChannelId::kTrending; }
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;
};

// What people who used a seed lately used within the same hours. Likewise.
class RecentCoWatchChannel final : public Channel {
 public:
  ChannelId id() const override { return ChannelId::kRecentCoWatch; }
  Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const override;
};

}  // namespace sparrow::recall
