// Files: whole reads with a size limit, atomic durable writes, read-only mapping, checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sparrow/core/result.h"

namespace sparrow {

// Reads a whole file. Errors: kNotFound, kExhausted when larger than `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::uint64_t max_bytes = std::uint64_t{1} << 33);

// Writes to a temporary file beside `path`, syncs it and renames it: readers see the old content or
// the new one. Errors: kExhausted when the disk is full, kUnavailable otherwise.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
// The same for content in pieces.
Result<void> write_file_atomically(const std::filesystem::path& path,
                                   std::span<const std::string_view> pieces);

// Appends all of `bytes` and syncs, or appends nothing: what was written of them is cut off again.
// Errors: kExhausted when the disk is full, kUnavailable otherwise.
Result<void> append_durably(const std::filesystem::path& path, std::string_view bytes);

// Renames a file that cannot be used to "NAME.unreadable", or ".unreadable-2" and so on, beside it;
// returns the new path.
Result<std::filesystem::path> set_aside(const std::filesystem::path& path);

// "PATH: cannot ACTION: reason". kNotFound, kExhausted when the disk is full, kUnavailable
// otherwise.
Error file_error(const std::filesystem::path& path, std::string_view action, int number);

// For a file whose format version is not `known`, the one that this program reads: kInvalidInput
// when a newer program wrote it, else kCorrupt.
Error format_error(const std::filesystem::path& path, long long found, long long known);

// Flushes a directory entry to disk, after a rename into it.
Result<void> sync_directory(const std::filesystem::path& directory);

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  std::string finish();  // lower-case hexadecimal; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An exclusive lock on a file, of this process until it goes or ends.
class FileLock {
 public:
  // Creates the file where it is not there. kConflict: another process has the lock; other errors
  // as of file_error().
  static Result<FileLock> take(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();
  // Replaces what is in the file, for people who wonder who has the lock.
  void note(std::string_view text) const;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// Lower-case hexadecimal SHA-256.
std::string sha256_hex(std::string_view bytes);
std::string sha256_hex(std::span<const std::string_view> pieces);  // of all, one after the other
// Its first eight bytes, as a number.
std::uint64_t sha256_prefix(std::string_view bytes);
// Of a file, which may be larger than memory.
Result<std::string> sha256_file(const std::filesystem::path& path);

// A file mapped read-only. Moves, does not copy.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  std::string_view bytes() const { return {data_, size_}; }
  // Gives the whole pages of [begin, end) back; they are read again when touched.
  void forget(std::size_t begin, std::size_t end) const;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sparrow
