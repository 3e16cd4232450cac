// Session is one connection; Worker is one thread with its io_context, acceptor and sessions.
// Private to http_server.cc and http_session.cc.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <list>
#include <memory>
#include <memory_resource>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "sparrow/http/request_headers.h"
#include "sparrow/http/server.h"

namespace sparrow::http {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

struct Worker;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Worker& worker);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  void start() { wait_for_bytes(); }
  void cut() {
    error_code ignored;
    socket_.close(ignored);
  }
  // Closes now when nothing is under way, else after the answer.
  void drain() {
    closing_ = true;
    if (reading_ && buffer_.size() == 0) cut();
  }
  // What a pool computes for this connection is not wanted any more. From any thread.
  void give_up() { stop_.request_stop(); }
  Clock::time_point deadline() const { return deadline_; }

 private:
  // Header fields live in an arena that is used again for each request.
  using Fields = std::pmr::polymorphic_allocator<char>;
  using Parser = http::request_parser<http::string_body, Fields>;

  void wait_for_bytes();
  void work();
  bool parse_one();
  bool header_fits();
  bool parse_header();
  bool parse_body();
  bool expects_too_much();
  bool answer();
  bool refuse(int status);
  bool send(bool head_only);
  bool sent();
  void write_head();
  void finish();
  void discard();
  bool run_in_pool(Request request, Lane lane);
  void watch_client();

  tcp::socket socket_;
  Worker& worker_;
  std::string client_;
  boost::beast::flat_buffer buffer_;
  std::array<std::byte, 1024> arena_;
  std::pmr::monotonic_buffer_resource fields_{arena_.data(), arena_.size()};
  std::optional<Parser> parser_;
  Headers headers_;  // of the request, without what trailers add
  Response response_;
  std::stop_source stop_{std::nostopstate};  // of the request in a pool
  std::string head_;
  Clock::time_point deadline_;
  bool reading_ = false;
  bool continued_ = false;  // the client was told to send its body
  bool closing_ = false;
  bool keep_alive_ = false;
  bool old_version_ = false;
};

// What the threads share. Server::State has it before the workers and ends the pool before them:
// what waits in the pool holds sessions, and a session needs its worker to the end.
struct Shared {
  struct Pool {
    Pool(std::size_t thread_count, std::size_t most)
        : max(most),
          threads(std::make_unique<asio::thread_pool>(std::max<std::size_t>(1, thread_count))) {}
    std::size_t max;  // requests at a time, waiting ones included
    std::atomic<std::size_t> requests{0};
    std::unique_ptr<asio::thread_pool> threads;
  };

  explicit Shared(const ServerOptions& options)
      : slow(options.slow_threads, options.max_slow),
        heavy(options.heavy_threads, options.max_heavy) {}
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> running{0};  // requests answered by a pool just now
  std::atomic<bool> stopping{false};    // those that wait are not begun any more
  Pool slow;
  Pool heavy;
};

struct Worker {
  Worker(const ServerOptions& o, const Handler& h, Shared& all)
      : options(o), handler(h), shared(all), io(1), acceptor(io), sweep(io), pause(io) {}

  const ServerOptions& options;
  const Handler& handler;
  Shared& shared;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::steady_timer sweep;
  asio::steady_timer pause;  // before the next accept(), when files have run out
  std::list<std::weak_ptr<Session>> sessions;
  bool stopping = false;
  std::string date;
  std::time_t date_second = 0;

  void accept();
  void accept_later();
  void sweep_soon();
  void stop();
  const std::string& http_date();
};

}  // namespace sparrow::http
