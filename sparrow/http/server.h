// Server: HTTP/1.1 on Boost.Beast and Asio; one io_context and one acceptor (SO_REUSEPORT) a
// thread. Every size and time is bounded. It knows nothing of recommendations: a Handler turns a
// Request into a Response.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"

namespace sparrow::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 6010;  // 0: any free one
  std::size_t threads = 0;    // 0: one per core
  std::size_t max_connections = 10'000;
  std::uint32_t max_header_bytes = 8 * 1024;
  std::size_t max_target_bytes = std::size_t{4} * 1024;
  std::uint64_t max_body_bytes = std::uint64_t{64} * 1024;
  std::chrono::milliseconds request_timeout{
      10'000};  // from the end of one answer to the end of the next request
  std::chrono::milliseconds drain_timeout{1'500};  // stop() cuts what is left then
  std::size_t slow_threads = 2;                    // for requests of Lane::kSlow
  std::size_t max_slow = 64;      // of those at a time; more are answered 503 with Retry-After
  std::size_t heavy_threads = 1;  // likewise for Lane::kHeavy
  std::size_t max_heavy = 8;
};

// Views into the connection's buffer; valid while the handler runs.
struct Request {
  std::string_view method;
  std::string_view path;   // still percent-encoded
  std::string_view query;  // without "?"
  std::string_view body;
  std::string_view if_none_match;
  std::string_view accept_encoding;
  std::string_view origin;
  std::string_view authorization;
  std::string_view traceparent;  // as given; trace.h says whether it is one
  std::string_view cookie;       // the header; cookie_of() reads it
  std::string_view client;       // address of the peer
  std::string_view host;
  std::string_view content_type;
  // Of a request in a pool: asked to stop when the client has closed its connection and when the
  // server ends. Long work looks at it between its steps.
  std::stop_token stop;
};

// Which thread answers a request, so that no other request waits for it.
enum class Lane {
  kAtOnce,  // the thread that read it
  kSlow,    // a pool for what waits for a disk or a peer
  kHeavy,   // a pool for long work
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;     // kept between requests, so that its memory is used again
  std::string headers;  // further "Name: value\r\n" lines
};

// Called from several threads. `answer` may throw: the answer is then a 500.
struct Handler {
  std::function<void(const Request&, Response&)> answer;
  // May be empty: all at once.
  std::function<Lane(const Request&)> lane;
  // Hears of bytes that were no acceptable request. May be empty.
  std::function<void(int status, std::string_view client)> refused;
};

class Server {
 public:
  // Listens; requests are answered from now on. Errors: kUnavailable (address in use, not allowed).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  ~Server();  // stops, and waits for every handler that is running

  std::uint16_t port() const;
  // Accepts no more, lets requests under way finish, closes idle connections; back within
  // drain_timeout. False: a slow request is still running; only the destructor waits for it.
  bool stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// {"error":{"code":...,"message":...}} with text escaped; sets the status.
void write_error(Response& response, int status, std::string_view code, std::string_view message,
                 std::string_view parameter = {});

}  // namespace sparrow::http
