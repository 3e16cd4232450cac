// PoolRefresher: keeps the candidate pool of a State up to date with its source.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "sparrow/live/candidate_pool.h"
#include "sparrow/live/say.h"
#include "sparrow/live/state.h"

namespace sparrow::live {

// Asks the source on a schedule, in a thread of its own; the last good pool is kept.
class PoolRefresher {
 public:
  // Asks once before it returns. The state must outlive this.
  PoolRefresher(std::unique_ptr<PoolSource> source, std::chrono::seconds every, State& state,
                Say say);
  ~PoolRefresher();
  // Soon, from any thread: the catalogue has further items.
  void refresh_soon();

 private:
  void refresh();
  void run();

  std::unique_ptr<PoolSource> source_;
  std::chrono::seconds every_;
  State& state_;
  Say say_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool asked_ = false;
  std::thread thread_;
};

}  // namespace sparrow::live
