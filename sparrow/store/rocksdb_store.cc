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

RocksDbStore::RocksDbStore(std::unique_ptr<rocksdb::DB> db, std::string path, OpenMode mode,
                           std::string secondary_path)
    : db_(std::move(db)),
      path_(std::move(path)),
      mode_(mode),
      secondary_path_(std::move(secondary_path)) {}

RocksDbStore::~RocksDbStore() {
  db_.reset();
  std::error_code ignored;
  if (!secondary_path_.empty()) std::filesystem::remove_all(secondary_path_, ignored);
}

Result<std::unique_ptr<EmbeddingStore>> RocksDbStore::open(const std::string& path, OpenMode mode) {
  static std::atomic<unsigned> counter{0};
  const auto options = rocksdb_options();
  rocksdb::DB* db = nullptr;
  std::error_code code;
  if (mode == OpenMode::kReadOnly) {
    if (!std::filesystem::exists(path, code)) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("store rocksdb:{}: is not there; `sparrow publish` makes it", path)};
    }
    const auto secondary = (std::filesystem::temp_directory_path(code) /
                            fmt::format("sparrow-reader-{}-{}", ::getpid(), counter++))
                               .string();
    const auto status = rocksdb::DB::OpenAsSecondary(options, path, secondary, &db);
    if (!status.ok()) return error_of(status, path);
    return std::unique_ptr<EmbeddingStore>(
        new RocksDbStore(std::unique_ptr<rocksdb::DB>(db), path, mode, secondary));
  }
  std::filesystem::create_directories(path, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("store rocksdb:{}: cannot create: {}", path, code.message())};
  const auto status = with_patience([&] { return rocksdb::DB::Open(options, path, &db); });
  if (!status.ok()) return error_of(status, path);
  return std::unique_ptr<EmbeddingStore>(
      new RocksDbStore(std::unique_ptr<rocksdb::DB>(db), path, mode, ""));
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
  if (mode_ == OpenMode::kReadOnly) {
    const auto status = db_->TryCatchUpWithPrimary();
    if (!status.ok()) return error_of(status, path_);
  }
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<std::string> found;
  const auto statuses = db_->MultiGet(rocksdb::ReadOptions(), slices, &found);
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
