// serve: load what is promoted, answer, follow promotions.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"
#include "sparrow/app/follower.h"
#include "sparrow/app/live_catalog.h"
#include "sparrow/app/serve_options.h"
#include "sparrow/http/server.h"
#include "sparrow/live/candidate_pool.h"
#include "sparrow/store/promotion_watch.h"

namespace sparrow::app {
namespace {

// What the API may do with the store. Opened for each call: the server itself only reads.
api::ModelControl control_of(const Context& context, LiveCatalog& catalog) {
  const auto writing = [context](const auto& act) {
    auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
    using Answer = decltype(act(std::declval<store::ModelStore&>()));
    if (!store) return Answer(store.error());
    store::ModelStore models(**store);
    return act(models);
  };
  api::ModelControl control;
  control.versions = [context]() -> Result<std::vector<nlohmann::json>> {
    auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
    if (!store) return store.error();
    const store::ModelStore models(**store);
    const auto names = models.names();
    if (!names) return names.error();
    std::vector<nlohmann::json> all;
    for (const auto& name : *names) {
      const auto versions = models.list(name);
      if (!versions) return versions.error();
      for (const auto& version : *versions) {
        all.push_back(model::to_json(version.manifest));
        all.back()["promoted"] = version.promoted;
        all.back()["bytes"] = version.bytes;
      }
    }
    return all;
  };
  control.promote = [writing](const std::string& name, const std::string& version) {
    return writing([&](store::ModelStore& models) { return models.promote(name, version); });
  };
  control.rollback = [writing](const std::string& name) {
    return writing([&](store::ModelStore& models) { return models.rollback(name); });
  };
  control.load = [context](const std::string& name, const std::string& version) {
    return find_model(context, name + "@" + version);
  };
  control.change_items = [&catalog](const std::vector<live::ItemChange>& changes) {
    constexpr std::chrono::seconds kPatience{5};
    return catalog.change(changes, kPatience);
  };
  return control;
}

// Before the API goes, nothing may be swapped into it any more.
struct Detach {
  LiveCatalog& catalog;
  ~Detach() { catalog.detach(); }
};

// Asks the pool's source on a schedule, in a thread of its own; the last good pool is kept.
class PoolRefresher {
 public:
  PoolRefresher(std::unique_ptr<live::PoolSource> source, std::size_t seconds, api::Api& api)
      : source_(std::move(source)), seconds_(seconds), api_(api) {
    refresh();
    thread_ = std::thread([this] { run(); });
  }
  ~PoolRefresher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  // Soon, from any thread: the catalogue has further items.
  void refresh_soon() {
    {
      const std::lock_guard lock(mutex_);
      asked_ = true;
    }
    wake_.notify_all();
  }

 private:
  void refresh() {
    const auto ids = source_->ids();
    const auto view = api_.snapshot()->view;
    auto pool = ids ? live::make_pool(view->dataset->catalog, *ids, source_->name())
                    : Result<live::CandidatePool>(ids.error());
    if (pool) {
      if (!api_.snapshot()->pool->error.empty())
        fmt::print(stderr, "serve     candidate pool recovered\n");
      return api_.set_pool(std::move(*pool));
    }
    live::CandidatePool kept = *api_.snapshot()->pool;
    if (kept.error != pool.error().message)
      fmt::print(stderr, "serve     degraded: {}\n", pool.error().message);
    kept.error = pool.error().message;
    kept.source = source_->name();
    api_.set_pool(std::move(kept));
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait_for(lock, std::chrono::seconds(seconds_), [this] { return stopping_ || asked_; });
      if (stopping_) return;
      asked_ = false;
      lock.unlock();
      refresh();
      lock.lock();
    }
  }

  std::unique_ptr<live::PoolSource> source_;
  std::size_t seconds_;
  api::Api& api_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool asked_ = false;
  std::thread thread_;
};

http::Handler handler_of(api::Api& api) {
  return {[&api](const http::Request& request, http::Response& response) {
            api.handle(request, response);
          },
          [&api](const http::Request& request) { return api.is_slow(request); },
          [&api](int status, std::string_view client) { api.count_refused(status, client); }};
}

Result<void> run_serve(const Context& context, ServeArguments arguments) {
  const auto start = std::chrono::steady_clock::now();
  if (auto read = read_serve_arguments(arguments); !read) return read;
  std::unique_ptr<http::Log> log;
  if (!arguments.log_file.empty()) {
    auto opened = http::Log::open(arguments.log_file);
    if (!opened) return opened.error();
    log = std::move(*opened);
    arguments.api.log = log.get();
  }
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  arguments.api.home = context.paths().root;
  arguments.api.store_uri = shown_uri(context.store());
  auto catalog = LiveCatalog::open(context, *dataset, arguments.max_changed_items);
  if (!catalog) return catalog.error();
  api::Api api(arguments.api, (*catalog)->view(), control_of(context, **catalog));
  if (auto loaded = api.load_rules(); !loaded) return loaded;
  std::unique_ptr<PoolRefresher> refresher;
  if (!arguments.pool.uri.empty())
    refresher = std::make_unique<PoolRefresher>(std::move(*live::open_pool_source(arguments.pool)),
                                                arguments.pool_refresh_s, api);
  (*catalog)->attach(api, [&refresher] {
    if (refresher != nullptr) refresher->refresh_soon();
  });
  const Detach detach{**catalog};
  Follower follower(context, **catalog, api);
  follower.follow();
  follower.use_disk(arguments.api.default_model);
  // Hears of promotions at once where the store can tell; polling goes on beside it.
  auto watch = store::PromotionWatch::start(context.store(), [&] { follower.wake(); });
  if (!watch) return watch.error();
  http::ServerOptions options = arguments.server;
  options.threads = context.threads;
  auto server = http::Server::start(options, handler_of(api));
  if (!server) return server.error();
  fmt::print(stderr, "serve     http://{}:{}/ after {}\n",
             options.address == "127.0.0.1" ? "localhost" : options.address, (*server)->port(),
             since(start));
  follower.run(std::chrono::milliseconds(arguments.poll_ms));
  (*catalog)->stop_waiting();
  (*server)->stop();
  fmt::print(stderr, "serve     stopped\n");
  return {};
}

}  // namespace

Command add_serve(CLI::App& sub) {
  auto o = std::make_shared<ServeArguments>();
  add_serve_options(sub, *o);
  return [o](const Context& context) { return run_serve(context, *o); };
}

}  // namespace sparrow::app
