// Starts and stops the workers; what a connection does is in http_session.cc.
#include "sparrow/http/server.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sparrow/http/json_text.h"
#include "sparrow/http/session.h"

namespace sparrow::http {
namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

}  // namespace

struct Server::State {
  ServerOptions options;
  Handler handler;
  std::unique_ptr<Shared> shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::uint16_t port = 0;
  bool stopped = false;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() {
  stop();
  // Waits for what is running, then lets go of the requests that waited, and with them of their
  // sessions, while the workers are still there.
  for (Shared::Pool* pool : {&state_->shared->slow, &state_->shared->heavy}) {
    pool->threads->join();
    pool->threads.reset();
  }
}
std::uint16_t Server::port() const { return state_->port; }

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->handler = std::move(handler);
  state->shared = std::make_unique<Shared>(options);
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--host: \"{}\" is not an IP address", options.address)};
  std::size_t threads =
      options.threads == 0 ? std::thread::hardware_concurrency() : options.threads;
  threads = std::max<std::size_t>(1, threads);
  state->port = options.port;
  for (std::size_t t = 0; t < threads; ++t) {
    auto worker = std::make_unique<Worker>(state->options, state->handler, *state->shared);
    const tcp::endpoint endpoint(address, state->port);
    worker->acceptor.open(endpoint.protocol(), error);
    if (!error) worker->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    // The first listener takes the port alone, so that two servers cannot share it by mistake.
    if (!error && t == 0) {
      tcp::acceptor probe(worker->io);
      probe.open(endpoint.protocol(), error);
      if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
      if (!error) probe.bind(endpoint, error);
      if (!error) probe.listen(1, error);
    }
    if (!error) worker->acceptor.set_option(ReusePort(true), error);
    if (!error) worker->acceptor.bind(endpoint, error);
    if (!error) worker->acceptor.listen(1024, error);
    if (error) {
      return Error{
          ErrorCode::kUnavailable,
          fmt::format("cannot listen on {}:{}: {}", options.address, state->port, error.message())};
    }
    if (state->port == 0) state->port = worker->acceptor.local_endpoint().port();
    worker->accept();
    worker->sweep_soon();
    state->workers.push_back(std::move(worker));
  }
  for (const auto& worker : state->workers)
    state->threads.emplace_back([w = worker.get()] { w->io.run(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

bool Server::stop() {
  if (state_->stopped) return true;
  state_->stopped = true;
  for (const auto& worker : state_->workers)
    asio::post(worker->io, [w = worker.get()] { w->stop(); });
  const auto deadline = Clock::now() + state_->options.drain_timeout;
  for (const auto& worker : state_->workers) {
    // The sweep keeps run() alive; it is cancelled when no session is left or time is up.
    std::atomic<bool> empty{false};
    while (!empty.load() && Clock::now() < deadline) {
      asio::post(worker->io, [&empty, w = worker.get()] {
        empty.store(std::all_of(w->sessions.begin(), w->sessions.end(),
                                [](const auto& weak) { return weak.expired(); }));
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    worker->io.stop();
  }
  for (auto& thread : state_->threads) thread.join();
  state_->threads.clear();
  state_->shared->stopping.store(true);
  state_->shared->slow.threads->stop();
  state_->shared->heavy.threads->stop();
  for (const auto& worker : state_->workers) {
    for (const auto& weak : worker->sessions) {
      if (const auto session = weak.lock()) session->give_up();
    }
  }
  const auto last = std::max(deadline, Clock::now() + std::chrono::milliseconds(200));
  while (state_->shared->running.load() > 0 && Clock::now() < last)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return state_->shared->running.load() == 0;
}

void write_error(Response& response, int status, std::string_view code, std::string_view message,
                 std::string_view parameter) {
  response.status = status;
  response.content_type = "application/json";
  response.body.assign("{\"error\":{\"code\":");
  append_json(response.body, code);
  response.body += ",\"message\":";
  append_json(response.body, message);
  if (!parameter.empty()) {
    response.body += ",\"parameter\":";
    append_json(response.body, parameter);
  }
  response.body += "}}";
}

}  // namespace sparrow::http
