// Routing, limits, authorization, files.
#include "sparrow/api/call.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/api/web_files.h"
#include "sparrow/core/clock.h"
#include "sparrow/http/json_text.h"
#include "sparrow/http/negotiation.h"

namespace sparrow::api {
namespace {

// Compares without telling by time how much was right.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned>(a[i] ^ b[i]) & 0xffU;
  return difference == 0;
}

}  // namespace

void Call::answer() {
  if (limited()) {
    endpoint_ = Endpoint::kOther;
  } else {
    route();
  }
  const auto took = std::chrono::steady_clock::now() - began_;
  api_.metrics_.record(endpoint_, response_.status, took);
  if (response_.status >= 500 && response_.status != 503)
    api_.metrics_.add_error(fmt::format("{} {}", response_.status, request_.path.substr(0, 200)));
  if (api_.options_.log != nullptr) log(took);
}

// "/metrics", "healthz" and "readyz" are always answered.
bool Call::limited() {
  if (!api_.limit_.active() || request_.path == "/metrics" || request_.path.ends_with("thz") ||
      request_.path.ends_with("/readyz"))
    return false;
  constexpr std::string_view kBearer = "Bearer ";
  const bool known = request_.authorization.starts_with(kBearer) &&
                     role_of(request_.authorization.substr(kBearer.size())) != Role::kNone;
  const double wait = api_.limit_.wait_s(known ? request_.authorization : request_.client, began_);
  if (wait <= 0) return false;
  response_.headers += fmt::format("Retry-After: {:.0f}\r\n", std::ceil(wait));
  http::write_error(response_, 429, "too_many_requests",
                    fmt::format("at most {} requests a second", api_.options_.requests_per_second));
  return true;
}

void Call::log(std::chrono::nanoseconds took) {
  std::string line = fmt::format(
      "{{\"time\":\"{}\",\"request_id\":\"{}-{:x}\",\"client\":", utc_now(), api_.boot_, number_);
  http::append_json(line, request_.client);
  line += ",\"method\":";
  http::append_json(line, request_.method.substr(0, 16));
  line += ",\"path\":";
  http::append_json(line, request_.path.substr(0, 256));
  line += ",\"query\":";
  http::append_json(line, request_.query.substr(0, 512));
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"bytes\":{},\"us\":{:.1f}}}",
                 response_.status, response_.body.size(),
                 std::chrono::duration<double, std::micro>(took).count());
  api_.options_.log->add(line);
}

void Call::route() {
  add_cors();
  if (request_.method == "OPTIONS") {
    response_.status = 204;
    const std::string allow = fmt::format("GET, HEAD, OPTIONS{}", writing_methods());
    response_.headers += fmt::format("Allow: {}\r\n", allow);
    if (response_.headers.starts_with("Access-Control-"))  // a browser asks before a page may
      response_.headers += fmt::format(
          "Access-Control-Allow-Methods: {}\r\nAccess-Control-Allow-Headers: Authorization, "
          "Content-Type\r\nAccess-Control-Max-Age: 600\r\n",
          allow);
  } else if (!allows_method()) {
    const std::string allow = fmt::format("GET, HEAD, OPTIONS{}", writing_methods());
    response_.headers += fmt::format("Allow: {}\r\n", allow);
    http::write_error(response_, 405, "invalid_input",
                      fmt::format("only {} are answered here", allow));
  } else if (request_.path.starts_with("/api/")) {
    response_.headers += "Cache-Control: no-store\r\nX-Request-Id: ";
    append_request_id(response_.headers);
    response_.headers += "\r\n";
    if (!request_.path.starts_with(kApi) || !route_api(request_.path.substr(kApi.size()))) {
      http::write_error(response_, 404, "not_found",
                        "there is no such endpoint; /api/v1 is described in docs/api/openapi.json");
    }
  } else if (request_.path == "/metrics") {
    get_metrics();
  } else {
    query_ = http::Query(request_.query);
    if (route_compatible(request_.path)) return;
    endpoint_ = Endpoint::kPage;
    serve_file();
  }
}

std::string_view Call::writing_methods() const {
  std::string_view path = request_.path;
  if (!path.starts_with(kApi)) return {};
  path.remove_prefix(kApi.size());
  if (path == "rules") return ", PUT";
  if (path.starts_with("items/") && path.find('/', 6) == std::string_view::npos)
    return ", PUT, PATCH, DELETE";
  for (const std::string_view known :
       {"items", "similar", "batch", "judgements", "judgements/import", "votes", "reports",
        "feedback", "rules/what-if"}) {
    if (path == known) return ", POST";
  }
  const bool act = path.ends_with("/promote") || path.ends_with("/rollback");
  return path.starts_with("models/") && act ? ", POST" : "";
}

bool Call::allows_method() const {
  if (request_.method == "GET" || request_.method == "HEAD") return true;
  const std::string_view methods = writing_methods();
  for (std::size_t begin = 2; begin < methods.size();) {
    const auto end = std::min(methods.find(',', begin), methods.size());
    if (methods.substr(begin, end - begin) == request_.method) return true;
    begin = end + 2;
  }
  return false;
}

bool Call::route_api(std::string_view path) {
  struct Route {
    std::string_view method;  // of the request; empty: GET or HEAD
    std::string_view path;
    void (Call::*run)();
    Endpoint endpoint;
  };
  static constexpr Route kRoutes[] = {
      {"", "items", &Call::get_items, Endpoint::kItem},
      {"POST", "items", &Call::post_items, Endpoint::kAdmin},
      {"", "search", &Call::get_search, Endpoint::kSearch},
      {"", "similar", &Call::get_mix, Endpoint::kSimilar},
      {"POST", "similar", &Call::post_similar, Endpoint::kSimilar},
      {"POST", "batch", &Call::post_batch, Endpoint::kSimilar},
      {"", "explain", &Call::get_explain, Endpoint::kExplain},
      {"", "home", &Call::get_home, Endpoint::kHome},
      {"", "genres", &Call::get_genres, Endpoint::kItem},
      {"", "models", &Call::get_models, Endpoint::kAdmin},
      {"", "evaluations", &Call::get_evaluations, Endpoint::kAdmin},
      {"", "judgements", &Call::get_judgements, Endpoint::kAdmin},
      {"POST", "judgements", &Call::post_judgements, Endpoint::kAdmin},
      {"POST", "judgements/import", &Call::import_judgements, Endpoint::kAdmin},
      {"", "seeds", &Call::get_seeds, Endpoint::kAdmin},
      {"", "votes", &Call::get_votes, Endpoint::kAdmin},
      {"POST", "votes", &Call::post_votes, Endpoint::kAdmin},
      {"", "reports", &Call::get_reports, Endpoint::kAdmin},
      {"POST", "reports", &Call::post_reports, Endpoint::kAdmin},
      {"POST", "feedback", &Call::post_feedback, Endpoint::kAdmin},
      {"", "rules", &Call::get_rules, Endpoint::kAdmin},
      {"PUT", "rules", &Call::put_rules, Endpoint::kAdmin},
      {"POST", "rules/what-if", &Call::post_what_if, Endpoint::kAdmin},
      {"", "status", &Call::get_status, Endpoint::kAdmin},
      {"", "config", &Call::get_config, Endpoint::kAdmin},
      {"", "readyz", &Call::get_ready, Endpoint::kOther},
  };
  const std::string_view method =
      request_.method == "GET" || request_.method == "HEAD" ? std::string_view() : request_.method;
  if (path.starts_with("items/")) return route_item(path.substr(6));
  query_ = http::Query(request_.query);
  if (path.starts_with("models/")) return route_model(path.substr(7));
  if (path == "healthz" && method.empty()) {
    response_.body += "{\"status\":\"ok\"}";
    return true;
  }
  for (const Route& route : kRoutes) {
    if (route.path != path || route.method != method) continue;
    endpoint_ = route.endpoint;
    (this->*route.run)();
    return true;
  }
  return false;
}

bool Call::route_item(std::string_view rest) {
  const auto slash = rest.find('/');
  const std::string_view tail =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (!tail.empty() && tail != "/similar" && tail != "/rows") return false;
  const auto id = http::percent_decode(rest.substr(0, slash), false);
  if (!id || id->empty()) {
    http::write_error(response_, 400, "invalid_input", "id is not percent-encoded UTF-8", "id");
    return true;
  }
  if (request_.method != "GET" && request_.method != "HEAD") {
    endpoint_ = Endpoint::kAdmin;
    query_ = http::Query(request_.query);
    change_item(*id);
    return true;
  }
  const auto row = view_.find(*id);
  if (!row) {
    http::write_error(response_, 404, "not_found",
                      fmt::format("there is no item \"{}\"", id->substr(0, 64)), "id");
    return true;
  }
  endpoint_ = tail.empty()      ? Endpoint::kItem
              : tail == "/rows" ? Endpoint::kRows
                                : Endpoint::kSimilar;
  if (!tail.empty() && answer_again(tail[1], *row)) return true;
  query_ = http::Query(request_.query);
  if (tail.empty())
    get_item(*row);
  else if (tail == "/rows")
    get_rows(*row);
  else
    get_similar(*row);
  if (!tail.empty() && response_.status == 200) keep(tail[1], *row);
  return true;
}

bool Call::route_model(std::string_view rest) {
  endpoint_ = Endpoint::kAdmin;
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return false;
  const auto name = http::percent_decode(rest.substr(0, slash), false);
  const std::string_view tail = rest.substr(slash + 1);
  if (!name) return false;
  const bool post = request_.method == "POST";
  if (tail == "promote" && post)
    post_promote(*name);
  else if (tail == "rollback" && post)
    post_rollback(*name);
  else if (tail == "map" && !post)
    get_map(*name);
  else if (tail == "health" && !post)
    get_health(*name);
  else
    return false;
  return true;
}

bool Call::failed() {
  if (!query_.error()) return false;
  http::write_error(response_, 400, "invalid_input", query_.error()->message,
                    query_.error()->parameter);
  return true;
}

void Call::fail(const Error& error) {
  http::write_error(response_, error_http_status(error.code), error_code_name(error.code),
                    error.message);
}

Role Call::role_of(std::string_view secret) const {
  Role found = Role::kNone;
  for (const auto& [known, role] : api_.options_.tokens) {
    if (same_secret(known, secret)) found = std::max(found, role);
  }
  return found;
}

void Call::append_request_id(std::string& out) const {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number_, 16).ptr;
  out += api_.boot_;
  out += '-';
  out.append(digits, end);
}

bool Call::authorized(Role role) {
  constexpr std::string_view kBearer = "Bearer ";
  if (api_.options_.tokens.empty()) {
    http::write_error(
        response_, 403, "forbidden",
        "this server has no tokens: start it with --token admin:SECRET to allow this");
    return false;
  }
  if (!request_.authorization.starts_with(kBearer)) {
    response_.headers += "WWW-Authenticate: Bearer\r\n";
    http::write_error(response_, 401, "unauthorized",
                      "a token is needed: Authorization: Bearer SECRET");
    return false;
  }
  const Role found = role_of(request_.authorization.substr(kBearer.size()));
  if (found == Role::kNone) {
    response_.headers += "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n";
    http::write_error(response_, 401, "unauthorized", "this token is not known");
    return false;
  }
  if (found < role) {
    http::write_error(response_, 403, "forbidden", "this token may not do that");
    return false;
  }
  return true;
}

std::optional<nlohmann::json> Call::body() {
  constexpr std::size_t kDeepest = 16;
  if (http::nesting_depth(request_.body) > kDeepest) {
    http::write_error(response_, 400, "invalid_input",
                      fmt::format("the body is nested deeper than {}", kDeepest), "body");
    return std::nullopt;
  }
  auto json = nlohmann::json::parse(request_.body, nullptr, false);
  if (json.is_discarded()) {
    http::write_error(response_, 400, "invalid_input", "the body is no JSON", "body");
    return std::nullopt;
  }
  return json;
}

std::optional<std::string> Call::member(const nlohmann::json& object, const char* name,
                                        std::size_t max_size) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string() ||
      object[name].get_ref<const std::string&>().empty() ||
      object[name].get_ref<const std::string&>().size() > max_size) {
    http::write_error(response_, 400, "invalid_input",
                      fmt::format("\"{}\" must be a text of 1 to {} bytes", name, max_size), name);
    return std::nullopt;
  }
  return object[name].get<std::string>();
}

std::optional<Row> Call::member_item(const nlohmann::json& object, const char* name) {
  const auto id = member(object, name);
  if (!id) return std::nullopt;
  const auto row = view_.find(*id);
  if (!row)
    http::write_error(response_, 400, "invalid_input",
                      fmt::format("\"{}\": there is no item \"{}\"", name, id->substr(0, 64)),
                      name);
  return row;
}

// Compatible: the names that the pages of SparrowRecSys ask for mean our default model.
std::shared_ptr<const live::ServedModel> Call::model_or_fail(bool compatible) {
  std::string_view name = query_.view("model").value_or(api_.options_.default_model);
  if (compatible && (name == "emb" || name == "nerualcf" || name == "default" || name.empty()))
    name = api_.options_.default_model;
  const auto found = now_->models.find(name);
  if (found != now_->models.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, served] : now_->models) names.push_back(known);
  query_.fail("model",
              fmt::format("\"{}\" is not served; there are: {}", name.substr(0, 64),
                          names.empty() ? "none yet" : fmt::format("{}", fmt::join(names, ", "))));
  return nullptr;
}

void Call::serve_file() {
  std::string_view path = request_.path == "/" ? std::string_view("/index.html") : request_.path;
  // "/~VERSION/movie.js": never changes, so a browser need not ask again. A page of a version
  // before that is still open gets what there is now, for once.
  bool forever = false;
  if (path.starts_with("/~")) {
    const auto end = std::min(path.find('/', 2), path.size());
    forever = path.substr(2, end - 2) == web_version();
    path.remove_prefix(end);
  }
  const auto files = web_files();
  auto file =
      std::find_if(files.begin(), files.end(), [&](const WebFile& f) { return f.path == path; });
  if (file == files.end()) {
    response_.status = 404;
    forever = false;
    file = std::find_if(files.begin(), files.end(),
                        [](const WebFile& f) { return f.path == "/404.html"; });
    if (file == files.end())
      return http::write_error(response_, 404, "not_found", "there is no such page");
  }
  const std::string images =
      api_.options_.poster_url_template.empty() ? "'self' data:" : "'self' data: https:";
  const bool packed = http::accepts_gzip(request_.accept_encoding);
  std::string etag(file->etag);
  if (packed) etag.insert(etag.size() - 1, "-gzip");  // other bytes, other tag
  response_.headers += fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
      "{}; connect-src 'self'; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\nCache-Control: {}\r\nETag: "
      "{}\r\nVary: Accept-Encoding\r\n",
      images, forever ? "public, max-age=31536000, immutable" : "no-cache", etag);
  if (path == "/movie.html") add_preloads();
  if (response_.status == 200 && http::has_etag(request_.if_none_match, etag)) {
    response_.status = 304;
    return;
  }
  if (packed) response_.headers += "Content-Encoding: gzip\r\n";
  response_.content_type = file->content_type;
  response_.body.assign(packed ? file->gzip : file->bytes);
}

// What the film's page asks for first (web/movie_data.js), named in the answer that brings the
// page: the browser then asks before the page's scripts are there. The addresses must be those of
// the page to the letter, so not where it sets controls.
void Call::add_preloads() {
  query_.allow_only({"movieId", "lang", "theme"});
  const std::string id = query_.text("movieId").value_or("");
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  if (query_.error() || !view_.find(id) || !std::all_of(id.begin(), id.end(), plain)) return;
  response_.headers += fmt::format(
      "Link: <{0}items/{1}/similar?size=24&reasons=true>; rel=preload; as=fetch; crossorigin, "
      "<{0}items/{1}>; rel=preload; as=fetch; crossorigin, "
      "<{0}config>; rel=preload; as=fetch; crossorigin\r\n",
      kApi, id);
}

void Call::add_cors() {
  if (request_.origin.empty()) return;
  if (std::find(api_.options_.cors_origins.begin(), api_.options_.cors_origins.end(),
                request_.origin) == api_.options_.cors_origins.end())
    return;
  response_.headers +=
      fmt::format("Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n", request_.origin);
}
}  // namespace sparrow::api
