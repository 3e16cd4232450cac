#include "sparrow/store/rocksdb_store.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include "sparrow/core/file.h"

namespace sparrow::store {
namespace {

// RocksDB would write what it does into files beside the data, and end the process when the disk of
// those is full.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*values*/) override {}
};

Error error_of(const rocksdb::Status& status, const std::string& path) {
  const bool full = status.IsNoSpace() || status.IsMemoryLimit() ||
                    status.ToString().find("File too large") != std::string::npos;
  const ErrorCode code = status.IsCorruption() ? ErrorCode::kCorrupt
                         : full                ? ErrorCode::kExhausted
                                               : ErrorCode::kUnavailable;
  return {code, fmt::format("store rocksdb:{}: {}", path, status.ToString())};
}

constexpr std::size_t kMostCurrent = 1024;     // bytes of the file CURRENT
constexpr std::chrono::seconds kPatience{10};  // with a process that has the store open

// Calls `attempt` until it succeeds or fails for another reason than the lock.
template <typename Attempt>
rocksdb::Status with_patience(const Attempt& attempt) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const rocksdb::Status status = attempt();
    const bool locked = status.IsIOError() && status.ToString().find("lock") != std::string::npos;
    if (status.ok() || !locked || std::chrono::steady_clock::now() > deadline) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

rocksdb::Options rocksdb_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_open_files = -1;  // a secondary needs its files kept open
  options.write_buffer_size = 4 << 20;
  options.max_write_buffer_number = 2;
  options.info_log = std::make_shared<NoLog>();
  options.max_bgerror_resume_count = 0;  // a write that failed is not tried again behind our back
  options.compression = rocksdb::kNoCompression;
  options.paranoid_checks = true;
  // Blocks are read once, by large batches: what is kept is for the keys of one batch.
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(4 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

RocksDbStore::RocksDbStore(std::string path, OpenMode mode, std::string secondary_path)
    : path_(std::move(path)), mode_(mode), secondary_path_(std::move(secondary_path)) {}

RocksDbStore::~RocksDbStore() {
  db_.reset();
  std::error_code ignored;
  if (!secondary_path_.empty()) std::filesystem::remove_all(secondary_path_, ignored);
}

// Files may go while they are opened, when a writer begins or ends just then.
Result<void> RocksDbStore::open_reader() const {
  constexpr int kAttempts = 5;
  rocksdb::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto current = read_file(path_ + "/CURRENT", kMostCurrent);
    if (!current) return current.error();
    rocksdb::DB* db = nullptr;
    status = rocksdb::DB::OpenAsSecondary(rocksdb_options(), path_, secondary_path_, &db);
    if (!status.ok()) continue;
    db_.reset(db);
    current_ = *current;
    return {};
  }
  return error_of(status, path_);
}

// A secondary of RocksDB 7.8 misses what was written, and says that all is well, when between two
// of its looks one writer wrote and the next only removed: a promotion, then a pruning. Each
// opening of a writer gives the file CURRENT another text.
Result<std::shared_ptr<rocksdb::DB>> RocksDbStore::up_to_date() const {
  const std::lock_guard lock(reader_mutex_);
  if (mode_ == OpenMode::kReadWrite) return db_;
  const auto current = read_file(path_ + "/CURRENT", kMostCurrent);
  if (!current) return current.error();
  if (*current != current_) {
    if (auto opened = open_reader(); !opened) return opened.error();
    return db_;
  }
  const auto status = db_->TryCatchUpWithPrimary();
  if (!status.ok()) return error_of(status, path_);
  return db_;
}

Result<std::unique_ptr<EmbeddingStore>> RocksDbStore::open(const std::string& path, OpenMode mode) {
  static std::atomic<unsigned> counter{0};
  std::error_code code;
  if (mode == OpenMode::kReadOnly) {
    if (!std::filesystem::exists(path, code)) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("store rocksdb:{}: is not there; `sparrow publish` makes it", path)};
    }
    const auto secondary = (std::filesystem::temp_directory_path(code) /
                            fmt::format("sparrow-reader-{}-{}", ::getpid(), counter++))
                               .string();
    std::unique_ptr<RocksDbStore> reader(new RocksDbStore(path, mode, secondary));
    if (auto opened = reader->open_reader(); !opened) return opened.error();
    return std::unique_ptr<EmbeddingStore>(std::move(reader));
  }
  std::filesystem::create_directories(path, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("store rocksdb:{}: cannot create: {}", path, code.message())};
  rocksdb::DB* db = nullptr;
  const auto status =
      with_patience([&] { return rocksdb::DB::Open(rocksdb_options(), path, &db); });
  if (!status.ok()) return error_of(status, path);
  std::unique_ptr<RocksDbStore> writer(new RocksDbStore(path, mode, ""));
  writer->db_.reset(db);
  return std::unique_ptr<EmbeddingStore>(std::move(writer));
}

Result<void> RocksDbStore::write(std::span<const KeyValue> pairs) {
  rocksdb::WriteBatch batch;
  for (const KeyValue& pair : pairs) batch.Put(pair.key, pair.value);
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return error_of(status, path_);
  return {};
}

Result<std::vector<std::optional<std::string>>> RocksDbStore::read(
    std::span<const std::string> keys) const {
  const auto db = up_to_date();
  if (!db) return db.error();
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<std::string> found;
  const auto statuses = (*db)->MultiGet(rocksdb::ReadOptions(), slices, &found);
  std::vector<std::optional<std::string>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      values[i] = std::move(found[i]);
    } else if (!statuses[i].IsNotFound()) {
      return error_of(statuses[i], path_);
    }
  }
  return values;
}

Result<void> RocksDbStore::remove(std::span<const std::string> keys) {
  rocksdb::WriteBatch batch;
  for (const auto& key : keys) batch.Delete(key);
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return error_of(status, path_);
  return {};
}

// One process has the store open for writing, so a mutex makes this atomic.
Result<void> RocksDbStore::compare_and_set(const std::string& key,
                                           const std::optional<std::string>& expected,
                                           const std::string& desired) {
  const std::lock_guard lock(compare_mutex_);
  auto now = read(std::span(&key, 1));
  if (!now) return now.error();
  if (now->front() != expected)
    return Error{ErrorCode::kConflict, fmt::format("{} changed meanwhile", key)};
  const KeyValue pair{key, desired};
  return write(std::span(&pair, 1));
}

Result<RocksDbPause> RocksDbPause::take(const std::string& path) {
  rocksdb::FileLock* lock = nullptr;
  const auto status =
      with_patience([&] { return rocksdb::Env::Default()->LockFile(path + "/LOCK", &lock); });
  if (!status.ok()) return error_of(status, path);
  return RocksDbPause(lock);
}

RocksDbPause::~RocksDbPause() {
  if (lock_ != nullptr) rocksdb::Env::Default()->UnlockFile(lock_);
}

}  // namespace sparrow::store
