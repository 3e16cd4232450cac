// ask() is the one exchange; find_address() is the part that cannot be cut short.
#include "sparrow/http/client.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace sparrow::http {
namespace {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
using Deadline = std::chrono::steady_clock::time_point;

Error not_available(std::string message) { return {ErrorCode::kUnavailable, std::move(message)}; }

// The system's look-up of a name cannot be ended: past the deadline it is left to end alone.
Endpoints find_address(const std::string& host, const std::string& port, Deadline deadline) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) return {{address, static_cast<std::uint16_t>(std::stoul(port))}};
  std::promise<Endpoints> promise;
  auto found = promise.get_future();
  std::thread([host, port, p = std::move(promise)]() mutable {
    boost::asio::io_context io;
    boost::asio::ip::tcp::resolver resolver(io);
    boost::system::error_code failed;
    Endpoints all;
    for (const auto& entry : resolver.resolve(host, port, failed)) all.push_back(entry.endpoint());
    p.set_value(std::move(all));
  }).detach();
  return found.wait_until(deadline) == std::future_status::ready ? found.get() : Endpoints{};
}

}  // namespace

Result<Client> Client::open(const std::string& url, const HttpLimits& limits) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong{ErrorCode::kInvalidInput, "is no URL http://HOST[:PORT]/PATH"};
  if (!url.starts_with(kScheme)) return wrong;
  Client client;
  client.limits_ = limits;
  std::string host = url.substr(kScheme.size());
  const auto slash = std::min(host.find('/'), host.size());
  if (slash < host.size()) client.target_ = host.substr(slash);
  host.resize(slash);
  const auto at = host.rfind('@');
  if (at != std::string::npos) host.erase(0, at + 1);
  const auto bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string::npos) return wrong;
  const auto colon = host.find(':', bracket);
  if (colon != std::string::npos) client.port_ = host.substr(colon + 1);
  client.host_ = host.substr(0, colon);
  if (bracket > 0) client.host_ = host.substr(1, bracket - 1);
  const bool digits = std::all_of(client.port_.begin(), client.port_.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || client.port_.empty() || client.port_.size() > 5 ||
      std::stoul(client.port_) > 65'535 || client.host_.empty())
    return wrong;
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == 0x7f; }))
    return wrong;
  return client;
}

std::string Client::shown_url() const {
  const bool v6 = host_.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}{}", v6 ? "[" : "", host_, v6 ? "]" : "", port_, target_);
}

Result<std::string> Client::ask(const std::string* body, std::string_view traceparent) const {
  namespace beast = boost::beast;
  namespace http = beast::http;
  const Deadline deadline = std::chrono::steady_clock::now() + limits_.timeout;
  const Endpoints addresses = find_address(host_, port_, deadline);
  if (addresses.empty()) return not_available(fmt::format("has no address ({})", host_));
  http::request<http::string_body> request(body == nullptr ? http::verb::get : http::verb::post,
                                           target_, 11);
  request.set(http::field::host, host_ + ":" + port_);
  request.set(http::field::user_agent, "sparrow");
  request.set(http::field::connection, "close");
  if (!traceparent.empty())
    request.set("traceparent", boost::beast::string_view(traceparent.data(), traceparent.size()));
  if (body != nullptr) {
    request.set(http::field::content_type, "application/json");
    request.body() = *body;
    request.prepare_payload();
  }
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(limits_.max_answer_bytes);
  boost::asio::io_context io;
  beast::tcp_stream stream(io);
  stream.expires_at(deadline);
  beast::error_code error;
  const auto step = [&](auto&& begin) {
    begin([&](const beast::error_code& code, auto&&...) { error = code; });
    io.restart();
    io.run();
    return !error;
  };
  const bool done = step([&](auto then) { stream.async_connect(addresses, then); }) &&
                    step([&](auto then) { http::async_write(stream, request, then); }) &&
                    step([&](auto then) { http::async_read(stream, buffer, parser, then); });
  if (error == beast::error::timeout)
    return not_available(fmt::format("took more than {} ms", limits_.timeout.count()));
  if (error == http::error::body_limit)
    return not_available(fmt::format("answered more than {} bytes", limits_.max_answer_bytes));
  if (!done) return not_available("cannot be asked: " + error.message());
  if (parser.get().result_int() != 200)
    return not_available(fmt::format("answered {}", parser.get().result_int()));
  return std::move(parser.get().body());
}

}  // namespace sparrow::http
