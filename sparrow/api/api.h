// Api: requests -> answers. Ours under /api/v1, SparrowRecSys's own paths (compatibility.cc), and
// the pages. docs/api/openapi.json is the contract. Api keeps the state that requests share; a Call
// (call.h) is the work of one request.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/api/answer_cache.h"
#include "sparrow/api/controls.h"
#include "sparrow/api/metrics.h"
#include "sparrow/http/log.h"
#include "sparrow/http/rate_limit.h"
#include "sparrow/http/server.h"
#include "sparrow/live/item_changes.h"
#include "sparrow/live/journal.h"
#include "sparrow/live/remote_ranker.h"
#include "sparrow/live/snapshot.h"

namespace sparrow::api {

// What a token allows; each role includes those before it.
enum class Role { kNone, kViewer, kEditor, kAdmin };

struct ApiOptions {
  std::string default_model = "fusion";
  std::string poster_url_template;  // "https://.../{tmdb_id}.jpg"; empty: drawn tiles
  std::vector<std::string>
      cors_origins;  // origins that browsers may call from; empty: none but our own
  std::map<std::string, Role> tokens;  // secret -> role; without any, admin calls are refused
  std::filesystem::path home;          // of journals, rules and evaluations; empty: memory only
  std::string store_uri;               // for the status page; never with a password
  double requests_per_second = 0;      // of one token, else of one client address; 0: no limit
  double burst = 0;                    // at once; 0: twice as many
  std::size_t answer_cache_bytes = std::size_t{64} << 20;  // 0: no answer is kept
  rank::Ranking ranking;
  http::Log* log = nullptr;  // of requests; may be null; must outlive the API
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

class Api {
 public:
  Api(ApiOptions options, std::shared_ptr<const live::CatalogView> view, ModelControl control = {});

  // Serves this model from now on under its name; requests under way keep the one they have.
  void set_model(std::shared_ptr<const live::ServedModel> model);
  // What readyz tells, besides that no model is there.
  void set_degraded(std::string reason);
  void set_pool(live::CandidatePool pool);
  // Another state of the catalogue with models of it, swapped as a whole. Rows that the present one
  // has must mean the same items; rules are read anew. Errors: kInvalidInput when a rule does not
  // fit; nothing is then swapped.
  Result<void> set_catalog(std::shared_ptr<const live::CatalogView> view,
                           std::vector<std::shared_ptr<const live::ServedModel>> models);
  // Errors: kInvalidInput naming the rule; the old rules then stay.
  Result<void> set_rules(const nlohmann::json& rules);
  // Reads HOME/rules.json, if it is there. A file that is no list of rules is set aside, a rule
  // that names what is gone rests; readyz says both.
  void load_rules();
  // What is wrong in the home, beside `degraded`: journals, rules.
  std::vector<std::string> notices() const;
  // One more of them, from who made the catalogue. Before requests are answered.
  void add_notice(std::string notice) { start_notices_.push_back(std::move(notice)); }

  void handle(const http::Request& request, http::Response& response);
  // Whether the request may wait for a disk or a peer, or is long work (Handler::slow).
  bool is_slow(const http::Request& request) const;
  struct Gauge {
    std::string name;
    std::string type;  // "gauge", "counter"
    double value = 0;
  };
  // Numbers of parts that keep their own, for /metrics.
  std::vector<Gauge> gauges() const;
  // A connection sent what is no request.
  void count_refused(int status, std::string_view client);

  std::shared_ptr<const live::Snapshot> snapshot() const {
    const std::shared_lock lock(mutex_);
    return snapshot_;
  }

 private:
  friend class Call;

  enum class Lists { kSame, kChanged };
  template <typename Change>
  void change(const Change& change, Lists lists = Lists::kChanged) {
    std::shared_ptr<const live::Snapshot> before;  // what only it holds goes after the lock
    const std::unique_lock lock(mutex_);
    auto next = std::make_shared<live::Snapshot>(*snapshot_);
    if (lists == Lists::kChanged) ++next->lists;
    change(*next);
    before = std::move(snapshot_);
    snapshot_ = std::move(next);
  }

  // "hide", "not_similar", "seen", "play", "shown"; nothing for other names.
  static std::optional<live::EventKind> event_kind(const std::string& name);
  // What a line of feedback changes. False: an undo that had nothing to take back.
  bool take(const nlohmann::json& feedback, Row item);
  // What take() would answer.
  bool would_take(const nlohmann::json& feedback, Row item) const;
  // Judged, written to HOME/rules.json and put in force, in this order; all or nothing.
  Result<void> replace_rules(const nlohmann::json& rules);

  ApiOptions options_;
  ModelControl control_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const live::Snapshot> snapshot_;
  std::mutex editor_mutex_;  // held from reading the rules to replacing them
  std::mutex rules_mutex_;   // rules and catalogue change one after the other
  FilterCache filters_;
  AnswerCache answers_;
  Metrics metrics_;
  http::RateLimit limit_;
  live::Journal judgements_;
  live::Journal votes_;
  live::Journal reports_;
  live::Journal feedback_;
  live::UserEvents events_;
  std::vector<std::string> start_notices_;  // not changed while requests are answered
  std::mutex health_mutex_;
  std::map<std::string, std::string> health_;  // "name@version" -> answer
  std::atomic<std::uint64_t> requests_{0};
  std::string boot_;  // first part of request ids
};

}  // namespace sparrow::api
