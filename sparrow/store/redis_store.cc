#include "sparrow/store/redis_store.h"

#include <fmt/format.h>

namespace sparrow::store {
namespace {

// 1: set; 2: holds what was desired already, perhaps from an attempt whose answer was lost; 0: not.
constexpr std::string_view kCompareAndSet = R"(
local now = redis.call('GET', KEYS[1])
local same
if now == false then same = ARGV[1] == '0' else same = ARGV[1] == '1' and now == ARGV[2] end
if same then
  redis.call('SET', KEYS[1], ARGV[3])
  redis.pcall('PUBLISH', ARGV[4], KEYS[1])
  return 1
end
if now == ARGV[3] then return 2 end
return 0)";

}  // namespace

Result<std::unique_ptr<EmbeddingStore>> RedisStore::open(const RedisOptions& options) {
  auto client = RedisClient::open(options);
  if (!client)
    return Error{client.error().code,
                 fmt::format("store {}: {}", options.uri(), client.error().message)};
  return std::unique_ptr<EmbeddingStore>(new RedisStore(std::move(*client)));
}

Error RedisStore::named(const Error& error) const {
  return {error.code, fmt::format("store {}: {}", uri(), error.message)};
}

Result<void> RedisStore::write(std::span<const KeyValue> pairs) {
  const auto done =
      client_->run({pairs.size(), [&](std::size_t i) { return std::string_view(pairs[i].key); },
                    [&](std::size_t i, CommandText& text) {
                      text.command(3);
                      text.argument("SET");
                      text.argument(pairs[i].key);
                      text.argument(pairs[i].value);
                    },
                    ignore_answer});
  if (!done) return named(done.error());
  return {};
}

Result<std::vector<std::optional<std::string>>> RedisStore::read(
    std::span<const std::string> keys) const {
  std::vector<std::optional<std::string>> values(keys.size());
  const auto done =
      client_->run({keys.size(), [&](std::size_t i) { return std::string_view(keys[i]); },
                    [&](std::size_t i, CommandText& text) {
                      text.command(2);
                      text.argument("GET");
                      text.argument(keys[i]);
                    },
                    [&](std::size_t i, RedisValue answer) -> Result<void> {
                      if (!answer.is_nil()) values[i].emplace(answer.text());
                      return {};
                    }});
  if (!done) return named(done.error());
  return values;
}

Result<void> RedisStore::remove(std::span<const std::string> keys) {
  const auto done =
      client_->run({keys.size(), [&](std::size_t i) { return std::string_view(keys[i]); },
                    [&](std::size_t i, CommandText& text) {
                      text.command(2);
                      text.argument("UNLINK");
                      text.argument(keys[i]);
                    },
                    ignore_answer});
  if (!done) return named(done.error());
  return {};
}

Result<void> RedisStore::compare_and_set(const std::string& key,
                                         const std::optional<std::string>& expected,
                                         const std::string& desired) {
  std::int64_t outcome = 0;
  const auto done = client_->run({1, [&](std::size_t) { return std::string_view(key); },
                                  [&](std::size_t, CommandText& text) {
                                    text.command(8);
                                    text.argument("EVAL");
                                    text.argument(kCompareAndSet);
                                    text.argument("1");
                                    text.argument(key);
                                    text.argument(expected ? "1" : "0");
                                    text.argument(expected ? *expected : "");
                                    text.argument(desired);
                                    text.argument(kChangedChannel);
                                  },
                                  [&](std::size_t, RedisValue answer) -> Result<void> {
                                    outcome = answer.integer();
                                    return {};
                                  }});
  if (!done) return named(done.error());
  if (outcome == 1 || (outcome == 2 && *done == Delivery::kPerhapsTwice)) return {};
  return Error{ErrorCode::kConflict, fmt::format("{} changed meanwhile", key)};
}

}  // namespace sparrow::store
