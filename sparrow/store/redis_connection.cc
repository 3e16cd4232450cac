#include "sparrow/store/redis_connection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

namespace sparrow::store {
namespace {

timeval timeval_of(std::chrono::milliseconds time) {
  constexpr long kMsInSecond = 1000;
  return {static_cast<time_t>(time.count() / kMsInSecond),
          static_cast<suseconds_t>(time.count() % kMsInSecond * kMsInSecond)};
}

Error no_answer(const RedisEndpoint& endpoint, std::string_view why) {
  return {ErrorCode::kUnavailable,
          fmt::format("Redis at {}: {}; is the server running, and reachable from here?",
                      endpoint.text(), why)};
}

}  // namespace

void CommandText::command(std::size_t arguments) {
  fmt::format_to(std::back_inserter(bytes_), "*{}\r\n", arguments);
}

void CommandText::argument(std::string_view bytes) {
  std::array<char, 24> head{};
  const auto end = fmt::format_to(head.data(), "${}\r\n", bytes.size());
  bytes_.append(head.data(), end);
  bytes_.append(bytes);
  bytes_.append("\r\n");
}

bool RedisValue::is_nil() const { return raw_->type == REDIS_REPLY_NIL; }
bool RedisValue::is_error() const { return raw_->type == REDIS_REPLY_ERROR; }
bool RedisValue::is_array() const { return raw_->type == REDIS_REPLY_ARRAY; }
std::string_view RedisValue::text() const {
  return raw_->str == nullptr ? std::string_view() : std::string_view(raw_->str, raw_->len);
}
std::int64_t RedisValue::integer() const { return raw_->integer; }
std::size_t RedisValue::size() const { return is_array() ? raw_->elements : 0; }
RedisValue RedisValue::operator[](std::size_t i) const {
  SPARROW_CHECK(i < size());
  return RedisValue(raw_->element[i]);
}

void RedisReply::Free::operator()(redisReply* raw) const { freeReplyObject(raw); }

Error error_of_reply(std::string_view where, std::string_view text) {
  const auto is = [&](std::string_view start) { return text.starts_with(start); };
  if (is("OOM") || is("MISCONF")) {
    return {ErrorCode::kExhausted,
            fmt::format("Redis at {}: {} (free memory or disk there, or prune old versions)", where,
                        text)};
  }
  if (is("WRONGPASS") || is("NOAUTH") || is("ERR AUTH") || is("ERR invalid password") ||
      is("NOPERM")) {
    return {ErrorCode::kInvalidInput,
            fmt::format("Redis at {} refuses the user or password of the URI: {}", where, text)};
  }
  if (is("WRONGTYPE"))
    return {ErrorCode::kCorrupt,
            fmt::format("Redis at {}: a key holds something of another kind: {}", where, text)};
  return {ErrorCode::kUnavailable, fmt::format("Redis at {}: {}", where, text)};
}

Result<std::unique_ptr<RedisConnection>> RedisConnection::open(const RedisEndpoint& endpoint,
                                                               const RedisOptions& options) {
  const timeval connect = timeval_of(options.connect_timeout);
  redisContext* context =
      endpoint.unix_path.empty()
          ? redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, connect)
          : redisConnectUnixWithTimeout(endpoint.unix_path.c_str(), connect);
  if (context == nullptr) return Error{ErrorCode::kExhausted, "Redis: no memory to connect"};
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(context, endpoint, options.read_timeout));
  if (context->err != 0) return connection->lost();
  redisSetTimeout(context, timeval_of(options.read_timeout));
  if (endpoint.unix_path.empty()) redisEnableKeepAlive(context);
  if (!options.password.empty()) {
    std::vector<std::string_view> auth{"AUTH"};
    if (!options.user.empty()) auth.emplace_back(options.user);
    auth.emplace_back(options.password);
    if (auto answer = connection->ask(auth); !answer) return answer.error();
  }
  const std::string db = std::to_string(options.db);
  const std::array<std::string_view, 2> select{"SELECT", db};
  const std::array<std::string_view, 1> ping{"PING"};
  auto answer = options.db != 0 ? connection->ask(select) : connection->ask(ping);
  // A server that still reads its file answers LOADING; the caller's retries wait for it.
  if (!answer) return answer.error();
  return connection;
}

RedisConnection::~RedisConnection() { redisFree(context_); }

Error RedisConnection::lost() const {
  if (context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
    return no_answer(endpoint_, fmt::format("no answer within {} ms", timeout_.count()));
  return no_answer(endpoint_,
                   context_->err != 0 ? std::string_view(context_->errstr) : "connection lost");
}

Result<void> RedisConnection::send(std::string_view commands) {
  while (!commands.empty()) {
    const ssize_t sent = ::send(context_->fd, commands.data(), commands.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return no_answer(endpoint_, std::strerror(errno));
    commands.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<RedisReply> RedisConnection::receive() {
  void* raw = nullptr;
  if (redisGetReply(context_, &raw) != REDIS_OK || raw == nullptr) return lost();
  return RedisReply(static_cast<redisReply*>(raw));
}

Result<std::optional<RedisReply>> RedisConnection::receive_within(std::chrono::milliseconds wait) {
  void* raw = nullptr;
  if (redisGetReplyFromReader(context_, &raw) != REDIS_OK) return lost();
  if (raw == nullptr) {
    pollfd ready{context_->fd, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return std::optional<RedisReply>();
    if (redisBufferRead(context_) != REDIS_OK ||
        redisGetReplyFromReader(context_, &raw) != REDIS_OK)
      return lost();
  }
  if (raw == nullptr) return std::optional<RedisReply>();
  return std::optional(RedisReply(static_cast<redisReply*>(raw)));
}

Result<RedisReply> RedisConnection::ask(std::span<const std::string_view> arguments) {
  CommandText text;
  text.command(arguments.size());
  for (const auto argument : arguments) text.argument(argument);
  if (auto sent = send(text.bytes()); !sent) return sent.error();
  auto reply = receive();
  if (!reply) return reply.error();
  if (reply->value().is_error()) return error_of_reply(endpoint_.text(), reply->value().text());
  return reply;
}

}  // namespace sparrow::store
