// What only real Redis servers can show: passwords, sockets, kills, fail-over, slots on the move.
#include "sparrow/store/redis_store.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "sparrow/store/promotion_watch.h"
#include "sparrow/store/redis_processes_test.h"

namespace sparrow::store {
namespace {

using std::chrono::milliseconds;

class RedisServers : public testing::Test {
 protected:
  void SetUp() override {
    if (!redis_is_installed()) GTEST_SKIP() << kNoRedis;
  }
};

std::unique_ptr<EmbeddingStore> connected(const std::string& uri,
                                          OpenMode mode = OpenMode::kReadWrite) {
  auto store = open_store(uri, mode);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

Result<void> write_one(EmbeddingStore& store, const std::string& key, const std::string& value) {
  const KeyValue pair{key, value};
  return store.write(std::span(&pair, 1));
}

std::string value_at(const EmbeddingStore& store, const std::string& key) {
  const auto values = store.read(std::span(&key, 1));
  if (!values) return "error: " + values.error().message;
  return values->front() ? *values->front() : "absent";
}

template <typename Condition>
bool soon(const Condition& condition, milliseconds limit = milliseconds(10000)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

TEST(RedisUri, SaysWhereAndHidesPasswords) {
  const auto one = parse_redis_uri("redis://ann:p%40ss@host:7000/2?retry_ms=50");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->user, "ann");
  EXPECT_EQ(one->password, "p@ss");
  EXPECT_EQ(one->endpoints, (std::vector<RedisEndpoint>{{"host", 7000, ""}}));
  EXPECT_EQ(one->db, 2);
  EXPECT_EQ(one->retry_for, milliseconds(50));
  EXPECT_EQ(one->uri(), "redis://ann@host:7000/2");
  const auto sentinel = parse_redis_uri("redis://:secret@h1,h2:7/films/1");
  ASSERT_TRUE(sentinel);
  EXPECT_EQ(sentinel->uri(), "redis+sentinel://h1:26379,h2:7/films/1");
  EXPECT_EQ(parse_redis_uri("redis+cluster://[::1]:7,b")->uri(), "redis+cluster://[::1]:7,b:6379");
  EXPECT_EQ(parse_redis_uri("unix:/run/r@1?db=3")->uri(), "redis+unix:/run/r@1?db=3");
  EXPECT_EQ(parse_redis_uri("redis+unix://:pw@/run/r")->password, "pw");
  EXPECT_EQ(parse_redis_uri("redis://:secret@host")->uri(), "redis://host:6379/0");
  for (const auto* wrong :
       {"redis://", "redis://:secret@h:0", "redis://:secret@h:99999", "redis://:secret@h/x",
        "redis+cluster://:secret@h/1", "redis+unix:relative", "redis://:secret@h?colour=red",
        "redis://:secret@h?retry_ms=x", "redis://:secret@h1,,h2/s", "redis://:secret@[::1"}) {
    const auto parsed = parse_redis_uri(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos) << wrong;
  }
}

// Values of the cluster specification and of `CLUSTER KEYSLOT`.
TEST(RedisSlot, IsThatOfTheSpecification) {
  EXPECT_EQ(redis_slot("123456789"), 0x31C3 % kRedisSlots);
  EXPECT_EQ(redis_slot("foo"), 12182);
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("user1000"));
  EXPECT_EQ(redis_slot("foo{{bar}}zap"), redis_slot("{bar"));
  EXPECT_EQ(redis_slot("foo{bar}{zap}"), redis_slot("bar"));
  EXPECT_NE(redis_slot("foo{}{bar}"), redis_slot("bar"));
}

TEST_F(RedisServers, PasswordsAreCheckedAndNeverShown) {
  const RedisProcess server({"requirepass s3cret", "user ann on >annpass ~* &* +@all"});
  EXPECT_TRUE(connected("redis://:s3cret@" + server.address() + "/0"));
  EXPECT_TRUE(connected("redis://ann:annpass@" + server.address() + "/1"));
  EXPECT_TRUE(connected("redis+unix://:s3cret@" + server.socket()));
  for (const std::string who : {"", ":wr0ng@", "ann:wr0ng@"}) {
    const auto store = open_store("redis://" + who + server.address() + "/0", OpenMode::kReadWrite);
    ASSERT_FALSE(store) << who;
    EXPECT_EQ(store.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(store.error().message.find("wr0ng"), std::string::npos) << store.error().message;
    EXPECT_NE(store.error().message.find("password"), std::string::npos) << store.error().message;
  }
  EXPECT_EQ(connected("redis://:s3cret@" + server.address())->uri(),
            "redis://" + server.address() + "/0");
}

TEST_F(RedisServers, UnixSocket) {
  const RedisProcess server;
  const auto first = connected("unix:" + server.socket() + "?db=2");
  ASSERT_TRUE(write_one(*first, "a", "1"));
  EXPECT_EQ(value_at(*connected("redis+unix:" + server.socket() + "?db=2"), "a"), "1");
  EXPECT_EQ(value_at(*connected("redis://" + server.address() + "/2"), "a"), "1");
  EXPECT_EQ(value_at(*connected("unix:" + server.socket()), "a"), "absent");
}

TEST_F(RedisServers, NobodyThereIsSaidAtOnce) {
  std::string uri;
  {
    const RedisProcess server;
    uri = "redis://:s3cret@" + server.address() + "/0";
  }
  const auto began = std::chrono::steady_clock::now();
  const auto store = open_store(uri, OpenMode::kReadWrite);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.error().message.find("s3cret"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2000));
}

TEST_F(RedisServers, SilentServerTimesOut) {
  RedisProcess server;
  const auto store =
      connected("redis://" + server.address() + "/0?read_timeout_ms=200&retry_ms=300");
  server.cli("client pause 4000 all");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(write_one(*store, "a", "1").error().code, ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(3000));
}

TEST_F(RedisServers, KilledAndRestartedServerIsFoundAgain) {
  RedisProcess server({"appendonly yes", "appendfsync always"});
  const auto store = connected("redis://" + server.address() + "/0");
  ASSERT_TRUE(write_one(*store, "a", "1"));
  server.kill();
  auto value = std::async(std::launch::async, [&] { return value_at(*store, "a"); });
  std::this_thread::sleep_for(milliseconds(400));
  server.start();
  EXPECT_EQ(value.get(), "1");
  EXPECT_TRUE(store->compare_and_set("a", "1", "2"));
  EXPECT_EQ(value_at(*store, "a"), "2");
  server.kill();
  const auto reader_uri = "redis://" + server.address() + "/0?retry_ms=200";
  EXPECT_FALSE(open_store(reader_uri, OpenMode::kReadOnly));
  server.start();
  EXPECT_EQ(value_at(*connected(reader_uri, OpenMode::kReadOnly), "a"), "2");
}

TEST_F(RedisServers, KillUnderLoadLosesNoAnsweredWrite) {
  RedisProcess server({"appendonly yes", "appendfsync always"});
  const auto store = connected("redis://" + server.address() + "/0");
  std::atomic<bool> done{false};
  auto writer = std::async(std::launch::async, [&] {
    int batches = 0;
    while (!done) {
      std::vector<KeyValue> pairs;
      for (int i = 0; i < 2000; ++i)
        pairs.push_back({"k" + std::to_string(batches) + ":" + std::to_string(i), "v"});
      if (!store->write(pairs)) return -1;
      ++batches;
    }
    return batches;
  });
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(milliseconds(120));
    server.kill();
    server.start();
  }
  done = true;
  const int written = writer.get();
  for (int w = 0; w < written; ++w)
    ASSERT_EQ(value_at(*store, "k" + std::to_string(w) + ":1999"), "v") << w;
  EXPECT_GT(written, 3);
}

TEST_F(RedisServers, FullMemoryIsExhausted) {
  const RedisProcess server({"maxmemory 3mb", "maxmemory-policy noeviction"});
  const auto store = connected("redis://" + server.address() + "/0");
  const auto full = write_one(*store, "big", std::string(4 << 20, 'x'));
  const auto again = full ? write_one(*store, "more", "x") : full;
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kExhausted) << again.error().message;
}

TEST_F(RedisServers, SentinelFailOverIsFollowed) {
  RedisProcess master;
  RedisProcess replica(
      {"replicaof 127.0.0.1 " + std::to_string(master.port()), "repl-diskless-sync-delay 0"});
  const std::vector<std::string> watch{
      "sentinel monitor films 127.0.0.1 " + std::to_string(master.port()) + " 1",
      "sentinel down-after-milliseconds films 300", "sentinel failover-timeout films 3000"};
  const RedisProcess sentinel(watch, true);
  ASSERT_TRUE(soon([&] {
    return replica.cli("role").find("connected") != std::string::npos &&
           sentinel.cli("sentinel replicas films").find(std::to_string(replica.port())) !=
               std::string::npos;
  })) << replica.cli("role");
  // The first sentinel of the list is down.
  const auto store = connected("redis+sentinel://127.0.0.1:1," + sentinel.address() + "/films/0");
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(write_one(*store, "a", "1"));
  ASSERT_TRUE(soon([&] { return replica.cli("get a").starts_with("1"); }));
  master.kill();
  const auto after = write_one(*store, "b", "2");
  ASSERT_TRUE(after) << after.error().message << sentinel.log();
  EXPECT_EQ(value_at(*store, "a"), "1");
  EXPECT_TRUE(replica.cli("get b").starts_with("2"));
  const auto unknown =
      open_store("redis+sentinel://" + sentinel.address() + "/nothing", OpenMode::kReadOnly);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("nothing"), std::string::npos);
}

TEST_F(RedisServers, ClusterMovedAndAskAreFollowed) {
  RedisClusterProcesses cluster;
  const auto store = connected(cluster.uri());
  ASSERT_NE(store, nullptr);
  const std::string slot = std::to_string(redis_slot("{film}"));
  std::size_t from = 0;
  while (cluster.node(from).cli("cluster countkeysinslot " + slot).empty() ||
         cluster.node(from).cli("get {film}").starts_with("MOVED"))
    ++from;
  const std::size_t to = (from + 1) % 3;
  for (const auto* key : {"{film}a", "{film}b"}) ASSERT_TRUE(write_one(*store, key, "old"));
  // A slot on the move: "a" is over there already, "b" here still, "c" new.
  cluster.node(to).cli("cluster setslot " + slot + " importing " + cluster.id(from));
  cluster.node(from).cli("cluster setslot " + slot + " migrating " + cluster.id(to));
  cluster.node(from).cli("migrate 127.0.0.1 " + std::to_string(cluster.node(to).port()) +
                         " {film}a 0 1000");
  EXPECT_TRUE(cluster.node(from).cli("get {film}a").starts_with("ASK"));
  EXPECT_EQ(value_at(*store, "{film}a"), "old");
  EXPECT_EQ(value_at(*store, "{film}b"), "old");
  ASSERT_TRUE(write_one(*store, "{film}c", "new"));
  EXPECT_TRUE(store->compare_and_set("{film}a", "old", "newer"));
  cluster.node(from).cli("migrate 127.0.0.1 " + std::to_string(cluster.node(to).port()) +
                         " {film}b 0 1000");
  for (std::size_t i = 0; i < 3; ++i)
    cluster.node(i).cli("cluster setslot " + slot + " node " + cluster.id(to));
  EXPECT_TRUE(cluster.node(from).cli("get {film}a").starts_with("MOVED"));
  EXPECT_EQ(value_at(*store, "{film}a"), "newer");
  EXPECT_EQ(value_at(*store, "{film}b"), "old");
  EXPECT_EQ(value_at(*store, "{film}c"), "new");
}

TEST_F(RedisServers, ClusterNodeKilledAndRestarted) {
  RedisClusterProcesses cluster;
  const auto store = connected(cluster.uri());
  ASSERT_NE(store, nullptr);
  std::vector<KeyValue> pairs;
  for (int i = 0; i < 300; ++i) pairs.push_back({"k" + std::to_string(i), "v"});
  ASSERT_TRUE(store->write(pairs));
  cluster.node(1).kill();
  auto again = std::async(std::launch::async, [&] {
    const auto done = store->write(pairs);
    return done ? std::string() : done.error().message;
  });
  std::this_thread::sleep_for(milliseconds(500));
  cluster.node(1).start();
  EXPECT_EQ(again.get(), "");
}

TEST_F(RedisServers, ScanFindsAllAndOnlyWhatMatches) {
  RedisClusterProcesses cluster;
  const auto options = parse_redis_uri(cluster.uri());
  auto client = RedisClient::open(*options);
  ASSERT_TRUE(client);
  const auto store = connected(cluster.uri());
  std::vector<KeyValue> pairs;
  for (int i = 0; i < 2000; ++i) pairs.push_back({"a*b:" + std::to_string(i), "v"});
  pairs.push_back({"axb:1", "v"});
  ASSERT_TRUE(store->write(pairs));
  std::size_t found = 0;
  ASSERT_TRUE((*client)->scan(escaped_glob("a*b:") + "*",
                              [&](const std::vector<std::string>& keys) -> Result<void> {
                                found += keys.size();
                                return {};
                              }));
  EXPECT_EQ(found, 2000U);
}

TEST_F(RedisServers, WatchHearsPromotionsAndReconnects) {
  RedisProcess server;
  const std::string uri = "redis://" + server.address() + "/0";
  std::atomic<int> heard{0};
  const auto watch = PromotionWatch::start(uri, [&] { ++heard; });
  ASSERT_TRUE(watch);
  ASSERT_TRUE(soon([&] { return heard == 1; }));  // subscribed
  const auto store = connected(uri);
  ASSERT_TRUE(store->compare_and_set("p", std::nullopt, "1"));
  EXPECT_TRUE(soon([&] { return heard == 2; }));
  EXPECT_FALSE(store->compare_and_set("p", "wrong", "2"));
  server.kill();
  server.start();
  EXPECT_TRUE(soon([&] { return heard == 3; }));  // subscribed again
  ASSERT_TRUE(store->compare_and_set("p", std::nullopt, "3"));
  EXPECT_TRUE(soon([&] { return heard == 4; }));
  EXPECT_EQ(*PromotionWatch::start("memory:", [] {}), nullptr);
}

TEST_F(RedisServers, WatchHearsThroughTheCluster) {
  RedisClusterProcesses cluster;
  std::atomic<int> heard{0};
  const auto watch = PromotionWatch::start(cluster.uri(), [&] { ++heard; });
  ASSERT_TRUE(soon([&] { return heard == 1; }));
  const auto store = connected(cluster.uri());
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(store->compare_and_set("p" + std::to_string(i), std::nullopt, "1"));
  EXPECT_TRUE(soon([&] { return heard == 7; })) << heard;
}

}  // namespace
}  // namespace sparrow::store
