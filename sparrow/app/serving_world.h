// ServingWorld: a server's catalogue, API and models, all of one state of the prepared data.
// ServingWorlds has the one that answers now, and puts the next one in its place while it answers.
#pragma once

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"
#include "sparrow/app/serve_options.h"
#include "sparrow/events/event_log.h"
#include "sparrow/live/follower.h"
#include "sparrow/live/live_catalog.h"
#include "sparrow/live/live_feed.h"
#include "sparrow/live/pool_refresher.h"
#include "sparrow/live/poster_watch.h"

namespace sparrow::app {

// What all of them share; outlives them.
struct Surroundings {
  const Context& context;
  const ServeArguments& arguments;
  live::LiveFeed& feed;
  const events::EventLog* log;  // null: events are not kept
  live::Say say;
};

// Knows whether HOME/prepared has become another.
class PreparedData {
 public:
  explicit PreparedData(std::filesystem::path file) : file_(std::move(file)) {}
  // The hash of what is prepared now; empty: there is none that can be read. Reads the file when it
  // has changed.
  const std::string& hash();

 private:
  std::filesystem::path file_;
  std::filesystem::file_time_type written_{};
  std::string hash_;
};

class ServingWorld {
 public:
  // Of what is prepared in the home, with its models. `before` (may be null) answers meanwhile, but
  // takes no changes of items any more unless this fails. Errors: the prepared data or
  // HOME/items.jsonl cannot be read.
  static Result<std::unique_ptr<ServingWorld>> open(const Surroundings& around,
                                                    ServingWorld* before);
  ServingWorld(const Surroundings& around, std::shared_ptr<const data::Dataset> dataset,
               std::unique_ptr<live::LiveCatalog> catalog, std::future<live::FirstLook> first,
               ServingWorld* before);
  ~ServingWorld();
  ServingWorld(const ServingWorld&) = delete;
  ServingWorld& operator=(const ServingWorld&) = delete;

  api::Api& api() { return api_; }
  live::LiveCatalog& catalog() { return *catalog_; }
  live::Follower& follower() { return follower_; }

 private:
  Result<live::ItemsChanged> change_items(const std::vector<live::ItemChange>& changes);
  void close_items(bool closed);
  live::FollowerOptions follower_options(const Surroundings& around,
                                         std::future<live::FirstLook> first);

  std::shared_ptr<const data::Dataset> dataset_;
  std::unique_ptr<live::LiveCatalog> catalog_;
  PreparedData prepared_;
  std::shared_mutex items_mutex_;  // shared: while items are changed
  bool items_closed_ = false;
  api::Api api_;
  std::unique_ptr<live::PoolRefresher> refresher_;
  live::PosterWatch posters_;
  live::Follower follower_;
};

class ServingWorlds {
 public:
  explicit ServingWorlds(Surroundings around) : around_(std::move(around)) {}

  // The first, with its models. Errors: as ServingWorld::open().
  Result<void> begin();
  std::shared_ptr<ServingWorld> now() const {
    const std::shared_lock lock(mutex_);
    return now_;
  }
  // Counts events from the log on; after begin().
  void feed();
  // Serves until `stop` is set: makes what lists do not need (search, looks), takes up promoted
  // models, and newly prepared data with the first promoted model that is of them. With a million
  // items it hears of `stop` after seconds.
  void run(const std::atomic<bool>& stop);

 private:
  void make_ready(const std::atomic<bool>& stop);
  void renew(const std::atomic<bool>& stop);

  Surroundings around_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<ServingWorld> now_;
};

}  // namespace sparrow::app
