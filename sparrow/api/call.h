// Call: the work of one request. Its methods are spread over files by subject: item_calls.cc,
// catalog_calls.cc, list_calls.cc, model_calls.cc, seed_calls.cc, judgement_calls.cc,
// journal_calls.cc, rule_calls.cc, status_calls.cc, compatibility.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/api/api.h"

namespace sparrow::api {

inline constexpr std::string_view kApi = "/api/v1/";

class Call {
 public:
  Call(Api& api, const http::Request& request, http::Response& response)
      : api_(api),
        now_(api.snapshot()),
        view_(*now_->view),
        request_(request),
        response_(response),
        query_(""),
        began_(std::chrono::steady_clock::now()),
        number_(api.requests_.fetch_add(1, std::memory_order_relaxed)) {}

  void answer();

 private:
  bool limited();  // true: the answer is a 429
  void route();
  void log(std::chrono::nanoseconds took);
  bool route_api(std::string_view path);
  bool route_item(std::string_view rest);
  bool route_model(std::string_view rest);
  bool route_compatible(std::string_view path);
  // Methods beside GET, HEAD and OPTIONS: ", POST"; empty: none.
  std::string_view writing_methods() const;
  bool allows_method() const;

  // item_calls.cc
  void get_item(Row row);
  void get_search();
  void get_items();
  void get_genres();
  void get_home();
  // catalog_calls.cc
  void change_item(const std::string& id);
  void post_items();
  void change_items(const std::vector<live::ItemChange>& changes, bool single);
  // list_calls.cc
  void get_similar(Row row);
  void get_rows(Row row);
  void get_mix();
  void post_similar();
  void post_batch();
  void get_explain();
  // model_calls.cc
  void get_models();
  void get_map(const std::string& name);
  void get_health(const std::string& name);
  void get_evaluations();
  void post_promote(const std::string& name);
  void post_rollback(const std::string& name);
  // seed_calls.cc
  void get_seeds();
  // judgement_calls.cc
  void get_judgements();
  void post_judgements();
  void import_judgements();
  // journal_calls.cc
  void get_votes();
  void post_votes();
  void get_reports();
  void post_reports();
  void post_feedback();
  // rule_calls.cc
  void get_rules();
  void put_rules();
  void post_what_if();
  // status_calls.cc
  void get_status();
  void get_metrics();
  void get_config();
  void get_ready();
  // compatibility.cc
  void compatible_movie();
  void compatible_similar();
  void compatible_genre();
  void compatible_user();
  void compatible_for_user();
  // api.cc
  void serve_file();
  void add_preloads();
  void add_cors();

  // True (and the response set) when the query has an error.
  bool failed();
  void fail(const Error& error);
  Role role_of(std::string_view secret) const;
  void append_request_id(std::string& out) const;
  // False (and 401 or 403 set) unless the request's token has this role.
  bool authorized(Role role);
  // The body as JSON; sets a 400 otherwise.
  std::optional<nlohmann::json> body();
  // The row of an item id given as a parameter; sets the response (400, 404) when there is none.
  Row required_item(std::string_view name);
  // A text member of a JSON object: 400 when it is missing, empty or too long.
  std::optional<std::string> member(const nlohmann::json& object, const char* name,
                                    std::size_t max_size = 256);
  std::optional<Row> member_item(const nlohmann::json& object, const char* name);
  nlohmann::json regression_now(const std::string& seed, const std::string& item,
                                const live::ServedModel& served) const;
  Result<void> block_pair(const nlohmann::json& seed, const nlohmann::json& item);
  const std::vector<Row>* required_genre();
  std::shared_ptr<const live::ServedModel> model_or_fail(bool compatible);

  // list_calls.cc: one list as JSON members "items" and "degraded" with what the request asked for.
  struct ListOptions {
    bool reasons = false;
    bool parts = false;
    std::vector<std::string> fields;  // empty: all
  };
  ListOptions list_options();
  void read_user(rank::Request& request, bool as_seeds);
  void append_entry(const rank::ScoredItem& item, Row seed, const live::ServedModel& served,
                    const ListOptions& options);
  void append_list(const rank::Answer& answer, Row seed, const live::ServedModel& served,
                   const ListOptions& options);
  void append_id_and_time(std::string& out) const;
  void append_footer(const live::ServedModel& served, const rank::Answer& answer);
  // kept_answers.cc
  std::string answer_key(char kind, Row row) const;
  // Answers from the cache, if it is there.
  bool answer_again(char kind, Row row);
  // Keeps this answer for the next who asks the same, unless it is personal, late or failed.
  void keep(char kind, Row row);
  rank::Answer recommend(rank::Request& request, const live::ServedModel& served);
  bool read_post(const nlohmann::json& object, rank::Request& request);
  void append_mix(rank::Request& request, const live::ServedModel& served,
                  const ListOptions& options);

  Api& api_;
  std::shared_ptr<const live::Snapshot> now_;
  const live::CatalogView& view_;
  const http::Request& request_;
  http::Response& response_;
  http::Query
      query_;  // read by route_api() and route(), not before an answer is looked for in the cache
  std::chrono::steady_clock::time_point began_;
  std::uint64_t number_;  // of the request
  Endpoint endpoint_ = Endpoint::kOther;
  // Of the list under way: where its request id begins and its time ends, whether it may be kept.
  std::size_t gap_begin_ = 0;
  std::size_t gap_end_ = 0;
  bool repeatable_ = true;
  bool degraded_ = false;
};

const char* source_name(model::Source source);
void append_strings(std::string& out, const std::vector<std::string>& values);
void append_model(std::string& out, const model::Manifest& manifest);

}  // namespace sparrow::api
