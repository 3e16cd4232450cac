#include "sparrow/store/promotion_watch.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "sparrow/store/redis_connection.h"
#include "sparrow/store/redis_store.h"
#include "sparrow/store/redis_topology.h"

namespace sparrow::store {
namespace {

using std::chrono::milliseconds;

class RedisWatch final : public PromotionWatch {
 public:
  RedisWatch(const RedisOptions& options, std::function<void()> changed)
      : options_(options), changed_(std::move(changed)), thread_([this] { watch(); }) {}

  ~RedisWatch() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  RedisWatch(const RedisWatch&) = delete;
  RedisWatch& operator=(const RedisWatch&) = delete;

 private:
  void watch() {
    constexpr milliseconds kFirst{50};
    constexpr milliseconds kMost{2000};
    milliseconds pause = kFirst;
    while (!stopped_) {
      if (listen()) pause = kFirst;
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, pause, [this] { return stopped_.load(); });
      pause = std::min(pause * 2, kMost);
    }
  }

  // Until the connection is lost; false when there was none.
  bool listen() {
    RedisTopology topology(options_);
    if (!topology.refresh()) return false;
    const auto node = topology.node_of(kChangedChannel);
    if (!node) return false;
    auto connection = RedisConnection::open(*node, options_);
    if (!connection) return false;
    const std::array<std::string_view, 2> subscribe{"SUBSCRIBE", kChangedChannel};
    if (!(*connection)->ask(subscribe)) return false;
    changed_();
    constexpr milliseconds kLook{100};
    while (!stopped_) {
      auto reply = (*connection)->receive_within(kLook);
      if (!reply) return true;
      if (*reply) changed_();
    }
    return true;
  }

  const RedisOptions options_;
  const std::function<void()> changed_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<PromotionWatch>> PromotionWatch::start(std::string_view uri,
                                                              std::function<void()> changed) {
  if (!is_redis_uri(uri)) return std::unique_ptr<PromotionWatch>();
  auto options = parse_redis_uri(uri);
  if (!options) return options.error();
  return std::unique_ptr<PromotionWatch>(
      std::make_unique<RedisWatch>(*options, std::move(changed)));
}

}  // namespace sparrow::store
