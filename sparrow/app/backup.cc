// BackupWriter collects and writes; BackupReader unpacks and compares. libarchive does the format.
#include "sparrow/app/backup.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sparrow/app/build_info.h"
#include "sparrow/app/database_copy.h"
#include "sparrow/app/home_care.h"
#include "sparrow/store/rocksdb_store.h"

namespace sparrow::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kList = ".sparrow-backup.json";
constexpr int kBackupFormat = 1;
constexpr std::size_t kPiece = std::size_t{1} << 20;

struct FreeArchive {
  void operator()(archive* one) const { ::archive_free(one); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;
struct FreeEntry {
  void operator()(archive_entry* one) const { ::archive_entry_free(one); }
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Locks, logs of RocksDB, temporary files and downloads are not the home's content; what stands
// beside a database is in the database's copy.
bool belongs(const fs::path& relative) {
  const std::string name = relative.filename().string();
  const std::string first = relative.begin()->string();
  if (is_beside_database(relative)) return false;
  if (first == "store" && (name == "LOCK" || name.starts_with("LOG"))) return false;
  for (const fs::path& part : relative) {
    const auto extension = part.extension();
    if (extension == ".tmp" || extension == ".old") return false;
  }
  return first != "downloads" && relative != "serve.lock" && relative != kList;
}

std::vector<fs::path> files_of(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code code;
  const auto options = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator at(root, options, code), end; at != end;
       at.increment(code)) {
    if (code) break;
    const fs::path relative = at->path().lexically_relative(root);
    if (at->is_directory(code)) {
      if (!belongs(relative)) at.disable_recursion_pending();
    } else if (at->is_regular_file(code) && belongs(relative)) {
      found.push_back(relative);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Bytes of a journal up to the end of its last whole line: an entry may be on its way.
Result<std::uint64_t> whole_lines(int fd, std::uint64_t size, const fs::path& path) {
  std::string piece;
  while (size > 0) {
    const std::uint64_t begin = size - std::min<std::uint64_t>(size, kPiece);
    piece.resize(size - begin);
    if (::pread(fd, piece.data(), piece.size(), static_cast<off_t>(begin)) !=
        static_cast<ssize_t>(piece.size()))
      return file_error(path, "read", errno);
    const auto newline = piece.rfind('\n');
    if (newline != std::string::npos) return begin + newline + 1;
    size = begin;
  }
  return size;
}

class BackupWriter {
 public:
  // `copy`: where the copy of a database may lie meanwhile.
  BackupWriter(const fs::path& root, fs::path copy, int fd)
      : root_(root), copy_(std::move(copy)), archive_(::archive_write_new()) {
    ::archive_write_add_filter_zstd(archive_.get());
    ::archive_write_set_format_pax_restricted(archive_.get());
    ::archive_write_open_fd(archive_.get(), fd);
  }

  Result<void> add_all(Backup& backup) {
    for (const fs::path& relative : files_of(root_)) {
      if (interrupted.load()) return Error{ErrorCode::kUnavailable, "interrupted"};
      auto added = add(relative);
      if (!added) return added.error();
      backup.bytes += added->bytes;
      backup.files.push_back(std::move(*added));
    }
    const std::string list = list_of(backup).dump() + "\n";
    if (auto begun = begin(kList, list.size(), 0644); !begun) return begun;
    if (auto put_list = put(list); !put_list) return put_list;
    if (::archive_write_close(archive_.get()) != ARCHIVE_OK) return failed();
    return {};
  }

 private:
  Error failed() const {
    const int number = ::archive_errno(archive_.get());
    const char* said = ::archive_error_string(archive_.get());
    const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    return {full ? ErrorCode::kExhausted : ErrorCode::kUnavailable,
            fmt::format("cannot write the backup: {}", said != nullptr ? said : "unknown reason")};
  }

  Result<void> begin(const std::string& path, std::uint64_t bytes, unsigned mode) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(::archive_entry_new());
    ::archive_entry_set_pathname(entry.get(), path.c_str());
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), mode);
    if (::archive_write_header(archive_.get(), entry.get()) != ARCHIVE_OK) return failed();
    return {};
  }

  Result<void> put(std::string_view bytes) {
    if (::archive_write_data(archive_.get(), bytes.data(), bytes.size()) !=
        static_cast<la_ssize_t>(bytes.size()))
      return failed();
    return {};
  }

  Result<BackupFile> add(const fs::path& relative) {
    const fs::path path = root_ / relative;
    if (!is_database(relative)) return add_bytes(relative, path);
    if (auto copied = copy_database(path, copy_); !copied) return copied.error();
    std::error_code code;
    fs::permissions(copy_, fs::status(path, code).permissions(), code);
    auto added = add_bytes(relative, copy_);
    fs::remove(copy_, code);
    return added;
  }

  // The file `path` under the name `relative`.
  Result<BackupFile> add_bytes(const fs::path& relative, const fs::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return file_error(path, "open", errno);
    auto size = static_cast<std::uint64_t>(info.st_size);
    if (relative.extension() == ".jsonl") {
      auto whole = whole_lines(file.get(), size, path);
      if (!whole) return whole.error();
      size = *whole;
    }
    if (auto begun = begin(relative.string(), size, info.st_mode & 0777U); !begun)
      return begun.error();
    Sha256 hash;
    std::string piece(kPiece, '\0');
    for (std::uint64_t left = size; left > 0;) {
      const ssize_t got = ::read(file.get(), piece.data(), std::min<std::uint64_t>(left, kPiece));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file_error(path, "read", errno);
      if (got == 0)
        return Error{ErrorCode::kConflict, fmt::format("{}: became shorter", path.string())};
      const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
      hash.add(bytes);
      if (auto done = put(bytes); !done) return done.error();
      left -= bytes.size();
    }
    return BackupFile{relative.string(), size, hash.finish()};
  }

  static json list_of(Backup& backup) {
    backup.written_by = build_info().version;
    backup.created = fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}",
        fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
    backup.home_format = kHomeFormat;
    json files = json::array();
    for (const BackupFile& file : backup.files)
      files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    return {{"format", "sparrow-backup"},        {"version", kBackupFormat},
            {"written_by", backup.written_by},   {"created", backup.created},
            {"home_format", backup.home_format}, {"files", files}};
  }

  fs::path root_;
  fs::path copy_;
  Archive archive_;
};

// Goes through a backup; with a folder it also unpacks into it.
class BackupReader {
 public:
  BackupReader(fs::path file, fs::path folder)
      : file_(std::move(file)), folder_(std::move(folder)) {}

  Result<Backup> read_all() {
    const Archive archive(::archive_read_new());
    archive_ = archive.get();
    ::archive_read_support_filter_zstd(archive_);
    ::archive_read_support_format_tar(archive_);
    if (::archive_read_open_filename(archive_, file_.c_str(), kPiece) != ARCHIVE_OK)
      return fs::exists(file_) ? broken(reason())
                               : Error{ErrorCode::kNotFound, file_.string() + ": is not there"};
    archive_entry* entry = nullptr;
    int status = ARCHIVE_OK;
    while ((status = ::archive_read_next_header(archive_, &entry)) == ARCHIVE_OK) {
      if (auto one = read_entry(*entry); !one) return one.error();
    }
    if (status != ARCHIVE_EOF) return broken(reason());
    if (list_.empty()) return broken("has no list of its files: it is not a backup, or cut short");
    return compare();
  }

 private:
  std::string reason() const {
    const char* said = ::archive_error_string(archive_);
    return said != nullptr ? said : "cannot be read";
  }
  Error broken(const std::string& what) const {
    return {ErrorCode::kCorrupt, fmt::format("{}: {}", file_.string(), what)};
  }

  Result<void> read_entry(archive_entry& entry) {
    const char* name = ::archive_entry_pathname(&entry);
    const fs::path relative = name == nullptr ? "" : name;
    const bool inside = !relative.empty() && relative.is_relative() &&
                        std::none_of(relative.begin(), relative.end(),
                                     [](const fs::path& part) { return part == ".."; });
    if (!inside || ::archive_entry_filetype(&entry) != AE_IFREG || ::archive_entry_hardlink(&entry))
      return broken(fmt::format("holds \"{}\", which no backup does", relative.string()));
    if (relative == kList) return read_list();
    int fd = -1;
    if (!folder_.empty()) {
      std::error_code code;
      fs::create_directories((folder_ / relative).parent_path(), code);
      fd = ::open((folder_ / relative).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  ::archive_entry_perm(&entry) & 0777U);
      if (fd < 0) return file_error(folder_ / relative, "create", errno);
    }
    const Descriptor out(fd);
    return unpack(relative, fd);
  }

  Result<void> unpack(const fs::path& relative, int fd) {
    Sha256 hash;
    BackupFile found{relative.string(), 0, ""};
    std::string piece(kPiece, '\0');
    while (true) {
      const la_ssize_t got = ::archive_read_data(archive_, piece.data(), piece.size());
      if (got < 0) return broken(reason());
      if (got == 0) break;
      std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
      hash.add(bytes);
      found.bytes += bytes.size();
      while (fd >= 0 && !bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0) return file_error(folder_ / relative, "write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
      }
    }
    if (fd >= 0 && ::fsync(fd) != 0) return file_error(folder_ / relative, "write", errno);
    found.sha256 = hash.finish();
    if (!found_.emplace(found.path, found).second)
      return broken(fmt::format("holds \"{}\" twice", found.path));
    return {};
  }

  Result<void> read_list() {
    constexpr std::size_t kLongest = std::size_t{256} << 20;
    std::string piece(kPiece, '\0');
    la_ssize_t got = 0;
    while ((got = ::archive_read_data(archive_, piece.data(), piece.size())) > 0) {
      list_.append(piece, 0, static_cast<std::size_t>(got));
      if (list_.size() > kLongest) return broken("its list of files is too long");
    }
    if (got < 0) return broken(reason());
    return {};
  }

  Result<Backup> compare() const {
    const json list = json::parse(list_, nullptr, false);
    try {
      if (list.at("format") != "sparrow-backup") return broken("is not a backup of Sparrow");
      Backup backup;
      backup.written_by = list.at("written_by").get<std::string>();
      backup.created = list.at("created").get<std::string>();
      backup.home_format = list.at("home_format").get<int>();
      if (list.at("version").get<int>() > kBackupFormat || backup.home_format > kHomeFormat)
        return Error{ErrorCode::kInvalidInput,
                     fmt::format("{}: is of Sparrow {}, which has newer formats than this one, {}: "
                                 "restore it with that Sparrow",
                                 file_.string(), backup.written_by, build_info().version)};
      for (const json& entry : list.at("files")) {
        BackupFile file{entry.at("path").get<std::string>(), entry.at("bytes").get<std::uint64_t>(),
                        entry.at("sha256").get<std::string>()};
        const auto found = found_.find(file.path);
        if (found == found_.end()) return broken(fmt::format("lacks {}", file.path));
        if (found->second.sha256 != file.sha256 || found->second.bytes != file.bytes)
          return broken(fmt::format("{} has not the checksum that was recorded", file.path));
        backup.bytes += file.bytes;
        backup.files.push_back(std::move(file));
      }
      if (backup.files.size() != found_.size()) return broken("holds files that are not listed");
      return backup;
    } catch (const json::exception& error) {
      return broken(fmt::format("its list of files cannot be read: {}", error.what()));
    }
  }

  fs::path file_;
  fs::path folder_;
  archive* archive_ = nullptr;
  std::map<std::string, BackupFile> found_;
  std::string list_;
};

// One try: kConflict or kNotFound when a file went away or was replaced meanwhile.
Result<Backup> write_once(const Home& home, const fs::path& temporary) {
  const Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (out.get() < 0) {
    Error error = file_error(temporary, "create", errno);
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kUnavailable;
    return error;
  }
  std::error_code code;
  std::optional<store::RocksDbPause> pause;
  if (fs::exists(home.default_store(), code)) {
    auto taken = store::RocksDbPause::take(home.default_store());
    if (!taken) return taken.error();
    pause.emplace(std::move(*taken));
  }
  const fs::path stamp = home.prepared() / "dataset.json";
  const auto before = fs::exists(stamp, code) ? sha256_file(stamp) : Result<std::string>("");
  Backup backup;
  const fs::path copy = temporary.string() + ".db";
  auto added = BackupWriter(home.root, copy, out.get()).add_all(backup);
  fs::remove(copy, code);
  if (!added) return added.error();
  const auto after = fs::exists(stamp, code) ? sha256_file(stamp) : Result<std::string>("");
  if (!before || !after || *before != *after)
    return Error{ErrorCode::kConflict, "the prepared data were replaced meanwhile"};
  if (::fsync(out.get()) != 0) return file_error(temporary, "write", errno);
  return backup;
}

// What may lie in a home that counts as empty.
bool is_empty(const Home& home) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home.root, code)) {
    const auto name = entry.path().filename();
    if (name != "serve.lock" && name.extension() != ".tmp") return false;
  }
  return true;
}

Result<void> put_in_place(const fs::path& from, const fs::path& to) {
  std::error_code code;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(from, code)) entries.push_back(entry.path());
  for (const fs::path& entry : entries) {
    if (auto synced = sync_directory(from); !synced) return synced;
    fs::rename(entry, to / entry.filename(), code);
    if (code)
      return Error{ErrorCode::kUnavailable,
                   fmt::format("{}: cannot put in place: {}", (to / entry.filename()).string(),
                               code.message())};
  }
  return sync_directory(to);
}

}  // namespace

Result<Backup> write_backup(const Home& home, const fs::path& file) {
  std::error_code code;
  if (!fs::is_directory(home.root, code) || is_empty(home))
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: there is no home here to back up", home.root.string())};
  const fs::path whole = fs::weakly_canonical(fs::absolute(file, code), code);
  const fs::path inside = whole.lexically_relative(fs::weakly_canonical(home.root, code));
  if (!inside.empty() && *inside.begin() != "..")
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: lies in the home itself; name a place outside of {}",
                             file.string(), home.root.string())};
  const fs::path temporary = whole.string() + fmt::format(".{}.tmp", ::getpid());
  constexpr int kTries = 3;
  Result<Backup> written = Error{};
  for (int i = 0; i < kTries; ++i) {
    written = write_once(home, temporary);
    const bool again = !written && (written.error().code == ErrorCode::kConflict ||
                                    written.error().code == ErrorCode::kNotFound);
    if (!again) break;
  }
  if (written) {
    if (auto checked = check_backup(temporary); !checked) written = checked.error();
  }
  if (written) {
    fs::rename(temporary, whole, code);
    if (code)
      written = Error{ErrorCode::kUnavailable,
                      fmt::format("{}: cannot put in place: {}", whole.string(), code.message())};
  }
  if (!written) {
    fs::remove(temporary, code);
    return written;
  }
  if (auto synced = sync_directory(whole.parent_path()); !synced) return synced.error();
  return written;
}

Result<Backup> check_backup(const fs::path& file) { return BackupReader(file, "").read_all(); }

Result<Backup> restore_backup(const fs::path& file, const Home& home) {
  std::error_code code;
  if (!is_empty(home))
    return Error{ErrorCode::kConflict,
                 fmt::format("{}: is not empty, and nothing is written over: move it away, or name "
                             "another home with --home",
                             home.root.string())};
  fs::create_directories(home.root, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot create: {}", home.root.string(), code.message())};
  std::string notice;
  auto lock = lock_home(home, notice);
  if (!lock) return lock.error();
  const fs::path temporary = home.root / fmt::format("restore.{}.tmp", ::getpid());
  fs::create_directories(temporary, code);
  auto unpacked = BackupReader(file, temporary).read_all();
  if (unpacked) {
    if (auto placed = put_in_place(temporary, home.root); !placed) unpacked = placed.error();
  }
  fs::remove_all(temporary, code);
  return unpacked;
}

}  // namespace sparrow::app
