// EventWeights: how much an event speaks for its item. One table for what is learned from the log
// (training_rows.h) and for what lists follow at once (live/live_counts.h).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/events/event.h"

namespace sparrow::events {

inline constexpr float kMostEventWeight = 100;

class EventWeights {
 public:
  // The weights of kEventTypes, and of other names what data::usual_event_weight() says where it
  // knows the name (cart 3, share 4), else 0.
  EventWeights() = default;
  // "click=1,added_to_list=3" on top of these. Errors: kInvalidInput naming what is wrong.
  static Result<EventWeights> parse(std::string_view text);

  // Ratings below it do not count; 3.5 unless it is told.
  void set_liked(float liked) { liked_ = liked; }
  // 0..100. Of "watch_seconds" so much for each ten minutes, three times that at most; of a rating
  // all or nothing.
  float of(const Event& event) const;
  // Whether the event takes back what the person did with the item before: "dislike" and "hide".
  static bool takes_back(const Event& event);

 private:
  std::map<std::string, float, std::less<>> given_;  // by the folded name
  float liked_ = 3.5F;
};

}  // namespace sparrow::events
