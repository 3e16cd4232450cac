// Redis URIs: parse_redis_uri() turns one into RedisOptions. docs/formats.md lists the forms.
#pragma once

#include <chrono>
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"

namespace sparrow::store {

// Where a server listens: a host and port, or a unix socket.
struct RedisEndpoint {
  std::string host;
  int port = 6379;
  std::string unix_path;  // not empty: a unix socket

  std::string text() const;  // "127.0.0.1:6379", "[::1]:6379" or the path
  auto operator<=>(const RedisEndpoint&) const = default;
};

enum class RedisKind { kSingle, kSentinel, kCluster };

struct RedisOptions {
  RedisKind kind = RedisKind::kSingle;
  std::vector<RedisEndpoint> endpoints;  // the server; the sentinels; some nodes of the cluster
  std::string user;
  std::string password;
  std::string sentinel_password;
  std::string service = "mymaster";  // what the sentinels call the master
  int db = 0;
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds read_timeout{5000};
  // How long a call goes on while the connection is lost, before it fails.
  std::chrono::milliseconds retry_for{15000};

  std::string uri() const;  // without passwords
};

bool is_redis_uri(std::string_view uri);

//   redis://[user][:password]@host[:port][/db]
//   redis+sentinel://[...@]h1:p1,h2:p2/service[/db]   also redis:// with several endpoints
//   redis+cluster://[...@]h1:p1,h2:p2
//   redis+unix://[...@]/path?db=N, redis+unix:/path?db=N, unix:/path
// Settings after "?": db, connect_timeout_ms, read_timeout_ms, retry_ms, sentinel_password.
// Error kInvalidInput says what is wrong, without the password.
Result<RedisOptions> parse_redis_uri(std::string_view uri);

}  // namespace sparrow::store
