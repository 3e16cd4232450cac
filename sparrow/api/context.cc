#include "sparrow/api/context.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/api/routes.h"
#include "sparrow/http/json_text.h"

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

bool same_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i]) != lower[i])
      return false;
  }
  return true;
}

// What the pages of SparrowRecSys call the model that they want.
bool is_srs_name(std::string_view name) {
  return name.empty() || name == "emb" || name == "nerualcf" || name == "default";
}

}  // namespace

bool failed(const Context& c, http::Response& response) {
  if (!c.query.error()) return false;
  // Nothing is wrong with the request: it came before the first model did.
  const bool early = c.query.error()->parameter == "model" && c.now->models.empty();
  if (early)
    http::write_error(response, 503, "unavailable",
                      "no model is served yet: publish and promote one");
  else
    http::write_error(response, 400, "invalid_input", c.query.error()->message,
                      c.query.error()->parameter);
  return true;
}

void fail(http::Response& response, const Error& error) {
  http::write_error(response, error_http_status(error.code), error_code_name(error.code),
                    error.message);
}

bool given_up(const Context& c, http::Response& response) {
  if (!c.request.stop.stop_requested()) return false;
  http::write_error(response, 503, "unavailable",
                    "given up: the client has gone or the server ends");
  return true;
}

std::optional<nlohmann::json> json_body(const Context& c, http::Response& response) {
  constexpr std::size_t kDeepest = 16;
  if (http::nesting_depth(c.request.body) > kDeepest) {
    http::write_error(response, 400, "invalid_input",
                      fmt::format("the body is nested deeper than {}", kDeepest), "body");
    return std::nullopt;
  }
  auto json = nlohmann::json::parse(c.request.body, nullptr, false);
  if (json.is_discarded()) {
    http::write_error(response, 400, "invalid_input", "the body is not valid JSON", "body");
    return std::nullopt;
  }
  return json;
}

Row required_item(Context& c, http::Response& response, std::string_view name) {
  const std::string id = c.query.required(name);
  if (failed(c, response)) return kNoRow;
  const auto row = c.view.find(id);
  if (!row)
    http::write_error(response, 404, "not_found",
                      fmt::format("there is no item \"{}\"", id.substr(0, 64)), name);
  return row.value_or(kNoRow);
}

std::optional<std::string> member(http::Response& response, const nlohmann::json& object,
                                  const char* name, std::size_t max_size) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string() ||
      object[name].get_ref<const std::string&>().empty() ||
      object[name].get_ref<const std::string&>().size() > max_size) {
    http::write_error(response, 400, "invalid_input",
                      fmt::format("\"{}\" must be a text of 1 to {} bytes", name, max_size), name);
    return std::nullopt;
  }
  return object[name].get<std::string>();
}

std::optional<Row> member_item(const Context& c, http::Response& response,
                               const nlohmann::json& object, const char* name) {
  const auto id = member(response, object, name);
  if (!id) return std::nullopt;
  const auto row = c.view.find(*id);
  if (!row)
    http::write_error(response, 400, "invalid_input",
                      fmt::format("\"{}\": there is no item \"{}\"", name, id->substr(0, 64)),
                      name);
  return row;
}

std::unordered_set<Row> hidden_rows(const Context& c) {
  std::unordered_set<Row> rows;
  for (const auto& id : c.query.list("hide")) {
    if (const auto row = c.view.find(id)) rows.insert(*row);
  }
  return rows;
}

std::shared_ptr<const live::ServedModel> model_of(Context& c) {
  const auto asked = c.query.view("model");
  const bool srs = c.route != nullptr && c.route->endpoint == Endpoint::kCompatible;
  if (!asked || (srs && is_srs_name(*asked))) {
    const auto& usual = c.now->default_model(c.services.options.default_model);
    if (usual != nullptr) return usual;
  }
  const std::string_view name = asked ? *asked : c.services.options.default_model;
  const auto found = c.now->models.find(name);
  if (found != c.now->models.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, served] : c.now->models) names.emplace_back(known);
  c.query.fail("model",
               fmt::format("\"{}\" is not served; there are: {}", name.substr(0, 64),
                           names.empty() ? "none yet" : fmt::format("{}", fmt::join(names, ", "))));
  return nullptr;
}

std::shared_ptr<const live::ServedModel> named_model(const Context& c, http::Response& response) {
  const auto found = c.now->models.find(c.parameter);
  if (found != c.now->models.end()) return found->second;
  http::write_error(response, 404, "not_found",
                    fmt::format("the model \"{}\" is not served", c.parameter.substr(0, 64)),
                    "name");
  return nullptr;
}

Role role_of(const Services& services, std::string_view secret) {
  Role found = Role::kNone;
  for (const auto& [known, role] : services.options.tokens) {
    if (same_secret(known, secret)) found = std::max(found, role);
  }
  return found;
}

// The scheme's case does not matter (RFC 9110, 11.1).
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer ";
  if (!same_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) return {};
  authorization.remove_prefix(kBearer.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

bool has_token(const Context& c) {
  const auto token = bearer_token(c.request.authorization);
  return !token.empty() && role_of(c.services, token) != Role::kNone;
}

bool authorized(const Context& c, http::Response& response, Role role) {
  if (role == Role::kNone) return true;
  if (c.services.options.tokens.empty()) {
    http::write_error(
        response, 403, "forbidden",
        "this server has no tokens: start it with --token admin:SECRET to allow this");
    return false;
  }
  const auto token = bearer_token(c.request.authorization);
  if (token.empty()) {
    response.headers += "WWW-Authenticate: Bearer\r\n";
    http::write_error(response, 401, "unauthorized",
                      "a token is needed: Authorization: Bearer SECRET");
    return false;
  }
  http::RateLimit& wrong = c.services.wrong_tokens;
  if (const double wait = wrong.would_wait_s(c.request.client, c.began); wait > 0) {
    response.headers += fmt::format("Retry-After: {:.0f}\r\n", std::ceil(wait));
    http::write_error(response, 429, "too_many_requests", "too many wrong tokens");
    return false;
  }
  const Role found = role_of(c.services, token);
  if (found == Role::kNone) {
    (void)wrong.wait_s(c.request.client, c.began);
    response.headers += "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n";
    http::write_error(response, 401, "unauthorized", "this token is not known");
    return false;
  }
  if (found < role) {
    http::write_error(response, 403, "forbidden", "this token may not do that");
    return false;
  }
  return true;
}

bool may_write(const Context& c, http::Response& response, std::size_t entries) {
  const double wait = c.services.entries_written.wait_s(
      has_token(c) ? bearer_token(c.request.authorization) : c.request.client, c.began,
      static_cast<double>(entries));
  if (wait <= 0) return true;
  response.headers += fmt::format("Retry-After: {:.0f}\r\n", std::ceil(wait));
  http::write_error(response, 429, "too_many_requests",
                    "at most 50 entries a second, 5,000 at once");
  return false;
}

void append_request_id(std::string& out, const Context& c) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), c.number, 16).ptr;
  out += c.services.boot;
  out += '-';
  out.append(digits, end);
}

void append_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    http::append_json(out, values[i]);
  }
  out += ']';
}

void append_model(std::string& out, const model::Manifest& manifest) {
  out += "{\"name\":";
  http::append_json(out, manifest.name);
  out += ",\"version\":";
  http::append_json(out, manifest.version);
  out += '}';
}

}  // namespace sparrow::api
