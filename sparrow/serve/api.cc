// Routing and our own endpoints.
#include "sparrow/serve/api.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/core/random.h"
#include "sparrow/serve/json_text.h"
#include "sparrow/serve/web_files.h"

namespace sparrow::serve {
namespace {

constexpr std::string_view kApi = "/api/v1/";

const char* source_name(model::Source source) {
  return source == model::Source::kContent ? "content" : "behavior";
}

void fail(Response& response, const ParameterError& error) {
  write_error(response, 400, "invalid_input", error.message, error.parameter);
}

// True (and the response set) when the query has an error.
bool failed(const Query& query, Response& response) {
  if (!query.error()) return false;
  fail(response, *query.error());
  return true;
}

void append_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, values[i]);
  }
  out += ']';
}

void append_model(std::string& out, const model::Manifest& manifest) {
  out += "{\"name\":";
  append_json(out, manifest.name);
  out += ",\"version\":";
  append_json(out, manifest.version);
  out += '}';
}

}  // namespace

Api::Api(ApiOptions options, std::shared_ptr<const CatalogView> view)
    : options_(std::move(options)), view_(std::move(view)) {
  auto state =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  boot_ = fmt::format("{:08x}", static_cast<std::uint32_t>(splitmix64(state)));
}

void Api::set_model(std::shared_ptr<const ServedModel> model) {
  const std::unique_lock lock(mutex_);
  models_[model->model.manifest.name] = std::move(model);
}

void Api::set_degraded(std::string reason) {
  const std::unique_lock lock(mutex_);
  degraded_ = std::move(reason);
}

std::shared_ptr<const ServedModel> Api::find_model(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  const auto found = models_.find(name);
  return found == models_.end() ? nullptr : found->second;
}

// Compatible: the names that the pages of SparrowRecSys ask for mean our default model.
std::shared_ptr<const ServedModel> Api::model_or_fail(Query& query, bool compatible) const {
  std::string name = query.text("model").value_or(options_.default_model);
  if (compatible && (name == "emb" || name == "nerualcf" || name == "default" || name.empty()))
    name = options_.default_model;
  auto model = find_model(name);
  if (model == nullptr) {
    std::vector<std::string> names;
    const std::shared_lock lock(mutex_);
    for (const auto& [known, served] : models_) names.push_back(known);
    query.fail("model",
               fmt::format("\"{}\" is not served; there are: {}", name,
                           names.empty() ? "none yet" : fmt::format("{}", fmt::join(names, ", "))));
  }
  return model;
}

void Api::handle(const Request& request, Response& response) {
  add_cors(request, response);
  if (request.method == "OPTIONS") {
    response.status = 204;
    response.headers += "Allow: GET, HEAD, OPTIONS\r\n";
    return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    response.headers += "Allow: GET, HEAD, OPTIONS\r\n";
    return write_error(response, 405, "invalid_input",
                       "only GET, HEAD and OPTIONS are answered here");
  }
  Query query(request.query);
  if (request.path.starts_with("/api/")) {
    response.headers += "Cache-Control: no-store\r\n";
    if (!request.path.starts_with(kApi) ||
        !route_api(request.path.substr(kApi.size()), query, response)) {
      write_error(response, 404, "not_found",
                  "there is no such endpoint; /api/v1 is described in docs/api/openapi.json");
    }
    return;
  }
  if (!route_compatible(request.path, query, response)) serve_file(request, response);
}

void Api::add_cors(const Request& request, Response& response) const {
  if (request.origin.empty()) return;
  if (std::find(options_.cors_origins.begin(), options_.cors_origins.end(), request.origin) ==
      options_.cors_origins.end())
    return;
  response.headers +=
      fmt::format("Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n", request.origin);
}

bool Api::route_api(std::string_view path, Query& query, Response& response) {
  if (path == "items")
    get_items(query, response);
  else if (path.starts_with("items/"))
    return route_item(path.substr(6), query, response);
  else if (path == "search")
    get_search(query, response);
  else if (path == "genres")
    get_genres(query, response);
  else if (path == "models")
    get_models(query, response);
  else if (path == "config")
    get_config(query, response);
  else if (path == "readyz")
    get_ready(query, response);
  else if (path == "healthz")
    response.body += "{\"status\":\"ok\"}";
  else
    return false;
  return true;
}

bool Api::route_item(std::string_view rest, Query& query, Response& response) {
  const auto slash = rest.find('/');
  const std::string_view tail =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (!tail.empty() && tail != "/similar") return false;
  const auto id = percent_decode(rest.substr(0, slash), false);
  if (!id || id->empty()) {
    fail(response, {"id", "id is not percent-encoded UTF-8"});
    return true;
  }
  const auto row = view_->dataset->catalog.find(*id);
  if (!row) {
    write_error(response, 404, "not_found",
                fmt::format("there is no item \"{}\"", id->substr(0, 64)), "id");
    return true;
  }
  if (tail.empty())
    get_item(*row, query, response);
  else
    get_similar(*row, query, response);
  return true;
}

void Api::get_item(Row row, Query& query, Response& response) const {
  query.allow_only({});
  if (failed(query, response)) return;
  const data::Item& item = view_->dataset->catalog[row];
  std::string& out = response.body;
  out += "{\"item\":";
  append_card(out, *view_, row);
  out.pop_back();
  out += ",\"alternative_titles\":";
  append_strings(out, item.alternative_titles);
  out += ",\"directors\":";
  append_strings(out, item.directors);
  out += ",\"actors\":";
  append_strings(out, item.actors);
  out += ",\"countries\":";
  append_strings(out, item.countries);
  out += ",\"keywords\":";
  append_strings(out, item.keywords);
  out += ",\"text\":";
  append_json(out, item.text);
  fmt::format_to(std::back_inserter(out), ",\"histogram\":[{}],\"tags\":[",
                 fmt::join(view_->histogram[row], ","));
  constexpr std::size_t kTags = 30;
  for (std::size_t t = 0; t < std::min(kTags, item.tags.size()); ++t) {
    out += t > 0 ? ",{\"tag\":" : "{\"tag\":";
    append_json(out, item.tags[t].tag);
    fmt::format_to(std::back_inserter(out), ",\"count\":{}}}", item.tags[t].count);
  }
  const auto digits = [](const std::string& id) {
    return !id.empty() &&
           std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  out += "],\"links\":{\"imdb\":";
  if (digits(item.imdb_id))
    append_json(out, "https://www.imdb.com/title/tt" + item.imdb_id + "/");
  else
    out += "null";
  out += ",\"tmdb\":";
  if (digits(item.tmdb_id))
    append_json(out, "https://www.themoviedb.org/movie/" + item.tmdb_id);
  else
    out += "null";
  out += "}}}";
}

void Api::get_similar(Row row, Query& query, Response& response) {
  query.allow_only({"size", "offset", "model", "exclude"});
  rank::SimilarRequest request;
  request.seed = row;
  request.size = query.number("size", 20, 1, 1000);
  request.offset = query.number("offset", 0, 0, 10'000);
  for (const auto& id : query.list("exclude")) {
    const auto excluded = view_->dataset->catalog.find(id);
    if (excluded)
      request.exclude.push_back(*excluded);
    else
      query.fail("exclude", fmt::format("names an unknown item \"{}\"", id.substr(0, 64)));
  }
  const auto served = model_or_fail(query, false);
  if (failed(query, response)) return;
  const rank::Answer answer = served->recommender->similar(request);
  std::string& out = response.body;
  out += "{\"seed\":";
  out += view_->rendered(row);
  out += "},\"seed_source\":\"";
  out += source_name(answer.seed_source);
  out += "\",\"model\":";
  append_model(out, served->model.manifest);
  fmt::format_to(std::back_inserter(out), ",\"request_id\":\"{}-{:x}\",\"items\":[", boot_,
                 requests_.fetch_add(1));
  for (std::size_t i = 0; i < answer.items.size(); ++i) {
    if (i > 0) out += ',';
    out += view_->rendered(answer.items[i].row);
    out += ",\"score\":";
    append_json(out, std::lround(answer.items[i].match));
    out += ",\"source\":\"";
    out += source_name(answer.items[i].source);
    out += "\"}";
  }
  out += "],\"degraded\":";
  append_strings(out, answer.degraded);
  out += '}';
}

void Api::get_search(Query& query, Response& response) const {
  query.allow_only({"q", "size"});
  const std::string words = query.required("q");
  const auto size = query.number("size", 8, 1, 100);
  if (words.size() > 256) query.fail("q", "is longer than 256 bytes");
  if (failed(query, response)) return;
  response.body += "{\"items\":[";
  const auto hits = view_->search.find(words, size);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (i > 0) response.body += ',';
    append_card(response.body, *view_, hits[i].row);
  }
  response.body += "]}";
}

const std::vector<Row>* Api::required_genre(Query& query, Response& response) const {
  const std::string genre = query.required("genre");
  const auto found = view_->genres.find(genre);
  if (!query.error() && found == view_->genres.end()) {
    std::vector<std::string> names;
    for (const auto& [name, rows] : view_->genres) names.push_back(name);
    query.fail("genre", fmt::format("\"{}\" is not known; there are {}", genre.substr(0, 64),
                                    fmt::join(names, ", ")));
  }
  return failed(query, response) ? nullptr : &found->second;
}

void Api::get_items(Query& query, Response& response) const {
  query.allow_only({"genre", "sort", "size"});
  const auto size = query.number("size", 20, 1, 1000);
  const std::string sort = query.text("sort").value_or("rating");
  if (sort != "rating" && sort != "popularity" && sort != "year")
    query.fail("sort", "must be rating, popularity or year");
  const auto* rows = required_genre(query, response);
  if (rows == nullptr) return;
  std::vector<Row> sorted = *rows;
  const auto by = [&](auto key) {
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return key(a) > key(b); });
  };
  if (sort == "popularity") by([&](Row r) { return view_->ratings[r]; });
  if (sort == "year") by([&](Row r) { return view_->dataset->catalog[r].year; });
  response.body += "{\"items\":[";
  for (std::size_t i = 0; i < std::min<std::size_t>(size, sorted.size()); ++i) {
    if (i > 0) response.body += ',';
    append_card(response.body, *view_, sorted[i]);
  }
  response.body += "]}";
}

void Api::get_genres(Query& query, Response& response) const {
  query.allow_only({});
  if (failed(query, response)) return;
  response.body += "{\"genres\":[";
  bool first = true;
  for (const auto& [name, rows] : view_->genres) {
    response.body += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json(response.body, name);
    fmt::format_to(std::back_inserter(response.body), ",\"items\":{}}}", rows.size());
  }
  response.body += "]}";
}

void Api::get_models(Query& query, Response& response) const {
  query.allow_only({});
  if (failed(query, response)) return;
  nlohmann::json list = nlohmann::json::array();
  const std::shared_lock lock(mutex_);
  for (const auto& [name, served] : models_) {
    nlohmann::json entry = model::to_json(served->model.manifest);
    entry["default"] = name == options_.default_model;
    entry["items"] = served->model.items.size();
    entry["dim"] = served->model.dim();
    list.push_back(std::move(entry));
  }
  response.body = nlohmann::json{{"models", list}}.dump();
}

void Api::get_config(Query& query, Response& response) const {
  query.allow_only({});
  if (failed(query, response)) return;
  const data::DatasetInfo& info = view_->dataset->info;
  nlohmann::json body = {{"simulated", info.simulated},
                         {"data", info.name},
                         {"items", info.items},
                         {"users", info.users},
                         {"interactions", info.interactions},
                         {"default_model", options_.default_model},
                         {"poster_url_template", nullptr}};
  if (!options_.poster_url_template.empty())
    body["poster_url_template"] = options_.poster_url_template;
  response.body = body.dump();
}

void Api::get_ready(Query& query, Response& response) const {
  query.allow_only({});
  if (failed(query, response)) return;
  const std::shared_lock lock(mutex_);
  const bool ready = models_.contains(options_.default_model);
  std::vector<std::string> reasons;
  if (!ready) reasons.push_back(fmt::format("no model \"{}\" is loaded", options_.default_model));
  if (!degraded_.empty()) reasons.push_back(degraded_);
  response.status = ready ? 200 : 503;
  response.body += ready ? (reasons.empty() ? "{\"status\":\"ready\",\"reasons\":"
                                            : "{\"status\":\"degraded\",\"reasons\":")
                         : "{\"status\":\"not_ready\",\"reasons\":";
  append_strings(response.body, reasons);
  response.body += '}';
}

void Api::serve_file(const Request& request, Response& response) const {
  const std::string_view path =
      request.path == "/" ? std::string_view("/index.html") : request.path;
  const auto files = web_files();
  auto file =
      std::find_if(files.begin(), files.end(), [&](const WebFile& f) { return f.path == path; });
  if (file == files.end()) {
    response.status = 404;
    file = std::find_if(files.begin(), files.end(),
                        [](const WebFile& f) { return f.path == "/404.html"; });
    if (file == files.end())
      return write_error(response, 404, "not_found", "there is no such page");
  }
  const std::string images =
      options_.poster_url_template.empty() ? "'self' data:" : "'self' data: https:";
  response.headers += fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
      "{}; connect-src 'self'; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-cache\r\nETag: "
      "{}\r\n",
      images, file->etag);
  if (response.status == 200 && request.if_none_match == file->etag) {
    response.status = 304;
    return;
  }
  response.content_type = file->content_type;
  response.body.assign(file->bytes);
}

}  // namespace sparrow::serve
