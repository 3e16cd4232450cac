// RocksDbStore: the embedded default. One process writes; others read beside it as RocksDB
// secondaries, which follow the writer's log at each read.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "sparrow/store/embedding_store.h"

namespace rocksdb {
class DB;
class FileLock;
struct Options;
}  // namespace rocksdb

namespace sparrow::store {

// Small buffers; every block checked when read.
rocksdb::Options rocksdb_options();

class RocksDbStore final : public EmbeddingStore {
 public:
  // kReadWrite creates the folder; waits up to 10 s while another process holds the store open for
  // writing.
  static Result<std::unique_ptr<EmbeddingStore>> open(const std::string& path, OpenMode mode);
  ~RocksDbStore() override;

  Result<void> write(std::span<const KeyValue> pairs) override;
  Result<std::vector<std::optional<std::string>>> read(
      std::span<const std::string> keys) const override;
  Result<void> remove(std::span<const std::string> keys) override;
  Result<void> compare_and_set(const std::string& key, const std::optional<std::string>& expected,
                               const std::string& desired) override;
  std::string uri() const override { return "rocksdb:" + path_; }

 private:
  RocksDbStore(std::string path, OpenMode mode, std::string secondary_path);

  Result<void> open_reader() const;
  // What to read from; a reader's has all that was written before.
  Result<std::shared_ptr<rocksdb::DB>> up_to_date() const;

  std::string path_;
  OpenMode mode_;
  std::string secondary_path_;  // the reader's own folder for its info log; removed at the end
  mutable std::mutex reader_mutex_;
  mutable std::shared_ptr<rocksdb::DB> db_;
  mutable std::string current_;  // what the file CURRENT said when the reader was opened
  std::mutex compare_mutex_;
};

// While it lives, no process can open the store for writing: its files stay as they are and may be
// copied (without LOCK, which must not be opened by the same process).
class RocksDbPause {
 public:
  // Waits up to 10 s for a process that writes. Error kUnavailable after that.
  static Result<RocksDbPause> take(const std::string& path);
  RocksDbPause(RocksDbPause&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
  RocksDbPause& operator=(RocksDbPause&&) = delete;
  RocksDbPause(const RocksDbPause&) = delete;
  RocksDbPause& operator=(const RocksDbPause&) = delete;
  ~RocksDbPause();

 private:
  explicit RocksDbPause(rocksdb::FileLock* lock) : lock_(lock) {}
  rocksdb::FileLock* lock_;
};

}  // namespace sparrow::store
