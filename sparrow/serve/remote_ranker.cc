#include "sparrow/serve/remote_ranker.h"

#include <cmath>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sparrow::serve {
namespace {

constexpr std::uint32_t kPatience = 5;  // failures in a row
constexpr std::int64_t kPauseMs = 5000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Error unavailable(std::string_view what) {
  return {ErrorCode::kUnavailable, fmt::format("the remote ranker {}", what)};
}

// predictions: [0.1, [0.2], ...]
Result<std::vector<float>> read_predictions(const std::string& body, std::size_t count,
                                            float scale) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("predictions") || !answer["predictions"].is_array())
    return unavailable("did not answer with \"predictions\"");
  if (answer["predictions"].size() != count)
    return unavailable(fmt::format("answered {} predictions for {} candidates",
                                   answer["predictions"].size(), count));
  std::vector<float> scores;
  scores.reserve(count);
  for (const auto& entry : answer["predictions"]) {
    const auto& value = entry.is_array() && !entry.empty() ? entry[0] : entry;
    const float score = value.is_number() ? value.get<float>() * scale : NAN;
    if (!std::isfinite(score)) return unavailable("answered with something that is no number");
    scores.push_back(score);
  }
  return scores;
}

}  // namespace

Result<std::unique_ptr<RemoteRanker>> RemoteRanker::open(const RemoteRankerOptions& options) {
  constexpr std::string_view kScheme = "http://";
  const auto slash = options.url.find('/', kScheme.size());
  if (!options.url.starts_with(kScheme) || slash == std::string::npos ||
      !options.url.ends_with(":predict"))
    return Error{ErrorCode::kInvalidInput,
                 "--ranker: must be http://HOST:PORT/v1/models/NAME:predict"};
  std::unique_ptr<RemoteRanker> ranker(new RemoteRanker(options));
  std::string host = options.url.substr(kScheme.size(), slash - kScheme.size());
  host.erase(0, host.rfind('@') == std::string::npos ? 0 : host.rfind('@') + 1);
  const auto colon = host.rfind(':');
  ranker->host_ = host.substr(0, colon);
  ranker->port_ = colon == std::string::npos ? "80" : host.substr(colon + 1);
  ranker->target_ = options.url.substr(slash);
  if (ranker->host_.empty() || ranker->port_.empty())
    return Error{ErrorCode::kInvalidInput, "--ranker: names no host"};
  return ranker;
}

std::string RemoteRanker::shown_url() const {
  return fmt::format("http://{}:{}{}", host_, port_, target_);
}

// One deadline over resolving, connecting, writing and reading.
Result<std::string> RemoteRanker::ask(const std::string& body) const {
  namespace beast = boost::beast;
  namespace http = beast::http;
  boost::asio::io_context io;
  beast::error_code error;
  boost::asio::ip::tcp::resolver resolver(io);
  const auto addresses = resolver.resolve(host_, port_, error);
  if (error) return unavailable("has no address: " + error.message());
  beast::tcp_stream stream(io);
  http::request<http::string_body> request(http::verb::post, target_, 11);
  request.set(http::field::host, host_ + ":" + port_);
  request.set(http::field::user_agent, "sparrow");
  request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(options_.max_answer_bytes);
  stream.expires_after(options_.timeout);
  const auto step = [&](auto&& begin) {
    begin([&](const beast::error_code& code, auto&&...) { error = code; });
    io.restart();
    io.run();
    return !error;
  };
  const bool done = step([&](auto then) { stream.async_connect(addresses, then); }) &&
                    step([&](auto then) { http::async_write(stream, request, then); }) &&
                    step([&](auto then) { http::async_read(stream, buffer, parser, then); });
  if (!done) {
    if (error == beast::error::timeout)
      return unavailable(fmt::format("took more than {} ms", options_.timeout.count()));
    return unavailable("cannot be asked: " + error.message());
  }
  if (parser.get().result_int() != 200)
    return unavailable(fmt::format("answered {}", parser.get().result_int()));
  return std::move(parser.get().body());
}

Result<std::vector<float>> RemoteRanker::score(std::span<const rank::Features> candidates) const {
  if (candidates.empty()) return std::vector<float>{};
  if (now_ms() < resume_ms_.load())
    return unavailable("failed too often and is not asked just now");
  const std::size_t count = std::min(candidates.size(), options_.max_candidates);
  std::string body = "{\"instances\":[";
  for (std::size_t i = 0; i < count; ++i) {
    const auto& v = candidates[i].values;
    fmt::format_to(std::back_inserter(body),
                   "{}{{\"features\":[{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}]}}",
                   i > 0 ? "," : "", v[0] / 100, v[1], v[2], v[3], v[4], v[5]);
  }
  body += "]}";
  ++calls_;
  const auto answer = ask(body);
  auto scores = answer ? read_predictions(*answer, count, options_.scale)
                       : Result<std::vector<float>>(answer.error());
  if (!scores) {
    ++failures_;
    if (++failed_in_a_row_ >= kPatience) {
      failed_in_a_row_ = 0;
      resume_ms_ = now_ms() + kPauseMs;
    }
    return scores;
  }
  failed_in_a_row_ = 0;
  // The rest follows in its own order.
  float least = *std::min_element(scores->begin(), scores->end());
  for (std::size_t i = count; i < candidates.size(); ++i)
    scores->push_back(least - 1 - (candidates[count - 1].values[0] - candidates[i].values[0]));
  return scores;
}

}  // namespace sparrow::serve
