#include "sparrow/core/file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sparrow {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Error last_error(const std::filesystem::path& path, std::string_view action) {
  return file_error(path, action, errno);
}

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{::EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  SPARROW_CHECK(::EVP_DigestInit_ex(state_->context.get(), ::EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  SPARROW_CHECK(::EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  SPARROW_CHECK(::EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size) == 1);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Result<FileLock> FileLock::take(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return last_error(path, "open");
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return Error{ErrorCode::kConflict,
                 fmt::format("{}: another process has the lock", path.string())};
  return last_error(path, "lock");
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

void FileLock::note(std::string_view text) const {
  if (::ftruncate(fd_, 0) == 0) (void)::pwrite(fd_, text.data(), text.size(), 0);
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  if (mapped->bytes().size() > max_bytes) {
    return Error{ErrorCode::kExhausted,
                 fmt::format("{}: {} bytes, more than the limit of {}", path.string(),
                             mapped->bytes().size(), max_bytes)};
  }
  return std::string(mapped->bytes());
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  return write_file_atomically(path, std::span(&bytes, 1));
}

Result<void> write_file_atomically(const std::filesystem::path& path,
                                   std::span<const std::string_view> pieces) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path temporary =
      path.parent_path() /
      fmt::format(".{}.{}.{}.tmp", path.filename().string(), ::getpid(), counter++);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return last_error(temporary, "create");
  const bool written = std::all_of(pieces.begin(), pieces.end(),
                                   [&](std::string_view piece) { return write_all(fd, piece); });
  if (!written || ::fsync(fd) != 0) {
    const Error error = last_error(temporary, "write");
    ::close(fd);
    ::unlink(temporary.c_str());
    return error;
  }
  ::close(fd);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = last_error(path, "replace");
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_directory(path.parent_path().empty() ? "." : path.parent_path());
}

Result<void> append_durably(const std::filesystem::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    Error error = last_error(path, "open");
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kUnavailable;  // its directory
    return error;
  }
  const off_t before = ::lseek(fd, 0, SEEK_END);
  if (write_all(fd, bytes) && ::fsync(fd) == 0) {
    ::close(fd);
    return {};
  }
  Error error = last_error(path, "write");
  if (before < 0 || ::ftruncate(fd, before) != 0) error.message += "; a part of it is in the file";
  ::close(fd);
  return error;
}

Result<std::filesystem::path> set_aside(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::path aside = path.string() + ".unreadable";
  for (int i = 2; std::filesystem::exists(aside, code); ++i)
    aside = fmt::format("{}.unreadable-{}", path.string(), i);
  if (::rename(path.c_str(), aside.c_str()) != 0) return last_error(path, "set aside");
  return aside;
}

Error file_error(const std::filesystem::path& path, std::string_view action, int number) {
  const ErrorCode code = number == ENOENT                       ? ErrorCode::kNotFound
                         : number == ENOSPC || number == EDQUOT ? ErrorCode::kExhausted
                                                                : ErrorCode::kUnavailable;
  return {code, fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(number))};
}

Error format_error(const std::filesystem::path& path, long long found, long long known) {
  if (found > known)
    return {ErrorCode::kInvalidInput,
            fmt::format("{}: has format version {}, written by a newer Sparrow; this one knows "
                        "versions up to {}: use the newer one, or `sparrow restore` a backup of "
                        "before",
                        path.string(), found, known)};
  return {ErrorCode::kCorrupt, fmt::format("{}: is of another format or version", path.string())};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return last_error(directory, "open directory");
  const int status = ::fsync(fd);
  ::close(fd);
  if (status != 0) return last_error(directory, "sync directory");
  return {};
}

std::string sha256_hex(std::string_view bytes) { return sha256_hex(std::span(&bytes, 1)); }

std::string sha256_hex(std::span<const std::string_view> pieces) {
  Sha256 hash;
  for (const std::string_view piece : pieces) hash.add(piece);
  return hash.finish();
}

std::uint64_t sha256_prefix(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof(prefix); ++i) prefix = prefix << 8 | digest[i];
  return prefix;
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  constexpr std::size_t kAtOnce = std::size_t{4} << 20;
  Sha256 hash;
  for (std::size_t at = 0; at < mapped->bytes().size(); at += kAtOnce) {
    hash.add(mapped->bytes().substr(at, kAtOnce));
    mapped->forget(at, at + kAtOnce);
  }
  return hash.finish();
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return last_error(path, "open");
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    const Error error = last_error(path, "stat");
    ::close(fd);
    return error;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return Error{ErrorCode::kInvalidInput, fmt::format("{}: is not a regular file", path.string())};
  }
  MappedFile file;
  file.size_ = static_cast<std::size_t>(info.st_size);
  if (file.size_ > 0) {
    void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      const Error error = last_error(path, "map");
      ::close(fd);
      file.size_ = 0;
      return error;
    }
    file.data_ = static_cast<const char*>(data);
  }
  ::close(fd);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::forget(std::size_t begin, std::size_t end) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  begin = (begin + page - 1) / page * page;
  end = std::min(end, size_) / page * page;
  if (begin < end) ::madvise(const_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace sparrow
