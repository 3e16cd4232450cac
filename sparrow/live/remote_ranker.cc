#include "sparrow/live/remote_ranker.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sparrow::live {
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
    if (!std::isfinite(score)) return unavailable("answered with something that is not a number");
    scores.push_back(score);
  }
  return scores;
}

}  // namespace

Result<std::unique_ptr<RemoteRanker>> RemoteRanker::open(const RemoteRankerOptions& options) {
  auto client = http::Client::open(options.url, {options.timeout, options.max_answer_bytes});
  if (!client || !options.url.ends_with(":predict"))
    return Error{ErrorCode::kInvalidInput,
                 "--ranker: must be http://HOST:PORT/v1/models/NAME:predict"};
  return std::unique_ptr<RemoteRanker>(new RemoteRanker(options, std::move(*client)));
}

Result<std::vector<float>> RemoteRanker::score(std::span<const rank::Features> candidates,
                                               std::string_view trace) const {
  if (candidates.empty()) return std::vector<float>{};
  if (now_ms() < resume_ms_.load())
    return unavailable("failed too often and is not asked just now");
  const std::size_t count = std::min(candidates.size(), options_.max_candidates);
  std::string body = "{\"instances\":[";
  for (std::size_t i = 0; i < count; ++i) {
    const auto put = std::back_inserter(body);
    fmt::format_to(put, "{}{{\"features\":[{:.6g}", i > 0 ? "," : "", candidates[i].match / 100);
    for (std::size_t f = 1; f < rank::kFeatures.size(); ++f)
      fmt::format_to(put, ",{:.6g}", candidates[i].*(rank::kFeatures[f].value));
    body += "]}";
  }
  body += "]}";
  ++calls_;
  const auto answer = client_.post_json(body, trace);
  auto scores = answer ? read_predictions(*answer, count, options_.scale)
                       : Result<std::vector<float>>(unavailable(answer.error().message));
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
    scores->push_back(least - 1 - (candidates[count - 1].match - candidates[i].match));
  return scores;
}

}  // namespace sparrow::live
