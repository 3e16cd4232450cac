// Requests to the API, bodies included: filters, rules, items, judgements, batches. The input is
// "METHOD PATH?QUERY", a line end, the body. Whatever comes in: no crash, no answer of 500, JSON
// where JSON is announced, markup nowhere in it.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sparrow/api/api.h"

namespace {

using namespace sparrow;

std::shared_ptr<data::Dataset> films() {
  auto dataset = std::make_shared<data::Dataset>();
  std::vector<data::Item> items(4);
  items[0] = {.id = "1",
              .title = "The Matrix",
              .year = 1999,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[1] = {.id = "2",
              .title = "The Matrix Reloaded",
              .year = 2003,
              .values = {{data::kGenres, data::Names{"Action"}}}};
  items[2] = {.id = "3",
              .title = "Amélie",
              .year = 2001,
              .values = {{data::kGenres, data::Names{"Comedy", "Romance"}}}};
  items[3] = {.id = "4",
              .title = "<script>alert(1)</script>",
              .values = {{data::kGenres, data::Names{"<b>"}}}};
  dataset->catalog = data::Catalog(std::move(items));
  dataset->users = {"7"};
  dataset->interactions.offsets = {0, 2};
  dataset->interactions.items = {0, 3};
  dataset->interactions.values = {5, 4};
  dataset->interactions.times = {10, 20};
  dataset->info.name = "films";
  return dataset;
}

struct Service {
  std::shared_ptr<data::Dataset> dataset = films();
  api::Api api;

  Service() : api(options(), std::make_shared<const live::CatalogView>(dataset), control()) {
    auto served = std::make_shared<live::ServedModel>();
    served->dataset = dataset;
    served->model.manifest.name = "fusion";
    served->model.manifest.version = "v1";
    std::vector<float> vectors;
    for (std::size_t i = 0; i < dataset->catalog.size(); ++i) {
      served->model.items.push_back(dataset->catalog[static_cast<Row>(i)].id);
      vectors.push_back(std::cos(0.2F * static_cast<float>(i)));
      vectors.push_back(std::sin(0.2F * static_cast<float>(i)));
    }
    served->model.tensors["vectors"] =
        model::Tensor::of(std::span<const float>(vectors), {dataset->catalog.size(), 2});
    served->facts = std::make_shared<const recall::ItemFacts>(*dataset);
    served->recommender =
        std::move(*rank::Recommender::open(dataset->catalog, served->model, served->facts.get()));
    api.state().set_model(served);
  }

  static api::ApiOptions options() {
    api::ApiOptions options;
    options.tokens["secret"] = api::Role::kAdmin;
    return options;
  }

  static api::ModelControl control() {
    api::ModelControl control;
    control.versions = [] { return Result(std::vector<nlohmann::json>()); };
    control.promote = [](const std::string&, const std::string&) { return Result<void>(); };
    control.rollback = [](const std::string&) { return Result<std::string>("v1"); };
    control.load = [](const std::string&, const std::string&) {
      return Result<model::Model>(Error{ErrorCode::kNotFound, "none"});
    };
    control.change_items =
        [](const std::vector<live::ItemChange>& changes) -> Result<live::ItemsChanged> {
      live::ItemsChanged changed;
      data::Schema schema;
      for (const auto& change : changes) {
        auto record = live::apply_change(nullptr, change, schema);
        if (!record) return record.error();
        changed.states.push_back(record->state);
        changed.created.push_back(1);
      }
      return changed;
    };
    return control;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static std::size_t count = 0;
  static std::unique_ptr<Service> service;
  // A new one now and then: journals and rules must not grow without end, or hide each other.
  if (count++ % 2000 == 0) service = std::make_unique<Service>();

  const auto line_end = text.find('\n');
  const auto line = text.substr(0, line_end);
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return -1;
  http::Request request;
  request.method = line.substr(0, space);
  auto target = line.substr(space + 1);
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  if (line_end != std::string_view::npos) request.body = text.substr(line_end + 1);
  request.authorization = "Bearer secret";
  request.client = "127.0.0.1";
  request.content_type = "application/json";
  http::Response response;
  service->api.lane_of(request);
  service->api.handle(request, response);
  const bool wrong_json =
      response.content_type == "application/json" && !response.body.empty() &&
      request.method != "HEAD" &&
      (!nlohmann::json::accept(response.body) || response.body.find('<') != std::string::npos);
  const bool split_header = response.headers.find("\r\n\r\n") != std::string::npos;
  if (response.status == 500 || wrong_json || split_header) {
    std::fprintf(stderr, "%d %s\n%s\n", response.status, response.headers.c_str(),
                 response.body.c_str());
    std::abort();
  }
  return 0;
}
