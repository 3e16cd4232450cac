// serve: load what is promoted, answer, follow promotions.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/follower.h"
#include "sparrow/serve/api.h"
#include "sparrow/serve/http_server.h"
#include "sparrow/serve/pool_source.h"
#include "sparrow/store/promotion_watch.h"

namespace sparrow::app {
namespace {

struct ServeArguments {
  serve::ServerOptions server;
  serve::ApiOptions api;
  serve::PoolOptions pool;
  std::size_t pool_refresh_s = 60;
  std::vector<std::string> tokens;
  std::size_t poll_ms = 1000;
};

Result<void> read_tokens(ServeArguments& arguments) {
  static const std::map<std::string, serve::Role> roles = {{"viewer", serve::Role::kViewer},
                                                           {"editor", serve::Role::kEditor},
                                                           {"admin", serve::Role::kAdmin}};
  constexpr std::size_t kShortest = 8;
  for (const auto& token : arguments.tokens) {
    const auto colon = token.find(':');
    const auto role = roles.find(token.substr(0, colon));
    if (role == roles.end() || colon == std::string::npos || token.size() < colon + 1 + kShortest)
      return Error{ErrorCode::kInvalidInput,
                   "a token is ROLE:SECRET with the role viewer, editor or admin and a secret of 8 "
                   "characters or more"};
    arguments.api.tokens[token.substr(colon + 1)] = role->second;
  }
  return {};
}

// What the API may do with the store. Opened for each call: the server itself only reads.
serve::ModelControl control_of(const Context& context) {
  const auto writing = [context](const auto& act) {
    auto store = store::open_store(context.store(), store::OpenMode::kReadWrite);
    using Answer = decltype(act(std::declval<store::ModelStore&>()));
    if (!store) return Answer(store.error());
    store::ModelStore models(**store);
    return act(models);
  };
  serve::ModelControl control;
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
  return control;
}

// Asks the pool's source on a schedule, in a thread of its own; the last good pool is kept.
class PoolRefresher {
 public:
  PoolRefresher(std::unique_ptr<serve::PoolSource> source, std::size_t seconds,
                const data::Catalog& catalog, serve::Api& api)
      : source_(std::move(source)), seconds_(seconds), catalog_(catalog), api_(api) {
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

 private:
  void refresh() {
    const auto ids = source_->ids();
    auto pool = ids ? serve::make_pool(catalog_, *ids, source_->name())
                    : Result<serve::CandidatePool>(ids.error());
    if (pool) {
      if (!api_.snapshot()->pool->error.empty())
        fmt::print(stderr, "serve     candidate pool recovered\n");
      return api_.set_pool(std::move(*pool));
    }
    serve::CandidatePool kept = *api_.snapshot()->pool;
    if (kept.error != pool.error().message)
      fmt::print(stderr, "serve     degraded: {}\n", pool.error().message);
    kept.error = pool.error().message;
    kept.source = source_->name();
    api_.set_pool(std::move(kept));
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::seconds(seconds_), [this] { return stopping_; })) {
      lock.unlock();
      refresh();
      lock.lock();
    }
  }

  std::unique_ptr<serve::PoolSource> source_;
  std::size_t seconds_;
  const data::Catalog& catalog_;
  serve::Api& api_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

Result<void> run_serve(const Context& context, ServeArguments arguments) {
  const auto start = std::chrono::steady_clock::now();
  if (auto read = read_tokens(arguments); !read) return read;
  std::unique_ptr<serve::PoolSource> pool_source;
  if (!arguments.pool.uri.empty()) {
    auto opened = serve::open_pool_source(arguments.pool);
    if (!opened) return opened.error();
    pool_source = std::move(*opened);
  }
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  arguments.api.home = context.paths().root;
  arguments.api.store_uri = context.store();
  const auto facts = std::make_shared<const recall::ItemFacts>(**dataset);
  serve::Api api(arguments.api, std::make_shared<const serve::CatalogView>(*dataset, facts),
                 control_of(context));
  if (auto loaded = api.load_rules(); !loaded) return loaded;
  std::unique_ptr<PoolRefresher> refresher;
  if (pool_source != nullptr)
    refresher = std::make_unique<PoolRefresher>(std::move(pool_source), arguments.pool_refresh_s,
                                                (*dataset)->catalog, api);
  Follower follower(context, *dataset, facts, api);
  follower.follow();
  follower.use_disk(arguments.api.default_model);
  // Hears of promotions at once where the store can tell; polling goes on beside it.
  auto watch = store::PromotionWatch::start(context.store(), [&] { follower.wake(); });
  if (!watch) return watch.error();
  serve::ServerOptions options = arguments.server;
  options.threads = context.threads;
  auto server = serve::Server::start(
      options, [&api](const serve::Request& request, serve::Response& response) {
        api.handle(request, response);
      });
  if (!server) return server.error();
  fmt::print(stderr, "serve     http://{}:{}/ after {}\n",
             options.address == "127.0.0.1" ? "localhost" : options.address, (*server)->port(),
             since(start));
  follower.run(std::chrono::milliseconds(arguments.poll_ms));
  (*server)->stop();
  fmt::print(stderr, "serve     stopped\n");
  return {};
}

}  // namespace

Command add_serve(CLI::App& sub) {
  auto o = std::make_shared<ServeArguments>();
  sub.add_option("--port", o->server.port, "Port; 0 takes any free one")->capture_default_str();
  sub.add_option("--host", o->server.address,
                 "Address to listen on; the default is this machine only")
      ->capture_default_str();
  sub.add_option("--model", o->api.default_model, "Model for requests that name none")
      ->capture_default_str();
  sub.add_option("--poster-url", o->api.poster_url_template,
                 "URL of posters with {id}, {imdb_id} or {tmdb_id} in it");
  sub.add_option("--cors", o->api.cors_origins, "Origins that browsers may call from")
      ->delimiter(',');
  sub.add_option("--token", o->tokens,
                 "ROLE:SECRET for calls that change something; roles: viewer, editor, admin")
      ->delimiter(',')
      ->envname("SPARROW_TOKENS");
  sub.add_option(
      "--pool", o->pool.uri,
      "What may be shown: sqlite:FILE, postgresql://HOST/DB or http://HOST/PATH; default: "
      "everything");
  sub.add_option("--pool-sql", o->pool.query, "Query that gives the ids that may be shown")
      ->capture_default_str();
  sub.add_option("--pool-refresh-s", o->pool_refresh_s, "How often the pool is asked for")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  sub.add_option("--poll-ms", o->poll_ms, "How often to look for a promotion")
      ->check(CLI::Range(50, 600000))
      ->capture_default_str();
  sub.add_option("--max-connections", o->server.max_connections)->capture_default_str();
  return [o](const Context& context) { return run_serve(context, *o); };
}

}  // namespace sparrow::app
