// Api: requests -> answers. Ours under /api/v1, SparrowRecSys's own paths (compatibility.cc), and
// the pages. docs/api/openapi.json is the contract.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/serve/http_server.h"
#include "sparrow/serve/query.h"
#include "sparrow/serve/search.h"
#include "sparrow/serve/served_model.h"

namespace sparrow::serve {

struct ApiOptions {
  std::string default_model = "fusion";
  std::string poster_url_template;  // "https://.../{tmdb_id}.jpg"; empty: drawn tiles
  std::vector<std::string>
      cors_origins;  // origins that browsers may call from; empty: none but our own
};

// What answers need of the data set beside the model: made once, shared by all models.
struct CatalogView {
  explicit CatalogView(std::shared_ptr<const data::Dataset> dataset);

  std::shared_ptr<const data::Dataset> dataset;
  std::vector<std::uint32_t> ratings;                    // per item
  std::vector<double> average;                           // 0 where nobody rated
  std::vector<double> shrunk_average;                    // towards the mean of all, by 20 ratings
  std::vector<std::array<std::uint32_t, 10>> histogram;  // 0.5 .. 5.0
  std::vector<std::uint64_t> by_item_offsets;            // interactions of each item, best first
  std::vector<std::uint32_t> by_item_user;
  std::vector<float> by_item_value;
  std::vector<std::int64_t> by_item_time;
  std::map<std::string, std::vector<Row>> genres;  // rows by shrunk average, best first
  std::string item_json;  // one arena: {"id":..,"title":..,"year":..,"genres":[..]
  std::vector<std::uint32_t> item_json_offsets;
  Search search;

  std::string_view rendered(Row row) const {
    return std::string_view(item_json).substr(item_json_offsets[row],
                                              item_json_offsets[row + 1] - item_json_offsets[row]);
  }
};

class Api {
 public:
  Api(ApiOptions options, std::shared_ptr<const CatalogView> view);

  // Serves this model from now on under its name; requests under way keep the one they have.
  void set_model(std::shared_ptr<const ServedModel> model);
  // What readyz tells, besides that no model is there.
  void set_degraded(std::string reason);

  void handle(const Request& request, Response& response);

 private:
  using Models = std::map<std::string, std::shared_ptr<const ServedModel>>;

  std::shared_ptr<const ServedModel> find_model(const std::string& name) const;
  std::shared_ptr<const ServedModel> model_or_fail(Query& query, bool compatible) const;
  bool route_api(std::string_view path, Query& query, Response& response);
  bool route_item(std::string_view rest, Query& query, Response& response);
  bool route_compatible(std::string_view path, Query& query, Response& response);
  void serve_file(const Request& request, Response& response) const;
  void add_cors(const Request& request, Response& response) const;

  void get_item(Row row, Query& query, Response& response) const;
  void get_similar(Row row, Query& query, Response& response);
  void get_search(Query& query, Response& response) const;
  void get_items(Query& query, Response& response) const;
  void get_genres(Query& query, Response& response) const;
  void get_models(Query& query, Response& response) const;
  void get_config(Query& query, Response& response) const;
  void get_ready(Query& query, Response& response) const;

  void compatible_movie(Query& query, Response& response) const;
  void compatible_similar(Query& query, Response& response) const;
  void compatible_genre(Query& query, Response& response) const;
  void compatible_user(Query& query, Response& response) const;
  void compatible_for_user(Query& query, Response& response) const;

  // The row of an item id given as a parameter; sets the response (400, 404) when there is none.
  Row required_item(Query& query, std::string_view name, Response& response) const;
  const std::vector<Row>* required_genre(Query& query, Response& response) const;

  ApiOptions options_;
  std::shared_ptr<const CatalogView> view_;
  mutable std::shared_mutex mutex_;
  Models models_;
  std::string degraded_;
  std::atomic<std::uint64_t> requests_{0};
  std::string boot_;  // first part of request ids
};

// Appends {"id","title","year","genres","rating","ratings"}.
void append_card(std::string& out, const CatalogView& view, Row row);

}  // namespace sparrow::serve
