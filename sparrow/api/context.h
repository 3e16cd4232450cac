// Context: one request on its way to its answer, as a handler sees it. The functions here are what
// handlers share: reading a body, naming an item, saying what is wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/api/services.h"
#include "sparrow/events/event_log.h"
#include "sparrow/http/json_text.h"
#include "sparrow/http/query.h"
#include "sparrow/http/server.h"

namespace sparrow::api {

struct Route;

struct Context {
  Context(Services& all, const http::Request& asked)
      : services(all),
        request(asked),
        now(all.state.snapshot()),
        view(*now->view),
        began(std::chrono::steady_clock::now()),
        number(all.requests.fetch_add(1, std::memory_order_relaxed)) {}

  Services& services;
  const http::Request& request;
  std::shared_ptr<const live::Snapshot> now;
  const live::CatalogView& view;
  const Route* route = nullptr;  // null: no endpoint has this path and method
  std::string parameter;         // of the path, decoded: an id or a name
  Row item = kNoRow;             // of that id, where the route asks for an item that is there
  http::Query query{""};
  // Who a list is for and where it stands, of routes that give lists (apply_plans()).
  std::string user;
  std::string session;
  std::string scenario;
  std::uint64_t plan = 0;  // the generation of the plans that were applied; 0: none were
  std::string variants;    // "experiment:variant,..."; empty: in no experiment
  std::vector<events::Exposure> exposures;
  std::vector<std::string> notes;  // what of the plans could not be done, in words
  // Where an experiment interleaves two variants: its name, and the query with the other's
  // settings.
  std::string interleaved;
  std::optional<http::Query> other;
  std::shared_ptr<const events::Impression> list;  // what the answer shows; null: is not recorded
  std::chrono::steady_clock::time_point began;
  std::uint64_t number;  // of the request
  std::string trace;     // the caller's trace, with this request as its span; empty: none

  // Of the list in the answer: where its request id begins and its time ends, whether the answer
  // may be given again (answer_cache.h).
  std::size_t gap_begin = 0;
  std::size_t gap_end = 0;
  bool repeatable = true;
  bool degraded = false;
};

// True (and the response set) when the query has an error.
bool failed(const Context& c, http::Response& response);
void fail(http::Response& response, const Error& error);
// True (and a 503 set, which hardly anybody reads) when the client has gone or the server ends.
bool given_up(const Context& c, http::Response& response);
// The body as JSON; sets a 400 otherwise.
std::optional<nlohmann::json> json_body(const Context& c, http::Response& response);
// The row of an item id given as a parameter; kNoRow and a 400 or 404 when there is none.
Row required_item(Context& c, http::Response& response, std::string_view name);
// A text member of a JSON object: 400 when it is missing, empty or too long.
std::optional<std::string> member(http::Response& response, const nlohmann::json& object,
                                  const char* name, std::size_t max_size = 256);
std::optional<Row> member_item(const Context& c, http::Response& response,
                               const nlohmann::json& object, const char* name);
// The items of the genre that the query names that may be shown, best liked first; nothing and a
// 400 when it names none that is known.
std::optional<std::vector<Row>> required_genre(Context& c, http::Response& response);
// The items that `hide` names, for lists that are no answer of a model; ids that are gone count for
// nothing: marks outlive items.
std::unordered_set<Row> hidden_rows(const Context& c);
// The model that the request names, else the default one; null and an error of the query when there
// is none.
std::shared_ptr<const live::ServedModel> model_of(Context& c);
// The model of the path's name; null and a 404 when it is not served.
std::shared_ptr<const live::ServedModel> named_model(const Context& c, http::Response& response);

// The role of a token; kNone for one that is not known.
Role role_of(const Services& services, std::string_view secret);
// The token of "Authorization: Bearer TOKEN"; empty for none.
std::string_view bearer_token(std::string_view authorization);
// Whether the request has a token that is known.
bool has_token(const Context& c);
// False (and 401, 403 or, after many wrong tokens, 429 set) unless the request's token has this
// role.
bool authorized(const Context& c, http::Response& response, Role role);

// Counts entries that somebody writes; false (and 429 set) when it is too many at a time.
bool may_write(const Context& c, http::Response& response, std::size_t entries);

void append_request_id(std::string& out, const Context& c);
void append_strings(std::string& out, const std::vector<std::string>& values);
void append_model(std::string& out, const model::Manifest& manifest);

}  // namespace sparrow::api
