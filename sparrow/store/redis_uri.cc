#include "sparrow/store/redis_uri.h"

#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace sparrow::store {
namespace {

struct Scheme {
  std::string_view prefix;
  RedisKind kind;
  bool is_unix;
};
constexpr std::array<Scheme, 5> kSchemes = {{
    {"redis://", RedisKind::kSingle, false},
    {"redis+sentinel://", RedisKind::kSentinel, false},
    {"redis+cluster://", RedisKind::kCluster, false},
    {"redis+unix:", RedisKind::kSingle, true},
    {"unix:", RedisKind::kSingle, true},
}};

const Scheme* scheme_of(std::string_view uri) {
  for (const Scheme& scheme : kSchemes) {
    if (uri.starts_with(scheme.prefix)) return &scheme;
  }
  return nullptr;
}

Error wrong(std::string_view what) {
  return {ErrorCode::kInvalidInput,
          fmt::format("Redis URI: {}; for example redis://:password@host:6379/0, "
                      "redis+sentinel://h1:26379,h2:26379/mymaster/0, "
                      "redis+cluster://h1:7000,h2:7000, redis+unix:/path?db=0",
                      what)};
}

std::optional<int> number(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return std::nullopt;
  return value;
}

// Undoes %XX; a stray % stays.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Takes what stands before `mark` off the front; everything when there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

Result<void> set(RedisOptions& options, std::string_view name, std::string_view value) {
  constexpr int kMaxMs = 600000;
  if (name == "sentinel_password") {
    options.sentinel_password = decoded(value);
    return {};
  }
  if (name == "db") {
    const auto db = number(value, 0, 65535);
    if (!db) return wrong("db is not a number");
    options.db = *db;
    return {};
  }
  std::chrono::milliseconds* target = name == "connect_timeout_ms" ? &options.connect_timeout
                                      : name == "read_timeout_ms"  ? &options.read_timeout
                                      : name == "retry_ms"         ? &options.retry_for
                                                                   : nullptr;
  if (target == nullptr) return wrong(fmt::format("there is no setting \"{}\"", name));
  const auto ms = number(value, name == "retry_ms" ? 0 : 1, kMaxMs);
  if (!ms) return wrong(fmt::format("{} is not a number of milliseconds up to {}", name, kMaxMs));
  *target = std::chrono::milliseconds(*ms);
  return {};
}

Result<RedisEndpoint> endpoint_of(std::string_view text, int default_port) {
  RedisEndpoint endpoint;
  endpoint.port = default_port;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong("a [ without ]");
    endpoint.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (endpoint.host.empty()) return wrong("a host is missing");
  if (!port.empty()) {
    const auto value = number(port.substr(1), 1, 65535);
    if (!value) return wrong("a port is not a number from 1 to 65535");
    endpoint.port = *value;
  }
  return endpoint;
}

Result<void> add_endpoints(RedisOptions& options, std::string_view hosts) {
  constexpr int kRedisPort = 6379;
  constexpr int kSentinelPort = 26379;
  if (options.kind == RedisKind::kSingle && hosts.find(',') != std::string_view::npos)
    options.kind = RedisKind::kSentinel;
  if (hosts.empty()) return wrong("a host is missing");
  while (!hosts.empty()) {
    auto endpoint = endpoint_of(take_until(hosts, ','),
                                options.kind == RedisKind::kSentinel ? kSentinelPort : kRedisPort);
    if (!endpoint) return endpoint.error();
    options.endpoints.push_back(std::move(*endpoint));
  }
  return {};
}

Result<void> set_path(RedisOptions& options, std::string_view path) {
  if (options.kind == RedisKind::kSentinel && !path.empty())
    options.service = take_until(path, '/');
  if (options.kind == RedisKind::kSentinel && options.service.empty())
    return wrong("the service of the sentinels is missing");
  if (path.empty()) return {};
  if (options.kind == RedisKind::kCluster) return wrong("a cluster has no database numbers");
  return set(options, "db", path);
}

}  // namespace

std::string RedisEndpoint::text() const {
  if (!unix_path.empty()) return unix_path;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string RedisOptions::uri() const {
  const std::string who = user.empty() ? "" : user + "@";
  if (kind == RedisKind::kSingle && !endpoints[0].unix_path.empty())
    return fmt::format("redis+unix:{}?db={}", endpoints[0].unix_path, db);
  std::string hosts;
  for (const auto& endpoint : endpoints) hosts += (hosts.empty() ? "" : ",") + endpoint.text();
  switch (kind) {
    case RedisKind::kSingle:
      return fmt::format("redis://{}{}/{}", who, hosts, db);
    case RedisKind::kSentinel:
      return fmt::format("redis+sentinel://{}{}/{}/{}", who, hosts, service, db);
    case RedisKind::kCluster:
      return fmt::format("redis+cluster://{}{}", who, hosts);
  }
  return hosts;
}

bool is_redis_uri(std::string_view uri) { return scheme_of(uri) != nullptr; }

Result<RedisOptions> parse_redis_uri(std::string_view uri) {
  const Scheme* scheme = scheme_of(uri);
  if (scheme == nullptr) return wrong("it does not begin as one");
  RedisOptions options;
  options.kind = scheme->kind;
  std::string_view rest = uri.substr(scheme->prefix.size());
  const bool may_name_user = !scheme->is_unix || rest.starts_with("//");
  if (scheme->is_unix && may_name_user) rest.remove_prefix(2);
  const auto at = rest.rfind('@', rest.rfind('?'));
  if (may_name_user && at != std::string_view::npos) {
    std::string_view who = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    options.user = decoded(take_until(who, ':'));
    options.password = decoded(who);
  }
  std::string_view place = take_until(rest, '?');
  if (scheme->is_unix) {
    if (!place.starts_with('/')) return wrong("the path of a unix socket begins with /");
    options.endpoints.push_back({"", 0, std::string(place)});
  } else {
    if (auto added = add_endpoints(options, take_until(place, '/')); !added) return added.error();
    if (auto done = set_path(options, place); !done) return done.error();
  }
  while (!rest.empty()) {
    std::string_view value = take_until(rest, '&');
    const auto name = take_until(value, '=');
    if (auto done = set(options, name, value); !done) return done.error();
  }
  return options;
}

}  // namespace sparrow::store
