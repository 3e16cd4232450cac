// PromotionWatch: hears of promotions at once where the store can tell (Redis: SUBSCRIBE).
// Elsewhere there is none, and readers poll.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "sparrow/core/result.h"

namespace sparrow::store {

class PromotionWatch {
 public:
  virtual ~PromotionWatch() = default;  // ends the thread

  // Calls `changed` from a thread of its own whenever somebody's compare_and_set() went through,
  // and after each connection made again, since something may have been missed. nullptr where the
  // store of this URI cannot tell. A lost connection is made again with growing pauses.
  static Result<std::unique_ptr<PromotionWatch>> start(std::string_view uri,
                                                       std::function<void()> changed);
};

}  // namespace sparrow::store
