#include "sparrow/store/redis_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <numeric>
#include <thread>

#include <fmt/format.h>

namespace sparrow::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kBatchCommands = 512;
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kBatchesUnderWay = 2;
constexpr std::size_t kIdlePerNode = 4;

// Pauses of 10 ms, 20 ms, ... 1 s, until `limit` has gone by since the last progress.
class Backoff {
 public:
  explicit Backoff(milliseconds limit) : limit_(limit) {}
  void progressed() {
    since_ = Clock::now();
    pause_ = kFirst;
  }
  // false: the time is up.
  bool wait() {
    if (Clock::now() + pause_ - since_ > limit_) return false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(pause_ * 2, kMost);
    return true;
  }

 private:
  static constexpr milliseconds kFirst{10};
  static constexpr milliseconds kMost{1000};
  milliseconds limit_;
  milliseconds pause_ = kFirst;
  Clock::time_point since_ = Clock::now();
};

// "MOVED 3999 127.0.0.1:6381" or "ASK ..."; the host may be empty: the node that answered.
struct Redirection {
  bool ask = false;
  std::uint16_t slot = 0;
  RedisEndpoint to;
};

std::optional<Redirection> redirection_of(std::string_view text, const std::string& answered_by) {
  Redirection found;
  found.ask = text.starts_with("ASK ");
  if (!found.ask && !text.starts_with("MOVED ")) return std::nullopt;
  text.remove_prefix(text.find(' ') + 1);
  const auto space = text.find(' ');
  const auto colon = text.rfind(':');
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space)
    return std::nullopt;
  std::from_chars(text.data(), text.data() + space, found.slot);
  found.to.host = text.substr(space + 1, colon - space - 1);
  if (found.to.host.empty()) found.to.host = answered_by;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), found.to.port);
  return found;
}

// Answers that mean: this node cannot now, another or the same one can soon.
bool passes_by_itself(std::string_view text) {
  constexpr std::array<std::string_view, 6> kStarts = {"READONLY", "LOADING",    "CLUSTERDOWN",
                                                       "TRYAGAIN", "MASTERDOWN", "NOREPLICAS"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return text.starts_with(start); });
}

}  // namespace

// What one pass over the pending commands leaves.
struct RedisClient::Round {
  std::vector<std::size_t> pending;
  std::vector<std::size_t> left;                            // to be sent again
  std::map<RedisEndpoint, std::vector<std::size_t>> asked;  // to be sent there, once, with ASKING
  RedisEndpoint now;                                        // the node being talked to
  bool redirected = false;
  bool progressed = false;
  std::optional<Error> trouble;  // pause, refresh, go on
  std::optional<Error> fatal;    // give up
};

Result<std::unique_ptr<RedisClient>> RedisClient::open(const RedisOptions& options) {
  std::unique_ptr<RedisClient> client(new RedisClient(options));
  if (auto known = client->topology_.refresh(); !known) return known.error();
  for (const auto& node : client->topology_.masters()) {
    auto connection = client->acquire(node);
    if (!connection) return connection.error();
    client->release(std::move(*connection));
  }
  return client;
}

Result<Delivery> RedisClient::run(const RedisPipeline& pipeline) {
  constexpr int kMostRedirections = 16;
  Delivery delivery = Delivery::kOnce;
  Backoff backoff(options_.retry_for);
  Round round;
  round.pending.resize(pipeline.count);
  std::iota(round.pending.begin(), round.pending.end(), std::size_t{0});
  int redirections = 0;
  while (!round.pending.empty()) {
    run_round(pipeline, round);
    if (round.fatal) return *round.fatal;
    if (round.progressed) {
      backoff.progressed();
      redirections = 0;
    }
    if (round.redirected && ++redirections > kMostRedirections && !round.trouble)
      round.trouble = {ErrorCode::kUnavailable, "Redis cluster: nodes name each other in a circle"};
    if (round.trouble && !round.left.empty()) {
      delivery = Delivery::kPerhapsTwice;
      if (!backoff.wait()) return *round.trouble;
      // Whether it worked shows at the next attempt.
      if (auto known = topology_.refresh(); !known && known.error().code != ErrorCode::kUnavailable)
        return known.error();
    }
    Round next;
    next.pending = std::move(round.left);
    round = std::move(next);
  }
  return delivery;
}

void RedisClient::run_round(const RedisPipeline& pipeline, Round& round) {
  std::map<int, std::vector<std::size_t>> groups;
  for (const std::size_t command : round.pending)
    groups[topology_.node_number(pipeline.key(command))].push_back(command);
  for (const auto& [node, commands] : groups) {
    if (node >= 0) {
      run_group(pipeline, node, commands, round);
    } else {
      round.trouble = topology_.node_of(pipeline.key(commands.front())).error();
      round.left.insert(round.left.end(), commands.begin(), commands.end());
    }
    if (round.fatal) return;
  }
  run_asked(pipeline, round);
}

void RedisClient::run_group(const RedisPipeline& pipeline, int node,
                            const std::vector<std::size_t>& commands, Round& round) {
  round.now = topology_.node(node);
  auto connection = acquire(round.now);
  std::size_t answered = 0;
  std::optional<Error> lost;
  if (!connection) {
    lost = connection.error();
  } else {
    const auto done = exchange(pipeline, commands, **connection, round);
    if (round.fatal) return;  // answers are still under way: the connection is of no more use
    if (done && *done == commands.size()) {
      release(std::move(*connection));
      return;
    }
    answered = done ? *done : 0;
    lost = Error{ErrorCode::kUnavailable,
                 fmt::format("Redis at {}: the connection is lost", round.now.text())};
  }
  if (lost->code != ErrorCode::kUnavailable) {
    round.fatal = lost;
    return;
  }
  forget(round.now);
  round.trouble = lost;
  round.left.insert(round.left.end(), commands.begin() + static_cast<std::ptrdiff_t>(answered),
                    commands.end());
}

// Sends all, takes the answers; returns how many were answered, fewer than all when the connection
// was lost.
Result<std::size_t> RedisClient::exchange(const RedisPipeline& pipeline,
                                          const std::vector<std::size_t>& commands,
                                          RedisConnection& connection, Round& round) {
  CommandText text;
  std::deque<std::size_t> ends;  // of the batches under way
  std::size_t sent = 0;
  std::size_t answered = 0;
  while (answered < commands.size()) {
    while (sent < commands.size() && ends.size() < kBatchesUnderWay) {
      text.clear();
      const std::size_t end = std::min(sent + kBatchCommands, commands.size());
      while (sent < end && text.bytes().size() < kBatchBytes)
        pipeline.write(commands[sent++], text);
      if (!connection.send(text.bytes())) return answered;
      ends.push_back(sent);
    }
    for (; answered < ends.front(); ++answered) {
      auto reply = connection.receive();
      if (!reply) return answered;
      take_reply(pipeline, commands[answered], reply->value(), round);
      if (round.fatal) return answered;
    }
    ends.pop_front();
  }
  return answered;
}

void RedisClient::take_reply(const RedisPipeline& pipeline, std::size_t command, RedisValue value,
                             Round& round) {
  if (!value.is_error()) {
    round.progressed = true;
    if (auto taken = pipeline.take(command, value); !taken) round.fatal = taken.error();
    return;
  }
  if (const auto redirection = redirection_of(value.text(), round.now.host)) {
    if (redirection->ask) {
      round.asked[redirection->to].push_back(command);
      return;
    }
    topology_.moved(redirection->slot, redirection->to);
    round.redirected = true;
    round.left.push_back(command);
  } else if (passes_by_itself(value.text())) {
    round.trouble = error_of_reply(round.now.text(), value.text());
    round.left.push_back(command);
  } else {
    round.fatal = error_of_reply(round.now.text(), value.text());
  }
}

// Slots that are being moved: rare, so one command at a time.
void RedisClient::run_asked(const RedisPipeline& pipeline, Round& round) {
  const auto asked = std::move(round.asked);
  round.asked.clear();
  for (const auto& [endpoint, commands] : asked) {
    round.now = endpoint;
    auto connection = acquire(endpoint);
    for (const std::size_t command : commands) {
      CommandText text;
      text.command(1);
      text.argument("ASKING");
      pipeline.write(command, text);
      if (!connection || !(*connection)->send(text.bytes()) || !(*connection)->receive()) {
        round.trouble = connection ? Error{ErrorCode::kUnavailable, "the connection is lost"}
                                   : connection.error();
        round.left.push_back(command);
        continue;
      }
      auto reply = (*connection)->receive();
      if (reply) {
        take_reply(pipeline, command, reply->value(), round);
      } else {
        round.trouble = reply.error();
        round.left.push_back(command);
      }
    }
    for (const auto& [to, again] : round.asked) {
      round.trouble = Error{ErrorCode::kUnavailable,
                            fmt::format("a slot is under way to {} and further", to.text())};
      round.left.insert(round.left.end(), again.begin(), again.end());
    }
    round.asked.clear();
    if (connection && !round.trouble) release(std::move(*connection));
  }
}

Result<void> RedisClient::scan(const std::string& pattern,
                               const std::function<Result<void>(std::vector<std::string>)>& found) {
  if (auto known = topology_.refresh(); !known) return known;
  for (const auto& node : topology_.masters()) {
    if (auto done = scan_node(node, pattern, found); !done) return done;
  }
  return {};
}

Result<void> RedisClient::scan_node(
    const RedisEndpoint& node, const std::string& pattern,
    const std::function<Result<void>(std::vector<std::string>)>& found) {
  auto connection = acquire(node);
  if (!connection) return connection.error();
  std::string cursor = "0";
  do {
    const std::array<std::string_view, 6> command{"SCAN", cursor, "MATCH", pattern, "COUNT", "500"};
    auto reply = (*connection)->ask(command);
    if (!reply) return reply.error();
    if (reply->value().size() != 2)
      return error_of_reply(node.text(), "SCAN gave no cursor and keys");
    cursor = reply->value()[0].text();
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < reply->value()[1].size(); ++i)
      keys.emplace_back(reply->value()[1][i].text());
    if (keys.empty()) continue;
    if (auto taken = found(std::move(keys)); !taken) return taken;
  } while (cursor != "0");
  release(std::move(*connection));
  return {};
}

Result<std::unique_ptr<RedisConnection>> RedisClient::acquire(const RedisEndpoint& endpoint) {
  {
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[endpoint];
    if (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
  }
  return RedisConnection::open(endpoint, options_);
}

void RedisClient::release(std::unique_ptr<RedisConnection> connection) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[connection->endpoint()];
  if (idle.size() < kIdlePerNode) idle.push_back(std::move(connection));
}

void RedisClient::forget(const RedisEndpoint& endpoint) {
  const std::lock_guard lock(mutex_);
  idle_[endpoint].clear();
}

std::string escaped_glob(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("*?[]^\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace sparrow::store
