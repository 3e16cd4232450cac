// What the server can be told: by flags, by the environment (SPARROW_*), by a TOML file, in that
// order of precedence. `serve` runs with it, `config` shows and checks it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sparrow/api/api.h"
#include "sparrow/app/command.h"
#include "sparrow/events/kafka_bridge.h"
#include "sparrow/http/server.h"
#include "sparrow/live/candidate_pool.h"
#include "sparrow/live/live_feed.h"
#include "sparrow/live/remote_ranker.h"
#include "sparrow/rank/ranker.h"

namespace sparrow::app {

struct ServeArguments {
  http::ServerOptions server;
  api::ApiOptions api;
  live::PoolOptions pool;
  live::RemoteRankerOptions ranker;
  std::size_t ranker_timeout_ms = 50;
  std::size_t pool_refresh_s = 60;
  std::vector<std::string> tokens;
  std::vector<std::string> channels;      // "co-watch=on,quota=100,weight=2"
  std::vector<std::string> rank_weights;  // "co_watch=3"
  std::size_t poll_ms = 1000;
  std::size_t request_timeout_ms = 10'000;
  std::size_t max_body_kb = 256;
  std::size_t max_header_kb = 8;
  std::size_t answer_cache_mb = 64;
  std::size_t max_changed_items = 10'000;
  bool events = true;
  int event_days = 90;
  std::size_t event_mb = 4096;
  events::KafkaOptions kafka;  // no brokers: none
  std::string event_weights;   // "click=1,purchase=5"
  live::LiveFeedOptions feed;  // with these weights
  std::string log_file;        // "-": stderr
  std::string sample;          // items.csv to begin with while nothing is prepared
};

void add_serve_options(CLI::App& sub, ServeArguments& arguments);

// Fills what is told as text; everything that can be judged without data or network is judged here.
// Errors: kInvalidInput naming the option.
Result<void> read_serve_arguments(ServeArguments& arguments);

// SPARROW_PORT for --port.
std::string environment_name(const CLI::Option& option);

}  // namespace sparrow::app
