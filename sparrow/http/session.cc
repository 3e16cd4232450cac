// work() answers what is in the buffer; the sweep cuts those who send slowly.
#include "sparrow/http/session.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "sparrow/http/json_text.h"

namespace sparrow::http {
namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string_view reason_of(int status) {
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return view(text);
}

// The answer to bytes that are no acceptable request; 0: just close.
int status_of(const error_code& error, bool no_line_end) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return no_line_end ? 414 : 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) return 400;
  return 0;
}

// What answer() and the checks need of the header, found in one pass.
struct Headers {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::string_view host;
  std::string_view length;
  std::string_view coding;
};

template <typename Message>
Headers read_headers(const Message& message, Request& request) {
  Headers found;
  const auto first = [](std::string_view& to, std::string_view value) {
    if (to.empty()) to = value;
  };
  for (const auto& field : message) {
    const std::string_view value = view(field.value());
    switch (field.name()) {
      case http::field::host:
        ++found.hosts;
        first(found.host, value);
        break;
      case http::field::content_length:
        ++found.lengths;
        first(found.length, value);
        break;
      case http::field::transfer_encoding:
        ++found.codings;
        first(found.coding, value);
        break;
      case http::field::if_none_match:
        first(request.if_none_match, value);
        break;
      case http::field::accept_encoding:
        first(request.accept_encoding, value);
        break;
      case http::field::origin:
        first(request.origin, value);
        break;
      case http::field::authorization:
        first(request.authorization, value);
        break;
      default:
        break;
    }
  }
  return found;
}

// 0, or the answer to a header that would leave it open where the request ends or whom it is for:
// what another program on the way reads otherwise is a way to slip a second request past it
// (RFC 9112, 6.3 and 11.2).
int status_of_headers(const Headers& headers, unsigned version) {
  if (version >= 11 && headers.hosts != 1) return 400;
  if (headers.host.find_first_of(" \t/?#@\\\"<>") != std::string_view::npos) return 400;
  if (headers.lengths > 1 ||
      headers.length.find_first_not_of("0123456789") != std::string_view::npos)
    return 400;
  const bool chunked =
      headers.codings == 1 &&
      boost::beast::iequals({headers.coding.data(), headers.coding.size()}, "chunked");
  return headers.codings > 0 && !chunked ? 501 : 0;
}

constexpr std::size_t kReadBytes = 4096;
constexpr std::chrono::seconds kSlowTimeout{60};

void respond(const Handler& handler, const Request& request, Response& response) {
  try {
    handler.answer(request, response);
  } catch (const std::exception&) {
    response.headers.clear();
    write_error(response, 500, "internal", "an unexpected error; it is logged with the request id");
  }
}

}  // namespace

void Worker::accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      socket.non_blocking(true, ignored);
      if (shared.connections.load() < options.max_connections) {
        const auto session = std::make_shared<Session>(std::move(socket), *this);
        sessions.push_back(session);
        session->start();
      }
    }
    accept();
  });
}

// One timer for all connections: cheaper than one each, and slow senders are cut all the same.
void Worker::sweep_soon() {
  sweep.expires_after(std::chrono::milliseconds(250));
  sweep.async_wait([this](const error_code& error) {
    if (error) return;
    const auto now = Clock::now();
    sessions.remove_if([&](const std::weak_ptr<Session>& weak) {
      const auto session = weak.lock();
      if (session == nullptr) return true;
      if (session->deadline() < now) session->cut();
      return false;
    });
    sweep_soon();
  });
}

void Worker::stop() {
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  for (const auto& weak : sessions) {
    if (const auto session = weak.lock()) session->drain();
  }
}

const std::string& Worker::http_date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second) {
    date_second = now;
    date = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return date;
}

Session::Session(tcp::socket socket, Worker& worker)
    : socket_(std::move(socket)),
      worker_(worker),
      buffer_(worker.options.max_header_bytes + worker.options.max_body_bytes + kReadBytes) {
  deadline_ = Clock::now() + worker.options.request_timeout;
  ++worker_.shared.connections;
  error_code ignored;
  client_ = socket_.remote_endpoint(ignored).address().to_string();
}

Session::~Session() { --worker_.shared.connections; }

void Session::wait_for_bytes() {
  if (buffer_.max_size() - buffer_.size() < kReadBytes) {
    refuse(413);
    return;
  }
  reading_ = true;
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                            self->reading_ = false;
                            if (error) {
                              self->finish();
                              return;
                            }
                            self->buffer_.commit(bytes);
                            self->work();
                          });
}

// Answers all requests that are in the buffer, then waits for more.
void Session::work() {
  while (parse_one()) {
    if (!answer()) return;
  }
}

// True when a whole request is there; otherwise what follows is under way.
bool Session::parse_one() {
  if (closing_ || worker_.stopping) {
    finish();
    return false;
  }
  if (!parser_) {
    fields_.release();
    parser_.emplace(std::piecewise_construct, std::make_tuple(), std::make_tuple(Fields(&fields_)));
    parser_->header_limit(worker_.options.max_header_bytes);
    parser_->body_limit(worker_.options.max_body_bytes);
    parser_->eager(true);
  }
  while (!parser_->is_done() && buffer_.size() > 0) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) break;
    if (error) {
      // Without a target the limit was met inside the request line.
      const int status = status_of(error, parser_->get().target().empty());
      if (status == 0)
        finish();
      else
        refuse(status);
      return false;
    }
    if (used == 0) break;
  }
  if (parser_->is_done()) return true;
  if (parser_->is_header_done() && !continued_ && parser_->get().count(http::field::expect) > 0) {
    continued_ = true;
    error_code ignored;  // a client that does not hear it sends the body all the same, later
    asio::write(socket_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), ignored);
  }
  wait_for_bytes();
  return false;
}

bool Session::refuse(int status) {
  keep_alive_ = false;
  response_.headers.clear();
  write_error(response_, status,
              status == 413 || status == 414 || status == 431 ? "too_large" : "invalid_input",
              status == 414   ? "the URL is too long"
              : status == 431 ? "the headers are too large"
              : status == 413 ? "the body is too large"
              : status == 501 ? "\"chunked\" is the only transfer coding here"
                              : "this is not a request that HTTP/1.1 allows");
  if (worker_.handler.refused) worker_.handler.refused(status, client_);
  return send(false);
}

// True when the answer is sent and the next request may be read; otherwise that is under way.
bool Session::answer() {
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive() && !worker_.stopping;
  old_version_ = message.version() == 10;
  const std::string_view target = view(message.target());
  Request request;
  const Headers headers = read_headers(message, request);
  if (const int status = status_of_headers(headers, message.version()); status != 0)
    return refuse(status);
  if (target.empty() || (target.front() != '/' && target != "*")) return refuse(400);
  if (target.size() > worker_.options.max_target_bytes) return refuse(414);
  request.method = view(message.method_string());
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  request.query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  request.body = message.body();
  request.client = client_;
  response_.status = 200;
  response_.content_type = "application/json";
  response_.body.clear();
  response_.headers.clear();
  if (worker_.handler.slow && worker_.handler.slow(request)) return run_slowly(request);
  respond(worker_.handler, request, response_);
  return send(request.method == "HEAD");
}

// The views in `request` stay valid: nothing is read until the answer is sent.
bool Session::run_slowly(const Request& request) {
  if (worker_.shared.slow.fetch_add(1) >= worker_.options.max_slow) {
    --worker_.shared.slow;
    response_.headers = "Retry-After: 1\r\n";
    write_error(response_, 503, "unavailable", "too much long work is under way; try again");
    return send(false);
  }
  deadline_ = Clock::now() + kSlowTimeout;
  asio::post(worker_.shared.pool, [self = shared_from_this(), request] {
    respond(self->worker_.handler, request, self->response_);
    --self->worker_.shared.slow;
    asio::post(self->worker_.io, [self, head_only = request.method == "HEAD"] {
      if (self->send(head_only)) self->work();
    });
  });
  return false;
}

void Session::write_head() {
  head_.clear();
  head_ += "HTTP/1.1 ";
  append_json(head_, static_cast<long long>(response_.status));
  head_ += ' ';
  head_ += reason_of(response_.status);
  head_ += "\r\nServer: sparrow\r\nDate: ";
  head_ += worker_.http_date();
  head_ += "\r\n";
  if (response_.status != 204 && response_.status != 304) {
    head_ += "Content-Type: ";
    head_ += response_.content_type;
    head_ += "\r\nContent-Length: ";
    append_json(head_, static_cast<long long>(response_.body.size()));
    head_ += "\r\nX-Content-Type-Options: nosniff\r\n";
  }
  head_ += response_.headers;
  if (!keep_alive_)
    head_ += "Connection: close\r\n";
  else if (old_version_)
    head_ += "Connection: keep-alive\r\n";
  head_ += "\r\n";
}

// Head and body leave in one system call, uncopied; what the socket does not take at once follows.
bool Session::send(bool head_only) {
  write_head();
  const bool bodiless = head_only || response_.status == 204 || response_.status == 304;
  const std::string_view body = bodiless ? std::string_view() : std::string_view(response_.body);
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head_),
                                                asio::buffer(body.data(), body.size())};
  error_code error;
  const std::size_t written = socket_.write_some(parts, error);
  if (!error && written == head_.size() + body.size()) return sent();
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    finish();
    return false;
  }
  deadline_ = Clock::now() + worker_.options.request_timeout;
  const std::size_t of_head = std::min(written, head_.size());
  const std::size_t of_body = written - of_head;
  const std::array<asio::const_buffer, 2> rest{
      asio::buffer(head_.data() + of_head, head_.size() - of_head),
      asio::buffer(body.data() + of_body, body.size() - of_body)};
  asio::async_write(socket_, rest, [self = shared_from_this()](const error_code& e, std::size_t) {
    if (e)
      self->finish();
    else if (self->sent())
      self->work();
  });
  return false;
}

bool Session::sent() {
  parser_.reset();
  continued_ = false;
  deadline_ = Clock::now() + worker_.options.request_timeout;
  if (keep_alive_) return true;
  finish();
  return false;
}

void Session::finish() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  // What the client still sends is thrown away until it closes or the sweep cuts it: an answer such
  // as 413 then arrives.
  buffer_.clear();
  if (worker_.stopping || !socket_.is_open()) return;
  deadline_ = Clock::now() + std::chrono::seconds(1);
  discard();
}

void Session::discard() {
  head_.resize(std::size_t{16} * 1024);
  socket_.async_read_some(asio::buffer(head_.data(), head_.size()),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            if (!error && Clock::now() < self->deadline_ && !self->worker_.stopping)
                              self->discard();
                          });
}

}  // namespace sparrow::http
