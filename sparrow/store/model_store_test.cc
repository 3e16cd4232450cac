// Encodings, features, copies, kills and full disks: the life of a model beyond the contract.
#include "sparrow/store/model_store.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparrow/core/random.h"
#include "sparrow/store/memory_store.h"
#include "sparrow/store/model_layout.h"
#include "sparrow/store/redis_processes_test.h"
#include "sparrow/store/redis_store.h"
#include "sparrow/store/sparrowrecsys_layout.h"

namespace sparrow::store {
namespace {

model::Model random_model(const std::string& version, std::uint64_t seed, std::size_t items = 300) {
  constexpr std::size_t kDim = 16;
  Random random(seed);
  model::Model model;
  model.manifest.name = "test";
  model.manifest.version = version;
  std::vector<float> vectors;
  for (std::size_t i = 0; i < items; ++i) {
    model.items.push_back(std::to_string(i + 1));
    for (std::size_t c = 0; c < kDim; ++c)
      vectors.push_back(i % 50 == 7 ? 0.0F
                                    : static_cast<float>(random.below(2001)) / 1000.0F - 1.0F);
  }
  model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {items, kDim});
  const std::vector<std::uint32_t> popularity(items * 1000, 7);
  model.tensors["big"] =
      model::Tensor::of(std::span<const std::uint32_t>(popularity), {items, 1000});
  return model;
}

Features some_features() {
  Features features;
  features.of_items = [](std::span<const std::string> ids) {
    std::vector<FeatureHash> hashes(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == "1")
        hashes[i] = {{"ratings", "215"},
                     {"mean_rating", "3.92"},
                     {"year", "1995"},
                     {"genres", "Adventure|Animation"}};
      if (ids[i] == "2") hashes[i] = {{"ratings", "110"}};
    }
    return hashes;
  };
  features.users = {"7", "u:8", "9"};
  features.user_dim = 2;
  features.of_users = [](std::size_t begin, std::size_t end) {
    const std::vector<FeatureHash> hashes{
        {{"ratings", "3"}, {"genres", "Action|Crime"}}, {{"ratings", "1"}}, {}};
    const std::vector<float> vectors{0.5F, -1.0F, 0.25F, 2.0F, 0.0F, 0.0F};
    end = std::min(end, hashes.size());
    UserFeatures made;
    for (std::size_t user = begin; user < end; ++user) {
      made.hashes.push_back(hashes[user]);
      made.vectors.insert(made.vectors.end(), {vectors[2 * user], vectors[2 * user + 1]});
    }
    return made;
  };
  return features;
}

std::unique_ptr<EmbeddingStore> opened(const std::string& uri) {
  auto store = open_store(uri, OpenMode::kReadWrite);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

class Encodings : public testing::TestWithParam<VectorEncoding> {};

TEST_P(Encodings, PublishedValuesComeBackNearAndChecked) {
  MemoryStore store;
  ModelStore models(store);
  const auto model = random_model("v1", 3);
  const auto features = some_features();
  ASSERT_TRUE(models.publish(model, {GetParam(), &features}));
  ASSERT_TRUE(models.publish(model, {GetParam(), &features}));
  const auto loaded = models.load("test", "v1");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto before = model.find("vectors")->floats();
  const auto after = loaded->find("vectors")->floats();
  const float bound = GetParam() == VectorEncoding::kFloat32   ? 0.0F
                      : GetParam() == VectorEncoding::kFloat16 ? 0x1p-11F
                                                               : 0.004F;
  for (std::size_t i = 0; i < before.size(); ++i) ASSERT_LE(std::abs(before[i] - after[i]), bound);
  const std::vector<std::string> ids{"1", "8", "nobody"};
  const auto single = models.vectors("test", "v1", ids);
  ASSERT_TRUE(single);
  EXPECT_TRUE(std::equal((*single)[0]->begin(), (*single)[0]->end(), after.begin()));
  EXPECT_EQ((*single)[1], std::nullopt);
  EXPECT_EQ(models.list("test")->front().encoding, encoding_name(GetParam()));
  EXPECT_TRUE(models.check_features("test", "v1"));
  // A flipped bit is found.
  const std::string key = "sparrow:test:v1:v:5";
  auto value = **read_one(store, key);
  value.back() = static_cast<char>(value.back() ^ 1);
  const KeyValue flipped{key, value};
  ASSERT_TRUE(store.write(std::span(&flipped, 1)));
  EXPECT_EQ(models.load("test", "v1").error().code, ErrorCode::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(All, Encodings,
                         testing::Values(VectorEncoding::kFloat32, VectorEncoding::kFloat16,
                                         VectorEncoding::kInt8),
                         [](const auto& e) { return encoding_name(e.param); });

TEST(ModelStore, Float16RefusesWhatItCannotHold) {
  MemoryStore store;
  ModelStore models(store);
  auto model = random_model("v1", 3);
  const float large = 1e6F;
  model.tensors["vectors"].bytes.own().replace(
      0, sizeof(large), reinterpret_cast<const char*>(&large), sizeof(large));
  EXPECT_EQ(models.publish(model, {VectorEncoding::kFloat16, nullptr}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_TRUE(models.names()->empty());
}

TEST(ModelStore, FeaturesComeBack) {
  MemoryStore store;
  ModelStore models(store);
  const auto features = some_features();
  ASSERT_TRUE(models.publish(random_model("v1", 1), {VectorEncoding::kFloat32, &features}));
  ASSERT_TRUE(models.publish(random_model("v2", 1)));
  const auto whole = models.check_features("test", "v1");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(models.check_features("test", "v2").error().code, ErrorCode::kNotFound);
  const std::vector<std::string> ids{"2", "3", "1"};
  const auto items = models.item_features("test", "v1", ids);
  EXPECT_EQ((*items)[0]->at("ratings"), "110");
  EXPECT_EQ((*items)[1], std::nullopt);
  EXPECT_EQ((*items)[2]->at("year"), "1995");
  const std::vector<std::string> users{"u:8", "9"};
  EXPECT_EQ((*models.user_features("test", "v1", users))[0], (FeatureHash{{"ratings", "1"}}));
  EXPECT_EQ((*models.user_features("test", "v1", users))[1], FeatureHash());
  EXPECT_EQ((*models.user_vectors("test", "v1", users))[0], (std::vector<float>{0.25F, 2.0F}));
  EXPECT_EQ((*models.user_vectors("test", "v1", users))[1], std::nullopt);
  const KeyValue damage{"sparrow:test:v1:f:1", R"({"ratings":"999"})"};
  ASSERT_TRUE(store.write(std::span(&damage, 1)));
  EXPECT_EQ(models.check_features("test", "v1").error().code, ErrorCode::kCorrupt);
  auto wrong = features;
  wrong.users.push_back("10");
  EXPECT_EQ(models.publish(random_model("v3", 1), {VectorEncoding::kFloat32, &wrong}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_EQ(models.load("test", "v3").error().code, ErrorCode::kNotFound);
}

// A store may lose keys of a version that is on its lists (Redis evicts, dumps are old).
TEST(ModelStore, PublishRepairsWhatTheStoreLost) {
  MemoryStore store;
  ModelStore models(store);
  const model::Model model = random_model("v1", 1);
  ASSERT_TRUE(models.publish(model));
  const std::vector<std::string> lost{VersionKeys("test", "v1").vector(model.items[3])};
  ASSERT_TRUE(store.remove(lost));
  EXPECT_EQ(models.load("test", "v1").error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(models.publish(model));
  const auto whole = models.load("test", "v1");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(model::content_hash(*whole), model::content_hash(model));
}

TEST(ModelStore, PrunedVersionsCannotBePromotedOrRolledBackTo) {
  MemoryStore store;
  ModelStore models(store);
  for (const auto* v : {"v1", "v2", "v3", "v4"}) {
    ASSERT_TRUE(models.publish(random_model(v, 1)));
    ASSERT_TRUE(models.promote("test", v));
  }
  EXPECT_EQ(*models.prune("test", 1), (std::vector<std::string>{"v1", "v2"}));
  EXPECT_EQ(*models.rollback("test"), "v3");
  EXPECT_FALSE(models.rollback("test"));
  EXPECT_EQ(models.promote("test", "v1").error().code, ErrorCode::kNotFound);
  // A pruner that was killed after its mark: nobody gets in, the next one ends the work.
  const KeyValue marked{"sparrow:test:promoted",
                        R"({"version":"v3","previous":[],"removing":["v4"]})"};
  ASSERT_TRUE(store.write(std::span(&marked, 1)));
  EXPECT_EQ(models.promote("test", "v4").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(models.publish(random_model("v4", 1)).error().code, ErrorCode::kConflict);
  EXPECT_EQ(*models.prune("test", 5), std::vector<std::string>{"v4"});
  EXPECT_EQ(models.list("test")->size(), 1U);
  EXPECT_TRUE(models.load("test", "v3"));
}

TEST(ModelStore, ForeignJsonUnderItsKeysIsCorruptNotACrash) {
  for (const auto* text : {"[1,2]", "{\"version\":5}", "nonsense", "\"x\"", "null"}) {
    MemoryStore store;
    ModelStore models(store);
    ASSERT_TRUE(models.publish(random_model("v1", 1)));
    for (const auto* key : {"sparrow:names", "sparrow:test:versions", "sparrow:test:promoted",
                            "sparrow:test:v1:manifest"}) {
      const KeyValue damage{key, text};
      ASSERT_TRUE(store.write(std::span(&damage, 1)));
    }
    EXPECT_FALSE(models.names());
    EXPECT_FALSE(models.list("test"));
    EXPECT_FALSE(models.promoted("test"));
    EXPECT_EQ(models.load("test", "v1").error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(models.prune("test", 0));
  }
}

TEST(ModelStore, CopiesBetweenStoresAndBack) {
  if (!redis_is_installed()) GTEST_SKIP() << kNoRedis;
  const RedisProcess server;
  const auto folder = fresh_folder("copy");
  const auto rocks = opened("rocksdb:" + folder.string());
  const auto redis = opened("redis://" + server.address() + "/0");
  ModelStore local(*rocks);
  ModelStore remote(*redis);
  const auto features = some_features();
  ASSERT_TRUE(local.publish(random_model("v1", 1, 6000), {VectorEncoding::kInt8, &features}));
  ASSERT_TRUE(remote.copy_from(local, "test", "v1"));
  ASSERT_TRUE(remote.copy_from(local, "test", "v1"));
  EXPECT_EQ(remote.load("test", "v1")->tensors, local.load("test", "v1")->tensors);
  EXPECT_TRUE(remote.check_features("test", "v1"));
  EXPECT_EQ(remote.list("test")->size(), 1U);
  MemoryStore memory;
  ModelStore back(memory);
  ASSERT_TRUE(back.copy_from(remote, "test", "v1"));
  EXPECT_EQ(back.load("test", "v1")->tensors, local.load("test", "v1")->tensors);
  EXPECT_EQ(back.copy_from(remote, "test", "v9").error().code, ErrorCode::kNotFound);
  const KeyValue damage{"sparrow:test:v1:v:5", "short"};
  ASSERT_TRUE(redis->write(std::span(&damage, 1)));
  MemoryStore other;
  EXPECT_EQ(ModelStore(other).copy_from(remote, "test", "v1").error().code, ErrorCode::kCorrupt);
  std::filesystem::remove_all(folder);
}

TEST(ModelStore, SparrowRecSysLayout) {
  if (!redis_is_installed()) GTEST_SKIP() << kNoRedis;
  const RedisProcess server;
  auto client = RedisClient::open(*parse_redis_uri("redis://" + server.address() + "/0"));
  ASSERT_TRUE(client);
  const auto model = random_model("v1", 1, 120);
  const auto features = some_features();
  const auto counts = write_sparrowrecsys(**client, model, &features, {"i2vEmb", 1000}, {});
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->vectors, 117U);
  EXPECT_EQ(counts->user_vectors, 2U);
  EXPECT_EQ(counts->item_features, 2U);
  EXPECT_EQ(server.cli("hget mf:1 movieGenre2"), "Animation\n");
  EXPECT_EQ(server.cli("hget mf:1 releaseYear"), "1995\n");
  EXPECT_EQ(server.cli("hget uf:7 userGenre1"), "Action\n");
  EXPECT_EQ(server.cli("get uEmb:7"), "0.5 -1\n");
  EXPECT_GT(std::stoi(server.cli("ttl i2vEmb:1")), 900);
  EXPECT_GT(std::stoi(server.cli("ttl uf:7")), 900);
  server.cli("set i2vEmbOld:1 '1 2'");
  server.cli("set i2vEmb 'x'");
  const auto read = read_sparrowrecsys(**client, "i2vEmb");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->ids.size(), 117U);
  EXPECT_EQ(read->ids[1], "2");
  EXPECT_EQ(read->dim, 16U);
  const auto vectors = model.find("vectors")->floats();
  EXPECT_TRUE(std::equal(read->values.begin(), read->values.begin() + 7 * 16, vectors.begin()));
  server.cli("set 'i2vEmb:x' '1 2 cat'");
  EXPECT_EQ(read_sparrowrecsys(**client, "i2vEmb").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read_sparrowrecsys(**client, "graphEmb").error().code, ErrorCode::kNotFound);
}

// Forks; the child works until it is killed or done.
template <typename Work>
pid_t start_process(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

TEST(ModelStoreKilled, PublisherToRedisLeavesAWholeVersionAndNothingElse) {
  if (!redis_is_installed()) GTEST_SKIP() << kNoRedis;
  RedisProcess server;
  const std::string uri = "redis://" + server.address() + "/0";
  Random random(3);
  for (int round = 0; round < 15; ++round) {
    const pid_t child = start_process([&] {
      auto store = open_store(uri, OpenMode::kReadWrite);
      if (!store) ::_exit(1);
      ModelStore models(**store);
      for (int v = 0;; ++v) {
        const std::string version = "r" + std::to_string(100 + round) + std::to_string(1000 + v);
        if (!models.publish(random_model(version, static_cast<std::uint64_t>(v), 2000)) ||
            !models.promote("test", version) || !models.prune("test", 2))
          ::_exit(1);
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + random.below(120)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto store = opened(uri);
    const ModelStore models(*store);
    const auto version = models.promoted("test");
    ASSERT_TRUE(version);
    if (*version) {
      const auto whole = models.load("test", **version);
      ASSERT_TRUE(whole) << whole.error().message;
    }
  }
  // Commands of the last killed one may still be in the server's buffers.
  const std::string alone = "connected_clients:1\r";
  for (int i = 0; i < 500 && server.cli("info clients").find(alone) == std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  // What the killed ones left is removed: only keys of listed versions stay.
  const auto store = opened(uri);
  ModelStore models(*store);
  ASSERT_TRUE(models.prune("test", 1, std::chrono::seconds(-1)));
  // names, versions, drafts, promoted; a version has vectors, one chunk of ids, eight of "big" and
  // its manifest.
  const std::size_t expected = 4 + models.list("test")->size() * (2000 - 40 + 1 + 8 + 1);
  EXPECT_EQ(server.cli("dbsize"), std::to_string(expected) + "\n");
}

// The file size limit stands for a full disk: RocksDB's log cannot grow.
TEST(ModelStoreFullDisk, OldVersionStaysAndTheStoreOpensAgain) {
  const auto folder = fresh_folder("full");
  const std::string uri = "rocksdb:" + folder.string();
  const pid_t child = start_process([&] {
    auto store = open_store(uri, OpenMode::kReadWrite);
    ModelStore models(**store);
    if (!models.publish(random_model("v1", 1)) || !models.promote("test", "v1")) ::_exit(1);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4 << 20, 4 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto full = models.publish(random_model("v2", 2, 5000));
    if (full) ::_exit(2);
    if (full.error().code != ErrorCode::kExhausted) ::_exit(3);
    if (models.promote("test", "v2")) ::_exit(4);
    if (!models.load("test", "v1")) ::_exit(5);
  });
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto store = opened(uri);
  ModelStore models(*store);
  EXPECT_EQ(*models.promoted("test"), "v1");
  const auto whole = models.load("test", "v1");
  EXPECT_TRUE(whole) << whole.error().message;
  EXPECT_TRUE(models.publish(random_model("v2", 2, 5000)));
  EXPECT_TRUE(models.promote("test", "v2"));
  store.reset();  // its threads still move files about
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sparrow::store
