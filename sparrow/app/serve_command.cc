// serve: load what is promoted, answer, follow promotions.

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/serve/api.h"
#include "sparrow/serve/http_server.h"

namespace sparrow::app {
namespace {

struct ServeArguments {
  serve::ServerOptions server;
  serve::ApiOptions api;
  std::size_t poll_ms = 1000;
};

// Names of all models that have a promoted version in the store.
std::vector<std::pair<std::string, std::string>> promoted_models(const Context& context,
                                                                 std::string& problem) {
  std::vector<std::pair<std::string, std::string>> found;
  problem.clear();
  auto store = store::open_store(context.store(), store::OpenMode::kReadOnly);
  if (!store) {
    problem = store.error().message;
    return found;
  }
  const store::ModelStore models(**store);
  const auto names = models.names();
  if (!names) {
    problem = names.error().message;
    return found;
  }
  for (const auto& name : *names) {
    const auto version = models.promoted(name);
    if (version && *version) found.emplace_back(name, **version);
  }
  return found;
}

// Loads every promoted version that `api` does not have yet. A version that cannot be loaded leaves
// the old one.
class Follower {
 public:
  Follower(const Context& context, std::shared_ptr<const data::Dataset> dataset, serve::Api& api)
      : context_(context), dataset_(std::move(dataset)), api_(api) {}

  void follow() {
    std::string problem;
    for (const auto& [name, version] : promoted_models(context_, problem)) {
      if (served_[name] == version) continue;
      auto loaded = load_served(context_, dataset_, name, version);
      if (!loaded) {
        problem = loaded.error().message;
        continue;
      }
      api_.set_model(*loaded);
      fmt::print(stderr, "serve     {} {}\n", name, version);
      served_[name] = version;
    }
    if (problem != problem_) {
      if (!problem.empty())
        fmt::print(stderr, "serve     degraded: {}\n", problem);
      else
        fmt::print(stderr, "serve     recovered\n");
    }
    problem_ = problem;
    api_.set_degraded(problem);
  }

  // With no store to read: the newest version on disk.
  void use_disk(const std::string& name) {
    if (served_.contains(name)) return;
    if (auto loaded = load_served(context_, dataset_, name, "")) {
      served_[name] = (*loaded)->model.manifest.version;
      fmt::print(stderr, "serve     {} {} from disk\n", name, served_[name]);
      api_.set_model(*loaded);
    }
  }

 private:
  const Context& context_;
  std::shared_ptr<const data::Dataset> dataset_;
  serve::Api& api_;
  std::map<std::string, std::string> served_;
  std::string problem_;
};

Result<void> run_serve(const Context& context, const ServeArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  serve::Api api(arguments.api, std::make_shared<const serve::CatalogView>(*dataset));
  Follower follower(context, *dataset, api);
  follower.follow();
  follower.use_disk(arguments.api.default_model);
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
  auto next = std::chrono::steady_clock::now();
  while (!interrupted.load()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (std::chrono::steady_clock::now() < next) continue;
    follower.follow();
    next = std::chrono::steady_clock::now() + std::chrono::milliseconds(arguments.poll_ms);
  }
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
  sub.add_option("--poll-ms", o->poll_ms, "How often to look for a promotion")
      ->check(CLI::Range(50, 600000))
      ->capture_default_str();
  sub.add_option("--max-connections", o->server.max_connections)->capture_default_str();
  return [o](const Context& context) { return run_serve(context, *o); };
}

}  // namespace sparrow::app
