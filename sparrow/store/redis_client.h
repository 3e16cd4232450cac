// RedisClient: pipelines of commands to one server, a sentinel's master or a cluster. Groups
// commands by node, follows MOVED and ASK, and connects again with growing pauses after a loss.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/store/redis_connection.h"
#include "sparrow/store/redis_topology.h"
#include "sparrow/store/redis_uri.h"

namespace sparrow::store {

// `count` commands of one key each. After a lost connection those without an answer are sent again,
// so each must do no harm when done twice.
struct RedisPipeline {
  std::size_t count = 0;
  std::function<std::string_view(std::size_t)> key;           // what routes command i
  std::function<void(std::size_t, CommandText&)> write;       // appends command i
  std::function<Result<void>(std::size_t, RedisValue)> take;  // gets the answer of command i
};

// A `take` for commands whose answer says nothing.
inline Result<void> ignore_answer(std::size_t /*command*/, RedisValue /*answer*/) { return {}; }

enum class Delivery { kOnce, kPerhapsTwice };

// Safe for use by several threads: each takes a connection of its own from a small pool. At most
// two batches of 512 commands or 1 MiB are under way at a time, whatever the length of a pipeline.
class RedisClient {
 public:
  // Connects, so that a wrong password or address is known at once.
  static Result<std::unique_ptr<RedisClient>> open(const RedisOptions& options);

  // Errors: kUnavailable when the connection stays lost for options.retry_for; what `take` gives;
  // what the server refuses.
  Result<Delivery> run(const RedisPipeline& pipeline);

  // Calls `found` with keys that match a glob, a few hundred at a time, by SCAN on every master. A
  // key may come twice.
  Result<void> scan(const std::string& pattern,
                    const std::function<Result<void>(std::vector<std::string>)>& found);

  const RedisOptions& options() const { return options_; }

 private:
  struct Round;

  explicit RedisClient(const RedisOptions& options) : options_(options), topology_(options) {}
  void run_round(const RedisPipeline& pipeline, Round& round);
  void run_group(const RedisPipeline& pipeline, int node, const std::vector<std::size_t>& commands,
                 Round& round);
  Result<std::size_t> exchange(const RedisPipeline& pipeline,
                               const std::vector<std::size_t>& commands,
                               RedisConnection& connection, Round& round);
  void run_asked(const RedisPipeline& pipeline, Round& round);
  void take_reply(const RedisPipeline& pipeline, std::size_t command, RedisValue value,
                  Round& round);
  Result<void> scan_node(const RedisEndpoint& node, const std::string& pattern,
                         const std::function<Result<void>(std::vector<std::string>)>& found);

  Result<std::unique_ptr<RedisConnection>> acquire(const RedisEndpoint& endpoint);
  void release(std::unique_ptr<RedisConnection> connection);
  void forget(const RedisEndpoint& endpoint);

  const RedisOptions options_;
  RedisTopology topology_;
  std::mutex mutex_;
  std::map<RedisEndpoint, std::vector<std::unique_ptr<RedisConnection>>> idle_;
};

// A text with the characters that mean something in a Redis glob escaped.
std::string escaped_glob(std::string_view text);

}  // namespace sparrow::store
