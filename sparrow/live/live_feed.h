// LiveFeed: brings events to LiveCounts as they are kept, puts what they say into the State, and
// brings what users of other replicas hid or have seen to the UserMarks, in a thread of its own.
// Neither requests nor the log wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sparrow/events/event_log.h"
#include "sparrow/events/event_weights.h"
#include "sparrow/live/journal.h"
#include "sparrow/live/live_counts.h"
#include "sparrow/live/say.h"
#include "sparrow/live/state.h"

namespace sparrow::live {

struct LiveFeedOptions {
  LiveCountsOptions counts;
  events::EventWeights weights;
  int days_read = 14;                    // of the log, when it starts
  std::size_t most_read = 2'000'000;     // events of them, the newest days first
  std::size_t most_waiting = 1 << 17;    // events not yet counted; more are dropped and counted
  std::chrono::milliseconds every{500};  // least time from one publication to the next
};

class LiveFeed {
 public:
  explicit LiveFeed(LiveFeedOptions options) : options_(std::move(options)) {}
  ~LiveFeed() { stop(); }
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  // What EventLogOptions::on_kept calls: from any thread, also before start().
  void take(const events::Event& event);
  // Forgets whose the last items were; from any thread.
  void forget(const std::string& user);
  // Reads the last days of the log, then what comes; what is liked, the state's data set says.
  // `state` and `log` must outlive stop(), after which it may be started with another state.
  // `marks` may be null.
  void start(State& state, UserMarks* marks, const events::EventLog& log, Say say);
  void stop();

  struct Counts {
    std::uint64_t counted = 0;  // since the start, those read from the log among them
    std::uint64_t dropped = 0;  // found no room
    std::uint64_t unknown = 0;  // of items that the catalogue lacks
    std::size_t trending = 0;   // published now
    std::size_t seeds = 0;      // items with partners, published now
  };
  Counts counts() const;

 private:
  // An event, or (with an empty item) a person to forget.
  struct Waiting {
    std::string item;
    std::uint64_t person;  // 0: counts for nothing
    std::int64_t time_s;
    float weight;
    // Of another replica, where it marks the item for its user; else empty.
    std::string marked_by;
    std::string mark;    // the event's type
    std::string undone;  // of an undo: the type that it takes back; empty: all
  };

  // Nothing for what counts for nothing and marks nothing: no weight, or nobody's.
  std::optional<Waiting> counted_of(const events::Event& event) const;
  void run();
  void read_log();
  bool drain();  // whether there was anything
  void use(const Waiting& event);
  void follow_catalog();
  void publish();

  LiveFeedOptions options_;
  State* state_ = nullptr;
  UserMarks* marks_ = nullptr;
  const events::EventLog* log_ = nullptr;
  Say say_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  Counts counts_;

  // The thread's own.
  std::unique_ptr<LiveCounts> live_;
  std::shared_ptr<const CatalogView> view_;
  std::uint64_t published_ = 0;
  bool changed_ = false;
};

}  // namespace sparrow::live
