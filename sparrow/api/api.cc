// From a request to its handler and back.
#include "sparrow/api/api.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "sparrow/api/handlers.h"
#include "sparrow/api/list_answer.h"
#include "sparrow/api/routes.h"
#include "sparrow/core/clock.h"
#include "sparrow/core/random.h"
#include "sparrow/http/trace.h"

namespace sparrow::api {
namespace {

constexpr std::string_view kApi = "/api/";

std::filesystem::path journal_file(const std::filesystem::path& home, const char* name) {
  return home.empty() ? std::filesystem::path() : home / name;
}

std::string new_boot() {
  auto state =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  return fmt::format("{:08x}", static_cast<std::uint32_t>(splitmix64(state)));
}

// A number for this request that no other server's request will have.
std::uint64_t span_of(const Context& c) {
  std::uint64_t state = std::hash<std::string>()(c.services.boot) ^ c.number;
  return splitmix64(state) | 1;
}

void log(const Context& c, const http::Response& response, std::chrono::nanoseconds took) {
  std::string line = fmt::format("{{\"time\":\"{}\",\"request_id\":\"", utc_now());
  append_request_id(line, c);
  if (!c.trace.empty())
    fmt::format_to(std::back_inserter(line), R"(","trace_id":"{}","span_id":"{}","parent_id":"{})",
                   http::trace_id(c.trace), http::span_id(c.trace),
                   http::span_id(c.request.traceparent));
  line += "\",\"client\":";
  http::append_json(line, c.request.client);
  line += ",\"method\":";
  http::append_json(line, c.request.method.substr(0, 16));
  line += ",\"path\":";
  http::append_json(line, c.request.path.substr(0, 256));
  line += ",\"query\":";
  http::append_json(line, c.request.query.substr(0, 512));
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"bytes\":{},\"us\":{:.1f}}}",
                 response.status, response.body.size(),
                 std::chrono::duration<double, std::micro>(took).count());
  c.services.options.log->add(line);
}

// "application/json" and what is built on it, with any parameters.
bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type == "application/json" || type.ends_with("+json") || type == "application/json ";
}

void too_many(http::Response& response, double wait_s, std::string_view message) {
  response.headers += fmt::format("Retry-After: {:.0f}\r\n", std::ceil(wait_s));
  http::write_error(response, 429, "too_many_requests", message);
}

// True: the answer is a 429. Those that have a known token are counted by it, all others by their
// address; so are heavy requests of those that have none.
bool limited(const Context& c, http::Response& response) {
  Services& services = c.services;
  const bool never = c.route != nullptr && c.route->limited == Route::Limited::kNo;
  const bool heavy = c.route != nullptr && c.route->cost == Cost::kHeavy;
  if (never || (!services.limit.active() && !heavy)) return false;
  const bool known = has_token(c);
  const double wait = services.limit.wait_s(
      known ? bearer_token(c.request.authorization) : c.request.client, c.began);
  if (wait > 0) {
    too_many(response, wait,
             fmt::format("at most {} requests a second", services.options.requests_per_second));
    return true;
  }
  if (!heavy || known) return false;
  const double rest = services.heavy_requests.wait_s(c.request.client, c.began);
  if (rest > 0)
    too_many(response, rest, "this takes long: without a token two a second, sixty at once");
  return rest > 0;
}

void add_cors(const Context& c, http::Response& response) {
  if (c.request.origin.empty()) return;
  const auto& known = c.services.options.cors_origins;
  if (std::find(known.begin(), known.end(), c.request.origin) == known.end()) return;
  response.headers +=
      fmt::format("Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n", c.request.origin);
}

// A name that a page of somebody else's could not have been loaded under: this machine, an address,
// or what the configuration names.
bool is_own_host(const Context& c, std::string_view host) {
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  const bool address =
      !host.empty() &&
      (host.front() == '[' || host.find_first_not_of("0123456789.") == std::string_view::npos);
  const auto& names = c.services.options.host_names;
  return address || host == "localhost" ||
         std::find(names.begin(), names.end(), host) != names.end();
}

// A page of another origin can make a browser send a write: such are known by the Origin, by a Host
// that is not ours (DNS rebinding), and by a body that says it is something else than JSON. True:
// the response says so.
bool refuse_foreign_write(const Context& c, http::Response& response) {
  const auto& origin = c.request.origin;
  const auto& known = c.services.options.cors_origins;
  const auto scheme = origin.find("://");
  const bool same = scheme != std::string_view::npos && origin.substr(scheme + 3) == c.request.host;
  if (!origin.empty() && !same && std::find(known.begin(), known.end(), origin) == known.end()) {
    http::write_error(response, 403, "forbidden",
                      "pages of this origin may not write here; --cors names those that may");
    return true;
  }
  if (!c.request.host.empty() && !is_own_host(c, c.request.host) && !has_token(c)) {
    http::write_error(response, 403, "forbidden",
                      "this server does not know itself by that name; --host-name adds it");
    return true;
  }
  if (!c.request.body.empty() && !is_json(c.request.content_type)) {
    http::write_error(response, 415, "invalid_input",
                      "the body must be declared: Content-Type: application/json");
    return true;
  }
  return false;
}

void answer_options(const Context& c, http::Response& response) {
  response.status = 204;
  const std::string allow = allowed_methods(c.request.path);
  response.headers += fmt::format("Allow: {}\r\n", allow);
  if (response.headers.starts_with("Access-Control-"))  // a browser asks before a page may
    response.headers += fmt::format(
        "Access-Control-Allow-Methods: {}\r\nAccess-Control-Allow-Headers: Authorization, "
        "Content-Type\r\nAccess-Control-Max-Age: 600\r\n",
        allow);
}

void refuse_method(const Context& c, http::Response& response) {
  const std::string allow = allowed_methods(c.request.path);
  response.headers += fmt::format("Allow: {}\r\n", allow);
  http::write_error(response, 405, "invalid_input",
                    fmt::format("only {} are answered here", allow));
}

// The path's parameter. False: the response says what is wrong with it.
bool read_parameter(Context& c, http::Response& response, std::string_view text) {
  auto decoded = http::percent_decode(text, false);
  if (!decoded || decoded->empty()) {
    http::write_error(response, 400, "invalid_input", "id is not percent-encoded UTF-8", "id");
    return false;
  }
  c.parameter = std::move(*decoded);
  if (c.route->pattern.find("{item}") == std::string_view::npos) return true;
  const auto row = c.view.find(c.parameter);
  c.item = row.value_or(kNoRow);
  if (!row)
    http::write_error(response, 404, "not_found",
                      fmt::format("there is no item \"{}\"", c.parameter.substr(0, 64)), "id");
  return row.has_value();
}

void record_answer(Context& c, int status) {
  if (c.route->lists == Route::Lists::kYes) record_list(c, status);
}

void run(Context& c, http::Response& response, const RouteMatch& match) {
  if (!match.parameter.empty() && !read_parameter(c, response, match.parameter)) return;
  if (c.route->method != "GET" && refuse_foreign_write(c, response)) return;
  if (!authorized(c, response, c.route->role)) return;
  const bool kept = c.route->kept == Route::Kept::kYes;
  // Most lists are asked for by nobody in particular and are there already: nothing is parsed then.
  const bool planned = c.route->lists == Route::Lists::kYes && concerns_plans(c);
  if (planned) {
    c.query = http::Query(c.request.query);
    apply_plans(c);
    if (failed(c, response)) return;
  }
  if (!kept || !answer_again(c, response)) {
    if (!planned) c.query = http::Query(c.request.query);
    try {
      c.route->handle(c, response);
    } catch (...) {  // the session answers it
      record_answer(c, 500);
      throw;
    }
    if (kept && response.status == 200) keep_answer(c, response);
  }
  record_answer(c, response.status);
}

void dispatch(Context& c, http::Response& response, const RouteMatch& match) {
  add_cors(c, response);
  const std::string_view method = c.request.method;
  if (method == "OPTIONS") return answer_options(c, response);
  const bool ours = c.request.path.starts_with(kApi);
  if (c.route == nullptr && (match.path_known || (method != "GET" && method != "HEAD")))
    return refuse_method(c, response);
  if (ours) {
    response.headers += "Cache-Control: no-store\r\nX-Request-Id: ";
    append_request_id(response.headers, c);
    response.headers += "\r\n";
  }
  if (c.route != nullptr) return run(c, response, match);
  if (ours)
    return http::write_error(
        response, 404, "not_found",
        "there is no such endpoint; /api/v1 is described in docs/api/openapi.json");
  c.query = http::Query(c.request.query);
  serve_file(c, response);
}

Endpoint label_of(const Context& c) {
  if (c.route != nullptr) return c.route->endpoint;
  return c.request.path.starts_with(kApi) ? Endpoint::kOther : Endpoint::kPage;
}

}  // namespace

Lasting::Lasting(const std::filesystem::path& home)
    : judgements(
          journal_file(home, "judgements.jsonl"),
          {{"grader", "seed", "item"}, {"time", "reason", "model", "version", "note"}, true}),
      votes(journal_file(home, "votes.jsonl"),
            {{"grader", "seed", "left", "right", "winner"}, {"time"}}),
      reports(journal_file(home, "reports.jsonl"),
              {{"seed", "item", "state"}, {"time", "note", "fixed_in"}}),
      feedback(journal_file(home, "feedback.jsonl"),
               {{"user", "item", "kind"}, {"time", "seed", "of"}}),
      boot(new_boot()) {}

Services::Services(ApiOptions api_options, std::shared_ptr<const live::CatalogView> view,
                   ModelControl model_control, std::shared_ptr<Lasting> of_before)
    : options(std::move(api_options)),
      control(std::move(model_control)),
      lasting(of_before != nullptr ? std::move(of_before)
                                   : std::make_shared<Lasting>(options.home)),
      metrics(lasting->metrics),
      state(std::move(view), [this](const std::string& trouble) { metrics.add_error(trouble); }),
      answers(options.answer_cache_bytes),
      limit(options.requests_per_second, options.burst),
      judgements(lasting->judgements),
      votes(lasting->votes),
      reports(lasting->reports),
      feedback(lasting->feedback),
      plans(options.home),
      requests(lasting->requests),
      boot(lasting->boot) {}

Api::Api(ApiOptions options, std::shared_ptr<const live::CatalogView> view, ModelControl control,
         const Api* before)
    : services_(std::move(options), std::move(view), std::move(control),
                before == nullptr ? nullptr : before->services_.lasting) {
  if (before != nullptr) return;
  const auto now = services_.state.snapshot();
  const auto said = services_.feedback.each([&](nlohmann::json&& entry) {
    if (const auto row = now->view->find(live::text_of(entry, "item")))
      services_.marks.take(entry, *row);
  });
  if (said) services_.feedback.let_go();
}

void Api::take_over(const Api& before) {
  const auto old = before.services_.state.snapshot();
  const auto now = services_.state.snapshot();
  std::vector<Row> rows(old->view->dataset->catalog.size(), kNoRow);
  for (Row row = 0; row < rows.size(); ++row)
    rows[row] = now->view->find(old->view->dataset->catalog[row].id).value_or(kNoRow);
  services_.marks.take_over(before.services_.marks, rows);
}

void Api::handle(const http::Request& request, http::Response& response) {
  Context c(services_, request);
  const RouteMatch match = find_route(request.method, request.path);
  c.route = match.route;
  if (!request.traceparent.empty()) c.trace = http::continue_trace(request.traceparent, span_of(c));
  const bool refused = limited(c, response);
  if (!refused) dispatch(c, response, match);
  const auto took = std::chrono::steady_clock::now() - c.began;
  services_.metrics.record(refused ? Endpoint::kOther : label_of(c), response.status, took);
  if (response.status >= 500 && response.status != 503)
    services_.metrics.add_error(fmt::format("{} {}", response.status, request.path.substr(0, 200)));
  if (services_.options.log != nullptr) log(c, response, took);
}

http::Lane Api::lane_of(const http::Request& request) const {
  const Route* route = find_route(request.method, request.path).route;
  if (route == nullptr) return http::Lane::kAtOnce;
  switch (route->cost) {
    case Cost::kQuick:
      return http::Lane::kAtOnce;
    case Cost::kList:
      return services_.options.ranking.remote == nullptr ? http::Lane::kAtOnce : http::Lane::kSlow;
    case Cost::kSlow:
      return http::Lane::kSlow;
    case Cost::kHeavy:
      return http::Lane::kHeavy;
  }
  return http::Lane::kAtOnce;
}

void Api::forget(const std::string& user) {
  if (const auto marks = forget_marks(services_, user); !marks)
    services_.metrics.add_error("a user who was erased elsewhere: " + marks.error().message);
}

void Api::count_refused(int status, std::string_view client) {
  services_.metrics.record(Endpoint::kRefused, status, std::chrono::nanoseconds(0));
  (void)services_.limit.wait_s(client, std::chrono::steady_clock::now());
  if (services_.options.log == nullptr) return;
  std::string line = fmt::format("{{\"time\":\"{}\",\"client\":", utc_now());
  http::append_json(line, client);
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"refused\":true}}", status);
  services_.options.log->add(line);
}

}  // namespace sparrow::api
