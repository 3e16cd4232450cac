// serve: load what is promoted, answer, follow promotions.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"
#include "sparrow/app/home_care.h"
#include "sparrow/app/pipeline.h"
#include "sparrow/app/serve_options.h"
#include "sparrow/app/serving_world.h"
#include "sparrow/events/kafka_bridge.h"
#include "sparrow/http/query.h"
#include "sparrow/http/server.h"
#include "sparrow/live/live_feed.h"
#include "sparrow/store/promotion_watch.h"

namespace sparrow::app {
namespace {

// Before the API goes, nothing may be put into it any more.
struct Stop {
  live::LiveFeed& feed;
  ~Stop() { feed.stop(); }
};

http::Handler handler_of(const ServingWorlds& worlds) {
  return {[&worlds](const http::Request& request, http::Response& response) {
            worlds.now()->api().handle(request, response);
          },
          [&worlds](const http::Request& request) { return worlds.now()->api().lane_of(request); },
          [&worlds](int status, std::string_view client) {
            worlds.now()->api().count_refused(status, client);
          }};
}

// "movie.html?movieId=318 (Shawshank Redemption, The)": the item that most people liked.
std::string example_of(const live::CatalogView& view) {
  const auto& items = view.dataset->catalog.items();
  Row best = 0;
  for (Row row = 1; row < items.size(); ++row) {
    if (view.facts->liked_by(row).size() > view.facts->liked_by(best).size()) best = row;
  }
  if (items.empty()) return "";
  return fmt::format("movie.html?movieId={} ({})", http::percent_encode(items[best].id),
                     items[best].title);
}

Result<void> build_sample(const Context& context, const std::string& items) {
  DataOptions data;
  data.sample_items = items;
  const embed::TrainOptions train;
  return build_live(context, data, std::span(&train, 1));
}

// A home that is there, known, ours alone and tidy. With nothing prepared in it, the sample is.
Result<std::optional<FileLock>> begin_serving(const Context& context,
                                              const ServeArguments& arguments) {
  std::error_code code;
  const bool prepared = std::filesystem::exists(context.paths().prepared(), code);
  if (!prepared && !arguments.sample.empty())
    std::filesystem::create_directories(context.paths().root, code);
  std::string notice;
  auto lock = lock_home(context.paths(), notice);
  if (!lock) return lock;
  if (!notice.empty() && std::filesystem::exists(context.paths().root, code))
    fmt::print(stderr, "serve     {}\n", notice);
  for (const auto& path : remove_leftovers(context.paths()))
    fmt::print(stderr, "serve     removed {}, which a killed process left\n", path.string());
  if (std::filesystem::exists(context.paths().prepared(), code)) {
    if (auto marked = mark_home(context.paths()); !marked)
      fmt::print(stderr, "serve     {}\n", marked.error().message);
  } else if (!arguments.sample.empty()) {
    fmt::print(stderr,
               "serve     nothing is prepared in {}: the sample is built, its viewers are "
               "SIMULATED; `sparrow build --data DIR` puts your own data live\n",
               context.home);
    if (auto built = build_sample(context, arguments.sample); !built) return built.error();
  }
  return lock;
}

void tell_address(const std::string& address, std::uint16_t port, const std::string& took,
                  const live::CatalogView& view) {
  const std::string host = address == "127.0.0.1" ? "localhost" : address;
  fmt::print(stderr, "serve     http://{}:{}/ after {}\n", host, port, took);
  if (const std::string example = example_of(view); !example.empty())
    fmt::print(stderr, "serve     for example http://{}:{}/{}\n", host, port, example);
}

// Declared in the order in which they need each other.
struct EventFlow {
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<events::KafkaBridge> kafka;
};

// A log that cannot be opened is said: lists go on. Errors: kInvalidInput, settings of Kafka's
// client that contradict each other or name files that are not there.
// `feed` hears of the events.
Result<EventFlow> begin_events(const Context& context, ServeArguments& arguments,
                               live::LiveFeed& feed, const live::Say& say) {
  EventFlow flow;
  if (!arguments.events) return flow;
  const bool exchanges = !arguments.kafka.brokers.empty();
  auto opened = events::EventLog::open(
      {.folder = context.paths().root / "events",
       .keep_days = arguments.event_days,
       .keep_bytes = std::uint64_t{arguments.event_mb} << 20,
       .exchanges = exchanges,
       .on_kept = [&feed](const events::Event& event) { feed.take(event); }});
  if (!opened) {
    say("degraded: events are not kept: " + opened.error().message);
    return flow;
  }
  flow.log = std::move(*opened);
  arguments.api.event_log = flow.log.get();
  arguments.api.live_feed = &feed;
  if (!exchanges) return flow;
  auto bridge = events::KafkaBridge::open(arguments.kafka, *flow.log);
  if (!bridge) {
    if (bridge.error().code == ErrorCode::kInvalidInput) return bridge.error();
    say("degraded: events are not exchanged with Kafka: " + bridge.error().message);
    return flow;
  }
  flow.kafka = std::move(*bridge);
  arguments.api.kafka = flow.kafka.get();
  say(fmt::format("events are exchanged through topic {} of Kafka at {}", arguments.kafka.topic,
                  arguments.kafka.brokers));
  return flow;
}

// Null: none was asked for.
Result<std::unique_ptr<http::Log>> open_request_log(ServeArguments& arguments) {
  if (arguments.log_file.empty()) return std::unique_ptr<http::Log>();
  auto opened = http::Log::open(arguments.log_file);
  if (opened) arguments.api.log = opened->get();
  return opened;
}

constexpr std::chrono::milliseconds kLook{50};  // for the signal that ends the program

// Ends the process at once when it is interrupted before it answers: reading a large catalogue
// takes seconds, and nothing was acknowledged yet. What is half written then is what a killed
// process leaves.
class Starting {
 public:
  Starting()
      : thread_([this] {
          while (!over_.load()) {
            if (interrupted.load()) {
              fmt::print(stderr, "serve     stopped before it was ready\n");
              std::_Exit(0);
            }
            std::this_thread::sleep_for(kLook);
          }
        }) {}
  ~Starting() { over(); }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
  void over() {
    over_.store(true);
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

Result<void> run_serve(const Context& context, ServeArguments arguments) {
  const auto start = std::chrono::steady_clock::now();
  if (auto read = read_serve_arguments(arguments); !read) return read;
  const auto log = open_request_log(arguments);
  if (!log) return log.error();
  const auto lock = begin_serving(context, arguments);
  if (!lock) return lock.error();
  Starting starting;
  const live::Say say = [](const std::string& line) { fmt::print(stderr, "serve     {}\n", line); };
  arguments.api.home = context.paths().root;
  arguments.api.version = SPARROW_VERSION;
  arguments.api.store_uri = shown_uri(context.store());
  live::LiveFeed feed(arguments.feed);
  auto flow = begin_events(context, arguments, feed, say);
  if (!flow) return flow.error();
  ServingWorlds worlds({context, arguments, feed, flow->log.get(), say});
  if (auto begun = worlds.begin(); !begun) return begun;
  const Stop stop{feed};
  // Hears of promotions at once where the store can tell; polling goes on beside it.
  auto watch =
      store::PromotionWatch::start(context.store(), [&] { worlds.now()->follower().wake(); });
  if (!watch) return watch.error();
  worlds.feed();
  http::ServerOptions options = arguments.server;
  options.threads = context.threads;
  auto server = http::Server::start(options, handler_of(worlds));
  if (!server) return server.error();
  tell_address(options.address, (*server)->port(), since(start), *worlds.now()->catalog().view());
  if (flow->kafka != nullptr)
    flow->kafka->start(
        {say, [&worlds](const std::string& user) { worlds.now()->api().forget(user); }});
  starting.over();
  // On a thread of its own: whoever ends the server does not wait for what it is just making.
  std::thread following([&worlds] { worlds.run(interrupted); });
  while (!interrupted.load()) std::this_thread::sleep_for(kLook);
  worlds.now()->catalog().stop_waiting();
  const bool all_done = (*server)->stop();
  fmt::print(stderr, "serve     stopped{}\n",
             all_done ? "" : "; a long request was cut, what was acknowledged is on disk");
  // Nothing waits for work whose client is gone; what is kept was on disk before it was answered.
  if (!all_done) std::_Exit(0);
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::_Exit(0);
  }).detach();
  following.join();
  flow->kafka.reset();  // calls the API, which goes before the log does
  return {};
}

}  // namespace

Command add_serve(CLI::App& sub) {
  auto o = std::make_shared<ServeArguments>();
  add_serve_options(sub, *o);
  return [o](const Context& context) { return run_serve(context, *o); };
}

}  // namespace sparrow::app
