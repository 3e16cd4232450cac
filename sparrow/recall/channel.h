// Channel: one named way to find candidates for a seed. Recall asks several and merges what they
// give; ranking then scores the candidates exactly.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/core/row.h"
#include "sparrow/core/top_k.h"

namespace sparrow::recall {

struct ChannelQuery {
  Row seed = kNoRow;
  std::size_t quota = 0;  // how many candidates at most
  std::span<const std::uint8_t>
      excluded;  // one byte an item, or empty; the seed is always excluded
};

// Immutable; safe for use by several threads.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual std::string_view name() const = 0;
  // Best first; scores are the channel's own. An error drops the channel from this answer, not the
  // answer.
  virtual Result<std::vector<Neighbor>> recall(const ChannelQuery& query) const = 0;
};

}  // namespace sparrow::recall
