// work() answers what is in the buffer; the sweep cuts those who send slowly.
#include "sparrow/http/session.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <malloc.h>

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

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kKeptBytes = std::size_t{256} << 10;
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
    if (error) return accept_later();
    {
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

// The connection that could not be taken still waits: asked at once, the answer would be the same
// (no file is left), and a core would do nothing else.
void Worker::accept_later() {
  pause.expires_after(std::chrono::milliseconds(100));
  pause.async_wait([this](const error_code& error) {
    if (!error && acceptor.is_open()) accept();
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
  pause.cancel();
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
    if (!header_fits()) return false;
    fields_.release();
    parser_.emplace(std::piecewise_construct, std::make_tuple(), std::make_tuple(Fields(&fields_)));
    parser_->header_limit(worker_.options.max_header_bytes);
    parser_->body_limit(worker_.options.max_body_bytes);
    if (!parse_header()) return false;
  }
  if (!parse_body()) return false;
  if (parser_->is_done()) return true;
  if (!continued_ && headers_.expectations > 0) {
    continued_ = true;
    error_code ignored;  // a client that does not hear it sends the body all the same, later
    asio::write(socket_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), ignored);
  }
  wait_for_bytes();
  return false;
}

// Whether a whole header that may be read is in the buffer.
bool Session::header_fits() {
  const auto data = buffer_.data();
  std::string_view bytes(static_cast<const char*>(data.data()), data.size());
  while (bytes.starts_with("\r\n")) {  // some clients send an empty line after a body
    buffer_.consume(2);
    bytes.remove_prefix(2);
  }
  const std::size_t end = header_end(bytes);
  const std::size_t size = std::min(end, bytes.size());
  if (size > worker_.options.max_header_bytes) {
    const std::size_t line = bytes.find("\r\n");
    refuse(line == std::string_view::npos || line > worker_.options.max_target_bytes ? 414 : 431);
    return false;
  }
  if (end == std::string_view::npos) {
    wait_for_bytes();
    return false;
  }
  if (is_folded(bytes.substr(0, end))) {
    refuse(400);
    return false;
  }
  return true;
}

// The header alone, so that trailers cannot add to it.
bool Session::parse_header() {
  error_code error;
  buffer_.consume(parser_->put(buffer_.data(), error));
  if (!error && parser_->is_header_done()) {
    headers_ = read_headers(parser_->get());
    parser_->eager(true);
    int wrong = status_of_headers(headers_, parser_->get().version());
    if (wrong == 0 && expects_too_much()) wrong = 417;
    if (wrong != 0) refuse(wrong);
    return wrong == 0;
  }
  const int status = error ? status_of(error, parser_->get().target().empty()) : 400;
  if (status == 0)
    finish();
  else
    refuse(status);
  return false;
}

bool Session::expects_too_much() {
  if (parser_->get().version() < 11) headers_.expectations = 0;  // RFC 9110, 10.1.1
  return headers_.expectations > 0 &&
         (headers_.expectations > 1 || !same_word(headers_.expectation, "100-continue"));
}

// What of the body is in the buffer. False: it is no body, and that is answered.
bool Session::parse_body() {
  while (!parser_->is_done() && buffer_.size() > 0) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more || (!error && used == 0)) break;
    if (!error) continue;
    const int status = status_of(error, false);
    if (status == 0)
      finish();
    else
      refuse(status);
    return false;
  }
  return true;
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
              : status == 417 ? "\"100-continue\" is the only expectation here"
                              : "this is not a request that HTTP/1.1 allows");
  if (worker_.handler.refused) worker_.handler.refused(status, client_);
  return send(parser_ && parser_->get().method() == http::verb::head);
}

// True when the answer is sent and the next request may be read; otherwise that is under way.
bool Session::answer() {
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive() && !worker_.stopping;
  old_version_ = message.version() == 10;
  const std::string_view target = origin_form(view(message.target()));
  Request request;
  request.if_none_match = headers_.if_none_match;
  request.accept_encoding = headers_.accept_encoding;
  request.origin = headers_.origin;
  request.authorization = headers_.authorization;
  request.traceparent = headers_.traceparent;
  request.cookie = headers_.cookie;
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
  request.host = headers_.host;
  request.content_type = headers_.content_type;
  const Lane lane = worker_.handler.lane ? worker_.handler.lane(request) : Lane::kAtOnce;
  if (lane != Lane::kAtOnce) return run_in_pool(request, lane);
  respond(worker_.handler, request, response_);
  return send(request.method == "HEAD");
}

// The views in `request` stay valid: nothing is read until the answer is sent.
bool Session::run_in_pool(Request request, Lane lane) {
  Shared::Pool& pool = lane == Lane::kHeavy ? worker_.shared.heavy : worker_.shared.slow;
  if (pool.requests.fetch_add(1) >= pool.max) {
    --pool.requests;
    response_.headers = "Retry-After: 1\r\n";
    write_error(response_, 503, "unavailable", "too much long work is under way; try again");
    return send(request.method == "HEAD");
  }
  deadline_ = Clock::now() + kSlowTimeout;
  stop_ = std::stop_source();
  request.stop = stop_.get_token();
  watch_client();
  asio::post(*pool.threads, [self = shared_from_this(), request, &pool] {
    Shared& shared = self->worker_.shared;
    ++shared.running;  // before the look at `stopping`: stop() then sees one of the two
    if (shared.stopping.load()) self->give_up();
    if (!request.stop.stop_requested())
      respond(self->worker_.handler, request, self->response_);
    else
      write_error(self->response_, 503, "unavailable", "given up before it began");
    --pool.requests;
    if (&pool == &shared.heavy) ::malloc_trim(0);  // what long work took goes back to the system
    asio::post(self->worker_.io, [self, head_only = request.method == "HEAD"] {
      if (self->send(head_only)) self->work();
    });
    --shared.running;
  });
  return false;
}

// While a pool works for this client: has it gone? What it sends meanwhile (the next request) stays
// in the socket, and ends the watch.
void Session::watch_client() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    char byte = 0;
    error_code nothing;
    const bool open = !error && (self->socket_.receive(asio::buffer(&byte, 1),
                                                       tcp::socket::message_peek, nothing) > 0 ||
                                 nothing == asio::error::would_block);
    if (!open) self->give_up();
  });
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
  // The memory of one long answer is not kept for as long as its connection lives.
  if (response_.body.capacity() > kKeptBytes) std::string().swap(response_.body);
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
