#include "sparrow/store/bare_stores.h"

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <rocksdb/db.h>

#include "sparrow/store/redis_uri.h"
#include "sparrow/store/rocksdb_store.h"

namespace sparrow::store {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Error failed(std::string_view what) {
  return {ErrorCode::kUnavailable, fmt::format("bench: {}", what)};
}

// Takes `count` answers and throws them away; false when one is an error or the connection is lost.
bool drain(redisContext* context, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    void* raw = nullptr;
    if (redisGetReply(context, &raw) != REDIS_OK) return false;
    const bool good = static_cast<redisReply*>(raw)->type != REDIS_REPLY_ERROR;
    freeReplyObject(raw);
    if (!good) return false;
  }
  return true;
}

}  // namespace

Result<BareSeconds> bare_redis(std::string_view uri, std::span<const KeyValue> pairs) {
  auto options = parse_redis_uri(uri);
  if (!options) return options.error();
  if (options->kind != RedisKind::kSingle || !options->password.empty())
    return Error{ErrorCode::kInvalidInput, "bench store needs one Redis server without a password"};
  const RedisEndpoint& to = options->endpoints.front();
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(
      to.unix_path.empty() ? redisConnect(to.host.c_str(), to.port)
                           : redisConnectUnix(to.unix_path.c_str()),
      redisFree);
  if (context == nullptr || context->err != 0) return failed("no connection to " + to.text());
  BareSeconds seconds;
  auto start = Clock::now();
  for (const KeyValue& pair : pairs) {
    std::array<const char*, 3> words{"SET", pair.key.data(), pair.value.data()};
    const std::array<std::size_t, 3> sizes{3, pair.key.size(), pair.value.size()};
    redisAppendCommandArgv(context.get(), 3, words.data(), sizes.data());
  }
  if (!drain(context.get(), pairs.size())) return failed("SET failed");
  seconds.write = seconds_since(start);
  start = Clock::now();
  for (const KeyValue& pair : pairs) {
    std::array<const char*, 2> words{"GET", pair.key.data()};
    const std::array<std::size_t, 2> sizes{3, pair.key.size()};
    redisAppendCommandArgv(context.get(), 2, words.data(), sizes.data());
  }
  if (!drain(context.get(), pairs.size())) return failed("GET failed");
  seconds.read = seconds_since(start);
  return seconds;
}

Result<BareSeconds> bare_rocksdb(const std::string& path, std::span<const KeyValue> pairs) {
  rocksdb::DB* raw = nullptr;
  if (const auto opened = rocksdb::DB::Open(rocksdb_options(), path, &raw); !opened.ok())
    return failed(opened.ToString());
  const std::unique_ptr<rocksdb::DB> db(raw);
  BareSeconds seconds;
  auto start = Clock::now();
  rocksdb::WriteBatch batch;
  for (const KeyValue& pair : pairs) batch.Put(pair.key, pair.value);
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const auto written = db->Write(options, &batch); !written.ok())
    return failed(written.ToString());
  seconds.write = seconds_since(start);
  start = Clock::now();
  std::vector<rocksdb::Slice> keys;
  for (const KeyValue& pair : pairs) keys.emplace_back(pair.key);
  std::vector<std::string> values;
  for (const auto& status : db->MultiGet(rocksdb::ReadOptions(), keys, &values)) {
    if (!status.ok()) return failed(status.ToString());
  }
  seconds.read = seconds_since(start);
  return seconds;
}

}  // namespace sparrow::store
