// One suite for every backend, and what only real ones can show: other processes, kills.
#include <filesystem>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparrow/core/random.h"
#include "sparrow/store/embedding_store.h"
#include "sparrow/store/memory_store.h"
#include "sparrow/store/model_store.h"
#include "sparrow/store/redis_processes_test.h"

namespace sparrow::store {
namespace {

namespace fs = std::filesystem;

model::Model model_of(const std::string& version, float value, std::size_t items = 40) {
  model::Model model;
  model.manifest.name = "test";
  model.manifest.version = version;
  std::vector<float> vectors;
  for (std::size_t i = 0; i < items; ++i) {
    model.items.push_back("item:" + std::to_string(i));
    for (int c = 0; c < 8; ++c) vectors.push_back(i == 3 ? 0.0F : value + static_cast<float>(i));
  }
  model.tensors["vectors"] = model::Tensor::of(std::span<const float>(vectors), {items, 8});
  const std::vector<std::uint32_t> popularity(items, 7);
  model.tensors["popularity"] =
      model::Tensor::of(std::span<const std::uint32_t>(popularity), {items});
  return model;
}

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("contract");
    const bool redis = GetParam().starts_with("redis");
    if (redis && !redis_is_installed()) GTEST_SKIP() << kNoRedis;
    if (GetParam() == "redis") server_ = std::make_unique<RedisProcess>();
    if (GetParam() == "redis_cluster") cluster_ = std::make_unique<RedisClusterProcesses>();
    uri_ = GetParam() == "memory"    ? "memory:"
           : GetParam() == "rocksdb" ? "rocksdb:" + folder_.string()
           : server_                 ? "redis://" + server_->address() + "/3"
                                     : cluster_->uri();
    auto opened = open_store(uri_, OpenMode::kReadWrite);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  fs::path folder_;
  std::string uri_;
  std::unique_ptr<RedisProcess> server_;
  std::unique_ptr<RedisClusterProcesses> cluster_;
  std::unique_ptr<EmbeddingStore> store_;
};

TEST_P(StoreContract, LongWritesAndReadsKeepTheirOrder) {
  std::vector<KeyValue> pairs;
  std::vector<std::string> keys;
  for (int i = 0; i < 5000; ++i) {
    pairs.push_back({"k{" + std::to_string(i % 700) + "}:" + std::to_string(i),
                     std::string(static_cast<std::size_t>(i % 600), static_cast<char>(i))});
    keys.push_back(pairs.back().key);
  }
  pairs.push_back({"large", std::string(3 << 20, 'x')});
  keys.emplace_back("large");
  keys.emplace_back("absent");
  ASSERT_TRUE(store_->write(pairs));
  const auto read = store_->read(keys);
  ASSERT_TRUE(read) << read.error().message;
  for (std::size_t i = 0; i < pairs.size(); ++i) ASSERT_EQ((*read)[i], pairs[i].value) << keys[i];
  EXPECT_EQ(read->back(), std::nullopt);
  EXPECT_TRUE(store_->write({}));
  EXPECT_TRUE(store_->read({})->empty());
}

TEST_P(StoreContract, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 50; ++round) {
        const std::string value = std::to_string(t) + "/" + std::to_string(round);
        const KeyValue pair{"thread" + std::to_string(t), value};
        const std::string key = pair.key;
        if (!store_->write(std::span(&pair, 1))) ++wrong;
        const auto read = store_->read(std::span(&key, 1));
        if (!read || read->front() != value) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(StoreContract, KeepsWhatIsWritten) {
  const std::string binary("\0\xff\n", 3);
  const std::vector<KeyValue> pairs{{"a", "1"}, {"b", binary}, {"a", "2"}};
  ASSERT_TRUE(store_->write(pairs));
  const std::vector<std::string> keys{"b", "missing", "a"};
  const auto read = store_->read(keys);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0], binary);
  EXPECT_EQ((*read)[1], std::nullopt);
  EXPECT_EQ((*read)[2], "2");
  ASSERT_TRUE(store_->remove(keys));
  EXPECT_EQ((*store_->read(keys))[0], std::nullopt);
}

TEST_P(StoreContract, CompareAndSetLetsOneWin) {
  EXPECT_TRUE(store_->compare_and_set("p", std::nullopt, "1"));
  EXPECT_EQ(store_->compare_and_set("p", std::nullopt, "2").error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->compare_and_set("p", "0", "2").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(store_->compare_and_set("p", "1", "2"));
  std::atomic<int> wins{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      if (store_->compare_and_set("p", "2", "t" + std::to_string(t))) ++wins;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wins.load(), 1);
}

TEST_P(StoreContract, LifeOfAModel) {
  ModelStore models(*store_);
  EXPECT_EQ(*models.promoted("test"), std::nullopt);
  EXPECT_EQ(models.promote("test", "v1").error().code, ErrorCode::kNotFound);
  for (const auto* version : {"v1", "v2", "v3", "v4"})
    ASSERT_TRUE(models.publish(model_of(version, static_cast<float>(version[1]))));
  ASSERT_TRUE(models.publish(model_of("v1", '1')));  // the same again is no error
  EXPECT_EQ(models.publish(model_of("v1", 99)).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(models.promote("test", "v1"));
  ASSERT_TRUE(models.promote("test", "v2"));
  EXPECT_EQ(*models.promoted("test"), "v2");
  const auto loaded = models.load("test", "v2");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->tensors, model_of("v2", '2').tensors);
  EXPECT_EQ(loaded->items, model_of("v2", '2').items);
  EXPECT_EQ(models.list("test")->size(), 4U);
  EXPECT_EQ(*models.names(), std::vector<std::string>{"test"});
  const std::vector<std::string> ids{"item:1", "item:3", "nobody"};
  const auto vectors = models.vectors("test", "v2", ids);
  EXPECT_EQ((*vectors)[0]->front(), static_cast<float>('2') + 1);
  EXPECT_EQ((*vectors)[1], std::nullopt);
  EXPECT_EQ((*vectors)[2], std::nullopt);
  EXPECT_EQ(*models.prune("test", 1),
            std::vector<std::string>{"v3"});  // v1 to roll back to, v2 promoted, v4 newest
  EXPECT_EQ(models.load("test", "v3").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(*models.rollback("test"), "v1");
  EXPECT_EQ(*models.promoted("test"), "v1");
  EXPECT_EQ(models.rollback("test").error().code, ErrorCode::kNotFound);
}

TEST_P(StoreContract, CorruptVersionsAreRefused) {
  ModelStore models(*store_);
  ASSERT_TRUE(models.publish(model_of("v1", 1)));
  const std::vector<KeyValue> damage{{"sparrow:test:v1:v:item:5", std::string(32, 'x')}};
  ASSERT_TRUE(store_->write(damage));
  EXPECT_EQ(models.load("test", "v1").error().code, ErrorCode::kCorrupt);
  const std::vector<KeyValue> cut{{"sparrow:test:v1:v:item:5", "abc"}};
  ASSERT_TRUE(store_->write(cut));
  EXPECT_EQ(models.load("test", "v1").error().code, ErrorCode::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(Backends, StoreContract,
                         testing::Values("memory", "rocksdb", "redis", "redis_cluster"),
                         [](const auto& backend) { return backend.param; });

TEST(Store, UnknownUriSaysWhichAreKnown) {
  const auto store = open_store("mongodb://user:secret@host", OpenMode::kReadWrite);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message.find("secret@"), std::string::npos);
  EXPECT_NE(store.error().message.find("rocksdb:"), std::string::npos);
}

// Runs `work` in a process of its own. Fork before threads: RocksDB is opened in the child only.
pid_t start_writer(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

TEST(Store, ReaderSeesThePromotionOfAnotherProcess) {
  const auto folder = fresh_folder("reader");
  const std::string uri = "rocksdb:" + folder.string();
  const auto publish = [&](const std::string& version) {
    const pid_t child = start_writer([&] {
      auto store = open_store(uri, OpenMode::kReadWrite);
      ModelStore models(**store);
      if (!models.publish(model_of(version, 1)) || !models.promote("test", version)) ::_exit(1);
    });
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  };
  ASSERT_EQ(publish("v1"), 0);
  auto reader = open_store(uri, OpenMode::kReadOnly);
  ASSERT_TRUE(reader) << reader.error().message;
  const ModelStore models(**reader);
  EXPECT_EQ(*models.promoted("test"), "v1");
  ASSERT_EQ(publish("v2"), 0);
  EXPECT_EQ(*models.promoted("test"), "v2");
  EXPECT_TRUE(models.load("test", "v2"));
  fs::remove_all(folder);
}

// RocksDB's own reader stays at what it had, without an error.
TEST(Store, ReaderSeesWhatSeveralWritersWroteBetweenTwoOfItsLooks) {
  const auto folder = fresh_folder("writers");
  const std::string uri = "rocksdb:" + folder.string();
  const std::string other = "other";
  const std::string key = "key";
  const auto write = [&](const std::string& value) {
    auto store = open_store(uri, OpenMode::kReadWrite);
    ASSERT_TRUE(store) << store.error().message;
    const std::vector<KeyValue> pairs = {{key, value}, {other, "there"}};
    ASSERT_TRUE((*store)->write(pairs));
  };
  const auto remove_other = [&] {
    auto store = open_store(uri, OpenMode::kReadWrite);
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->remove(std::span(&other, 1)));
  };
  write("0");
  auto reader = open_store(uri, OpenMode::kReadOnly);
  ASSERT_TRUE(reader) << reader.error().message;
  for (int round = 1; round <= 6; ++round) {
    for (int writer = 0; writer < round; ++writer) write(std::to_string(round));
    if (round % 2 == 0) remove_other();
    const auto found = (*reader)->read(std::vector<std::string>{key, other});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ((*found)[0], std::to_string(round));
    EXPECT_EQ((*found)[1].has_value(), round % 2 != 0);
  }
  fs::remove_all(folder);
}

TEST(Store, KilledPublisherLeavesAWholePromotedVersion) {
  const auto folder = fresh_folder("kill");
  const std::string uri = "rocksdb:" + folder.string();
  Random random(11);
  int promoted = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = start_writer([&] {
      auto store = open_store(uri, OpenMode::kReadWrite);
      if (!store) ::_exit(1);
      ModelStore models(**store);
      for (int v = 0;; ++v) {
        const std::string version =
            "r" + std::to_string(100 + round) + "-" + std::to_string(1000 + v);
        if (!models.publish(model_of(version, static_cast<float>(v), 400)) ||
            !models.promote("test", version))
          ::_exit(1);
        (void)models.prune("test", 3);
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(80)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto store = open_store(uri, OpenMode::kReadWrite);
    ASSERT_TRUE(store) << store.error().message;
    const ModelStore models(**store);
    const auto version = models.promoted("test");
    ASSERT_TRUE(version);
    if (!*version) continue;
    ++promoted;
    const auto loaded = models.load("test", **version);
    ASSERT_TRUE(loaded) << round << ": " << loaded.error().message;
  }
  EXPECT_GT(promoted, 10);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sparrow::store
