#include "sparrow/live/pool_refresher.h"

namespace sparrow::live {

PoolRefresher::PoolRefresher(std::unique_ptr<PoolSource> source, std::chrono::seconds every,
                             State& state, Say say)
    : source_(std::move(source)), every_(every), state_(state), say_(std::move(say)) {
  refresh();
  thread_ = std::thread([this] { run(); });
}

PoolRefresher::~PoolRefresher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void PoolRefresher::refresh_soon() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  wake_.notify_all();
}

void PoolRefresher::refresh() {
  const auto ids = source_->ids();
  const auto now = state_.snapshot();
  auto pool = ids ? make_pool(now->view->dataset->catalog, *ids, source_->name())
                  : Result<CandidatePool>(ids.error());
  if (pool) {
    if (!now->pool->error.empty()) say_("candidate pool recovered");
    return state_.set_pool(std::move(*pool));
  }
  CandidatePool kept = *now->pool;
  if (kept.error != pool.error().message) say_("degraded: " + pool.error().message);
  kept.error = pool.error().message;
  kept.source = source_->name();
  state_.set_pool(std::move(kept));
}

void PoolRefresher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, every_, [this] { return stopping_ || asked_; });
    if (stopping_) return;
    asked_ = false;
    lock.unlock();
    refresh();
    lock.lock();
  }
}

}  // namespace sparrow::live
