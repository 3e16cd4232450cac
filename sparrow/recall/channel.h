// Channel: one named way to find candidates for seeds. Recall asks several and merges what they
// give; ranking then scores the candidates exactly. Rows are rows of the catalogue.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/core/top_k.h"
#include "sparrow/recall/allowed.h"

namespace sparrow::recall {

enum class ChannelId : std::uint8_t {
  kEmbedding,     // near by the model's similarity
  kCoWatch,       // liked by the same people
  kContent,       // near by content
  kPeopleSeries,  // of the same series or people
  kGenre,         // of the same genres, best liked first
  kPopular,
  kFresh,
  kTrending,       // used more than usual now, by recent events
  kRecentCoWatch,  // used by the same people within hours, by recent events
};

// The channels by name, in the order of their ids.
inline constexpr std::array<std::string_view, 9> kChannelNames = {
    "embedding", "co-watch", "content",  "people-series",  "genre",
    "popular",   "fresh",    "trending", "recent-co-watch"};
// Whether the channel lives on recent events, and may therefore be empty.
constexpr bool is_live(ChannelId id) {
  return id == ChannelId::kTrending || id == ChannelId::kRecentCoWatch;
}
constexpr std::string_view channel_name(ChannelId id) {
  return kChannelNames[static_cast<std::size_t>(id)];
}
// kChannelNames.size() for a name that no channel has.
constexpr std::size_t channel_index(std::string_view name) {
  std::size_t i = 0;
  while (i < kChannelNames.size() && kChannelNames[i] != name) ++i;
  return i;
}

struct LiveSignals;

// An item to start from. A negative weight means "not like this".
struct Seed {
  Row row = kNoRow;
  float weight = 1;
};

struct ChannelQuery {
  std::span<const Seed> seeds;
  std::size_t quota = 0;  // how many candidates at most
  // A channel may stop at this many when more would cost a search of all items; 0: quota.
  std::size_t enough = 0;
  // No search of all items is begun after this.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Whether an item may be shown; nullptr: all but the seeds. Never asked of a seed.
  const Allowed* allowed = nullptr;
  const LiveSignals* live = nullptr;  // nullptr: there were no recent events

  bool is_seed(Row row) const {
    for (const Seed& seed : seeds) {
      if (seed.row == row) return true;
    }
    return false;
  }
  bool allows(Row row) const { return !is_seed(row) && (allowed == nullptr || (*allowed)(row)); }
};

// Immutable; safe for use by several threads.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual ChannelId id() const = 0;
  // Best first; scores are the channel's own. An error drops the channel from this answer, not the
  // answer.
  virtual Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const = 0;
};

}  // namespace sparrow::recall
