// Client: asks another program one thing over HTTP/1.1 and waits for the answer, bounded in
// time and size. For the candidate pool and the remote ranker, whose threads may wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"

namespace sparrow::http {

struct HttpLimits {
  std::chrono::milliseconds timeout{10'000};  // of finding the address, connecting, asking, reading
  std::size_t max_answer_bytes = std::size_t{1} << 20;
};

// Immutable; safe for use by several threads.
class Client {
 public:
  // http://[USER@]HOST[:PORT][/PATH]; HOST may be a name, an IPv4 or a bracketed IPv6 address.
  // Errors: kInvalidInput for a URL of another form. Connects to nothing yet.
  static Result<Client> open(const std::string& url, const HttpLimits& limits);

  // The body of an answer 200. Errors: kUnavailable; the message continues "the ranker ...".
  Result<std::string> get() const { return ask(nullptr, {}); }
  // traceparent (trace.h) is sent as the header of that name unless it is empty.
  Result<std::string> post_json(const std::string& body, std::string_view traceparent = {}) const {
    return ask(&body, traceparent);
  }

  const std::string& target() const { return target_; }  // "/PATH"
  std::string shown_url() const;                         // without the user

 private:
  Result<std::string> ask(const std::string* body, std::string_view traceparent) const;

  HttpLimits limits_;
  std::string host_;
  std::string port_ = "80";
  std::string target_ = "/";
};

}  // namespace sparrow::http
