// RemoteRanker: ranks by another program that speaks the REST protocol of TensorFlow Serving and
// KServe: POST /v1/models/NAME:predict {"instances": [...]} -> {"predictions": [...]}.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "sparrow/core/result.h"
#include "sparrow/http/client.h"
#include "sparrow/rank/ranker.h"

namespace sparrow::live {

struct RemoteRankerOptions {
  std::string url;                        // http://HOST:PORT/v1/models/NAME:predict; empty: none
  std::chrono::milliseconds timeout{50};  // of connecting, asking and reading together
  std::size_t max_candidates = 200;       // the best by match are sent; the rest stay behind them
  std::size_t max_answer_bytes = std::size_t{1} << 20;
  float scale = 100;  // a prediction of 1 is this many points
};

class RemoteRanker final : public rank::Ranker {
 public:
  // Errors: kInvalidInput for a URL of another form. Connects to nothing yet.
  static Result<std::unique_ptr<RemoteRanker>> open(const RemoteRankerOptions& options);

  std::string_view name() const override { return "remote"; }
  // Each instance is {"features": [match / 100, co_watch, content, years, quality, popularity]}; a
  // prediction is a number or a list that begins with one. After five failures in a row nothing is
  // asked for five seconds. Errors: kUnavailable (also for an answer of another shape).
  Result<std::vector<float>> score(std::span<const rank::Features> candidates,
                                   std::string_view trace) const override;

  std::uint64_t calls() const { return calls_.load(); }
  std::uint64_t failures() const { return failures_.load(); }
  std::string shown_url() const { return client_.shown_url(); }  // without user and password

 private:
  RemoteRanker(RemoteRankerOptions options, http::Client client)
      : options_(std::move(options)), client_(std::move(client)) {}

  RemoteRankerOptions options_;
  http::Client client_;
  mutable std::atomic<std::uint64_t> calls_{0};
  mutable std::atomic<std::uint64_t> failures_{0};
  mutable std::atomic<std::uint32_t> failed_in_a_row_{0};
  mutable std::atomic<std::int64_t> resume_ms_{0};  // steady clock
};

}  // namespace sparrow::live
