// RedisConnection: one connection to one server, on hiredis. Commands go out as text that
// CommandText builds, replies come back in order; any number may be under way between.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/store/redis_uri.h"

struct redisContext;
struct redisReply;

namespace sparrow::store {

// Commands in Redis's protocol, one behind the other.
class CommandText {
 public:
  void command(std::size_t arguments);
  void argument(std::string_view bytes);
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

// A look at a reply or a part of one; lives no longer than the reply.
class RedisValue {
 public:
  explicit RedisValue(const redisReply* raw) : raw_(raw) {}
  bool is_nil() const;
  bool is_error() const;
  bool is_array() const;
  std::string_view text() const;  // of a string, status or error; else empty
  std::int64_t integer() const;
  std::size_t size() const;
  RedisValue operator[](std::size_t i) const;

 private:
  const redisReply* raw_;
};

class RedisReply {
 public:
  explicit RedisReply(redisReply* raw) : raw_(raw) {}
  RedisValue value() const { return RedisValue(raw_.get()); }

 private:
  struct Free {
    void operator()(redisReply* raw) const;
  };
  std::unique_ptr<redisReply, Free> raw_;
};

// The Error that stands for an error reply of the server: OOM and MISCONF are kExhausted, refused
// passwords kInvalidInput, else kUnavailable.
Error error_of_reply(std::string_view where, std::string_view text);

// Not safe for use by several threads. After a failed send() or receive() it is of no more use.
class RedisConnection {
 public:
  // Connects, authenticates and selects the database within the options' time-outs.
  // Errors: kUnavailable when nobody answers, kInvalidInput when the password is refused.
  static Result<std::unique_ptr<RedisConnection>> open(const RedisEndpoint& endpoint,
                                                       const RedisOptions& options);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  Result<void> send(std::string_view commands);
  Result<RedisReply> receive();
  // A reply that is there already or comes within `wait`; nullopt when none does.
  Result<std::optional<RedisReply>> receive_within(std::chrono::milliseconds wait);
  // One command and its reply; an error reply is an Error.
  Result<RedisReply> ask(std::span<const std::string_view> arguments);

  const RedisEndpoint& endpoint() const { return endpoint_; }

 private:
  RedisConnection(redisContext* context, RedisEndpoint endpoint, std::chrono::milliseconds timeout)
      : context_(context), endpoint_(std::move(endpoint)), timeout_(timeout) {}
  Error lost() const;

  redisContext* context_;
  RedisEndpoint endpoint_;
  std::chrono::milliseconds timeout_;
};

}  // namespace sparrow::store
