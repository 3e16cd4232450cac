// Posters: the small pictures of items, in one SQLite file (HOME/posters.db). `sparrow posters`
// writes it, a server reads it, at the same time if need be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sparrow/core/result.h"

struct sqlite3;

namespace sparrow::picture {

struct PosterSize {  // as large as fits
  std::size_t width = 360;
  std::size_t height = 540;
};

// One item's picture, made small.
struct Poster {
  std::string item;  // id
  std::string tag;   // 12 hexadecimal digits of the hash of `webp`: another picture, another tag
  std::string
      colors;  // of 3 x 4 parts of it, row by row, "rgb" each, a hexadecimal digit a channel
  std::string webp;
  std::vector<float> descriptor;  // descriptor_of() it
  // The file that it was made of, so that an unchanged one is not read again.
  std::string source;
  std::uint64_t source_bytes = 0;
  std::int64_t source_written = 0;  // its time of modification, as the file system counts
};

// `bytes` of a JPEG, PNG or WebP become the item's poster; the source is the caller's. Errors:
// those of decode().
Result<Poster> poster_of(std::string_view item, std::string_view bytes, const PosterSize& size);

// Safe for use by several threads.
class PosterFile {
 public:
  enum class Mode { kRead, kWrite };
  // Errors: kNotFound (to read only), kCorrupt when it is another kind of file, kUnavailable.
  static Result<std::unique_ptr<PosterFile>> open(const std::filesystem::path& path, Mode mode);
  ~PosterFile();
  PosterFile(const PosterFile&) = delete;
  PosterFile& operator=(const PosterFile&) = delete;

  // All of them but their pictures and descriptors.
  Result<std::vector<Poster>> list() const;
  // Item and descriptor of all that have one of the present form. kCorrupt: one has another length,
  // or values that are no numbers.
  struct Described {
    std::string item;
    std::vector<float> descriptor;
  };
  Result<std::vector<Described>> descriptors() const;
  // Items whose picture has none, or one of another length: it was made by an older program, or
  // that was interrupted.
  Result<std::vector<std::string>> undescribed() const;
  Result<void> put_descriptors(std::span<const Poster> posters);
  // nullopt: the item has none.
  Result<std::optional<std::string>> webp_of(std::string_view item) const;
  // All or none, the item's former poster goes; then their descriptors.
  Result<void> put(std::span<const Poster> posters);
  Result<void> remove(std::span<const std::string> items);

 private:
  explicit PosterFile(std::filesystem::path path) : path_(std::move(path)) {}
  Error failure(const char* what) const;
  Result<bool> has_descriptors() const;
  // One transaction: the statement once a row, bound by `bind_row`.
  template <typename Bind>
  Result<void> write(const char* sql, std::size_t rows, const Bind& bind_row);

  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
  mutable std::mutex mutex_;
};

// What a server knows of the posters; immutable.
class Posters {
 public:
  struct Known {
    std::string tag;
    std::string colors;
  };
  // Null where there is no such file. Errors: those of PosterFile.
  static Result<std::shared_ptr<const Posters>> open(const std::filesystem::path& path);
  // Null: the item has none.
  const Known* find(const std::string& item) const;
  Result<std::optional<std::string>> webp_of(std::string_view item) const {
    return file_->webp_of(item);
  }
  std::size_t size() const { return known_.size(); }

 private:
  std::unique_ptr<PosterFile> file_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace sparrow::picture
