// serve: load what is promoted, answer, follow promotions.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"
#include "sparrow/app/serve_options.h"
#include "sparrow/http/server.h"
#include "sparrow/live/follower.h"
#include "sparrow/live/live_catalog.h"
#include "sparrow/live/pool_refresher.h"
#include "sparrow/store/promotion_watch.h"

namespace sparrow::app {
namespace {

// What the API may do with the store. Opened for each call: the server itself only reads.
api::ModelControl control_of(const Context& context, live::LiveCatalog& catalog) {
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
  live::LiveCatalog& catalog;
  ~Detach() { catalog.detach(); }
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
  const live::Say say = [](const std::string& line) { fmt::print(stderr, "serve     {}\n", line); };
  arguments.api.home = context.paths().root;
  arguments.api.version = SPARROW_VERSION;
  arguments.api.store_uri = shown_uri(context.store());
  auto catalog =
      live::LiveCatalog::open({context.paths(), arguments.max_changed_items, say}, *dataset);
  if (!catalog) return catalog.error();
  api::Api api(arguments.api, (*catalog)->view(), control_of(context, **catalog));
  if (auto loaded = api.state().load_rules(arguments.api.home); !loaded) return loaded;
  std::unique_ptr<live::PoolRefresher> refresher;
  if (!arguments.pool.uri.empty())
    refresher = std::make_unique<live::PoolRefresher>(
        std::move(*live::open_pool_source(arguments.pool)),
        std::chrono::seconds(arguments.pool_refresh_s), api.state(), say);
  (*catalog)->attach(api.state(), [&refresher] {
    if (refresher != nullptr) refresher->refresh_soon();
  });
  const Detach detach{**catalog};
  live::Follower follower({context.paths(), context.store(), say}, **catalog, api.state());
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
  follower.run(std::chrono::milliseconds(arguments.poll_ms), interrupted);
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
