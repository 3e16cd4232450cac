// serve: load what is promoted, answer, follow promotions.

#include <chrono>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/app/follower.h"
#include "sparrow/serve/api.h"
#include "sparrow/serve/http_server.h"
#include "sparrow/store/promotion_watch.h"

namespace sparrow::app {
namespace {

struct ServeArguments {
  serve::ServerOptions server;
  serve::ApiOptions api;
  std::size_t poll_ms = 1000;
};

Result<void> run_serve(const Context& context, const ServeArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  auto dataset = load_prepared(context);
  if (!dataset) return dataset.error();
  serve::Api api(arguments.api, std::make_shared<const serve::CatalogView>(*dataset));
  Follower follower(context, *dataset, api);
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
  sub.add_option("--poll-ms", o->poll_ms, "How often to look for a promotion")
      ->check(CLI::Range(50, 600000))
      ->capture_default_str();
  sub.add_option("--max-connections", o->server.max_connections)->capture_default_str();
  return [o](const Context& context) { return run_serve(context, *o); };
}

}  // namespace sparrow::app
