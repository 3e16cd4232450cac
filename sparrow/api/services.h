// Services: what all requests share. Api (api.h) owns one; a handler reaches it through its
// Context.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/api/answer_cache.h"
#include "sparrow/api/list_request.h"
#include "sparrow/api/metrics.h"
#include "sparrow/api/plans.h"
#include "sparrow/events/event_log.h"
#include "sparrow/events/intake.h"
#include "sparrow/events/kafka_bridge.h"
#include "sparrow/events/quality.h"
#include "sparrow/experiment/usage.h"
#include "sparrow/http/log.h"
#include "sparrow/http/rate_limit.h"
#include "sparrow/live/item_changes.h"
#include "sparrow/live/journal.h"
#include "sparrow/live/live_feed.h"
#include "sparrow/live/remote_ranker.h"
#include "sparrow/live/state.h"

namespace sparrow::api {

// What a token allows; each role includes those before it.
enum class Role { kNone, kViewer, kEditor, kAdmin };

struct ApiOptions {
  std::string default_model = "fusion";
  // Where pictures are that are not in HOME/posters.db: "https://.../{tmdb_id}.jpg", with {id},
  // {imdb_id} or {tmdb_id} in it; empty: nowhere.
  std::string poster_url;
  std::vector<std::string>
      cors_origins;  // origins that browsers may call from; empty: none but our own
  std::map<std::string, Role> tokens;   // secret -> role; without any, admin calls are refused
  std::filesystem::path home;           // of journals, rules and evaluations; empty: memory only
  std::string store_uri;                // for the status page; never with a password
  std::string version = "unknown";      // of the program
  double requests_per_second = 0;       // of one token, else of one client address; 0: no limit
  double burst = 0;                     // at once; 0: twice as many
  std::vector<std::string> host_names;  // that browsers may call this server by, beside localhost
  std::size_t answer_cache_bytes = std::size_t{64} << 20;  // 0: no answer is kept
  rank::Ranking ranking;
  events::EventLog* event_log = nullptr;       // null: no events are kept; must outlive the API
  const events::KafkaBridge* kafka = nullptr;  // null: no other replicas; must outlive the API
  live::LiveFeed* live_feed = nullptr;  // what the log's events say now; may be null; likewise
  http::Log* log = nullptr;             // of requests; may be null; must outlive the API
  const live::RemoteRanker* remote_ranker = nullptr;  // ranking.remote, for its counts
};

// What `app` does for the API with the store.
struct ModelControl {
  std::function<Result<std::vector<nlohmann::json>>()> versions;  // of all models, manifests
  std::function<Result<void>(const std::string& name, const std::string& version)> promote;
  std::function<Result<std::string>(const std::string& name)> rollback;
  std::function<Result<model::Model>(const std::string& name, const std::string& version)> load;
  // Durable on return, and in answers unless `live` is false. Errors: kInvalidInput, kNotFound,
  // kExhausted (too many changed items).
  std::function<Result<live::ItemsChanged>(const std::vector<live::ItemChange>& changes)>
      change_items;
};

// Answers about the health of a model, each made once.
struct HealthAnswers {
  std::mutex mutex;  // held while one is made: it costs a pass over all lists
  std::map<std::string, std::string> by_name;  // "name@version/against" -> answer
};

// The last answer about the quality of events: it reads some thousands of them.
struct QualityAnswer {
  std::mutex mutex;
  nlohmann::json body;
  std::int64_t made_ms = 0;
};

// What outlives a change of the data: it speaks of items by their ids.
struct Lasting {
  explicit Lasting(const std::filesystem::path& home);

  Metrics metrics;
  live::Journal judgements;
  live::Journal votes;
  live::Journal reports;
  live::Journal feedback;
  std::atomic<std::uint64_t> requests{0};
  std::string boot;  // first part of request ids
};

struct Services {
  Services(ApiOptions api_options, std::shared_ptr<const live::CatalogView> view,
           ModelControl model_control, std::shared_ptr<Lasting> of_before);

  ApiOptions options;
  ModelControl control;
  std::shared_ptr<Lasting> lasting;  // the references below are its members
  Metrics& metrics;
  live::State state;
  std::mutex editor_mutex;  // held from reading the rules to replacing them
  FilterCache filters;
  AnswerCache answers;
  http::RateLimit limit;
  // What nobody needs a token for is bounded by who asks: wrong tokens, heavy requests, entries
  // written.
  http::RateLimit wrong_tokens{2, 100};
  http::RateLimit heavy_requests{2, 60};
  http::RateLimit entries_written{50, 5'000};
  http::RateLimit lists_recorded{200, 20'000};
  live::Journal& judgements;
  live::Journal& votes;
  live::Journal& reports;
  live::Journal& feedback;
  live::UserMarks marks;
  Plans plans;
  HealthAnswers health;
  events::Intake intake;
  QualityAnswer quality;
  experiment::Usage usage;
  std::atomic<std::uint64_t>& requests;
  const std::string& boot;
};

}  // namespace sparrow::api
