// Api: requests -> answers. Ours under /api/v1, SparrowRecSys's own paths, and the pages; routes.h
// has the table, docs/api/openapi.json is the contract. Api owns what requests share and does for
// each of them what no handler should: limits, authorization, kept answers, metrics, the log.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/api/services.h"
#include "sparrow/http/server.h"

namespace sparrow::api {

// Safe for use by several threads.
class Api {
 public:
  // `before`: the one that answers now, of other data in the same home; metrics, journals and
  // request ids go on. Null: there is none.
  Api(ApiOptions options, std::shared_ptr<const live::CatalogView> view, ModelControl control = {},
      const Api* before = nullptr);
  // What users have hidden, seen and been shown comes along, of items that are still there. Called
  // at the moment when this one begins to answer in place of `before`. O(users' marks + items).
  void take_over(const Api& before);

  // What the server holds: models, catalogue, rules, candidate pool.
  live::State& state() { return services_.state; }
  live::UserMarks& marks() { return services_.marks; }

  void handle(const http::Request& request, http::Response& response);
  // Which thread answers the request (http::Handler::lane).
  http::Lane lane_of(const http::Request& request) const;
  // Another replica erased this user: marks and feedback go here too.
  void forget(const std::string& user);
  // A connection sent what is no request.
  void count_refused(int status, std::string_view client);

 private:
  Services services_;
};

}  // namespace sparrow::api
