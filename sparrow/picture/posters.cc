#include "sparrow/picture/posters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <sqlite3.h>

#include "sparrow/core/file.h"
#include "sparrow/picture/descriptor.h"
#include "sparrow/picture/picture.h"

namespace sparrow::picture {
namespace {

constexpr float kQuality = 78;
constexpr std::size_t kColorColumns = 3;
constexpr std::size_t kColorRows = 4;
constexpr int kPatienceMs = 5000;  // for the other program that writes
constexpr int kFormat = 1;

// Pictures stand last in a row, so that a list of all reads none of them.
constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS posters (item TEXT NOT NULL UNIQUE, tag TEXT NOT NULL, "
    "colors TEXT NOT NULL, source TEXT NOT NULL, source_bytes INTEGER NOT NULL, "
    "source_written INTEGER NOT NULL, webp BLOB NOT NULL) STRICT;"
    // Of the picture with this tag: of another one it says nothing.
    "CREATE TABLE IF NOT EXISTS descriptors (item TEXT NOT NULL UNIQUE, tag TEXT NOT NULL, "
    "form INTEGER NOT NULL, floats BLOB NOT NULL) STRICT";

struct FreeStatement {
  void operator()(sqlite3_stmt* one) const { sqlite3_finalize(one); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FreeStatement>;

Statement prepared(sqlite3* db, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(db, sql, -1, &raw, nullptr);
  return Statement(raw);
}

void bind(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string text_at(const Statement& statement, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::string colors_of(const Picture& picture) {
  const Picture parts =
      scaled(picture, std::min(kColorColumns, picture.width), std::min(kColorRows, picture.height));
  std::string colors;
  for (std::size_t y = 0; y < kColorRows; ++y) {
    for (std::size_t x = 0; x < kColorColumns; ++x) {
      const std::size_t from =
          std::min(y, parts.height - 1) * parts.width + std::min(x, parts.width - 1);
      for (std::size_t c = 0; c < 3; ++c)
        colors += "0123456789abcdef"[static_cast<std::uint8_t>(parts.rgb[3 * from + c]) >> 4];
    }
  }
  return colors;
}

}  // namespace

Result<Poster> poster_of(std::string_view item, std::string_view bytes, const PosterSize& size) {
  const auto whole = decode(bytes, 2 * size.width);  // twice: averaged once more, no steps are seen
  if (!whole) return whole.error();
  const Picture small = fitted(*whole, size.width, size.height);
  auto webp = webp_of(small, kQuality);
  if (!webp) return webp.error();
  Poster poster;
  poster.item = item;
  poster.tag = sha256_hex(*webp).substr(0, 12);
  poster.colors = colors_of(small);
  // Of what is kept, so that it can be made again.
  const auto kept = decode(*webp, 0);
  if (!kept) return kept.error();
  poster.descriptor = descriptor_of(*kept);
  poster.webp = std::move(*webp);
  return poster;
}

Result<std::unique_ptr<PosterFile>> PosterFile::open(const std::filesystem::path& path, Mode mode) {
  std::error_code code;
  if (mode == Mode::kRead && !std::filesystem::exists(path, code))
    return Error{ErrorCode::kNotFound, path.string() + ": there is no such file"};
  std::unique_ptr<PosterFile> file(new PosterFile(path));
  const int flags =
      mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &file->db_, flags, nullptr) != SQLITE_OK)
    return file->failure("cannot be opened");
  sqlite3_busy_timeout(file->db_, kPatienceMs);
  const auto version = prepared(file->db_, "PRAGMA user_version");
  if (version == nullptr || sqlite3_step(version.get()) != SQLITE_ROW)
    return file->failure("cannot be read");
  const int format = sqlite3_column_int(version.get(), 0);
  if (format > kFormat)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: format {} is newer than this program, which reads {}",
                             path.string(), format, kFormat)};
  if (mode == Mode::kWrite) {
    const std::string mark = fmt::format("PRAGMA user_version = {}", kFormat);
    if (sqlite3_exec(file->db_, kTable, nullptr, nullptr, nullptr) != SQLITE_OK ||
        sqlite3_exec(file->db_, mark.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      return file->failure("cannot be written");
  } else if (format != kFormat) {
    return Error{ErrorCode::kCorrupt, path.string() + ": is not a file of posters"};
  }
  return file;
}

PosterFile::~PosterFile() { sqlite3_close(db_); }

Error PosterFile::failure(const char* what) const {
  const int code = sqlite3_errcode(db_);
  const ErrorCode kind = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::kCorrupt
                         : code == SQLITE_FULL                           ? ErrorCode::kExhausted
                                                                         : ErrorCode::kUnavailable;
  return {kind, fmt::format("{}: {}: {}", path_.string(), what, sqlite3_errmsg(db_))};
}

Result<std::vector<Poster>> PosterFile::list() const {
  const std::lock_guard lock(mutex_);
  const auto rows =
      prepared(db_, "SELECT item, tag, colors, source, source_bytes, source_written FROM posters");
  if (rows == nullptr) return failure("cannot be read");
  std::vector<Poster> all;
  int step = sqlite3_step(rows.get());
  for (; step == SQLITE_ROW; step = sqlite3_step(rows.get())) {
    Poster& poster = all.emplace_back();
    poster.item = text_at(rows, 0);
    poster.tag = text_at(rows, 1);
    poster.colors = text_at(rows, 2);
    poster.source = text_at(rows, 3);
    poster.source_bytes = static_cast<std::uint64_t>(sqlite3_column_int64(rows.get(), 4));
    poster.source_written = sqlite3_column_int64(rows.get(), 5);
  }
  if (step != SQLITE_DONE) return failure("cannot be read");
  return all;
}

Result<bool> PosterFile::has_descriptors() const {
  const auto table =
      prepared(db_, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'descriptors'");
  if (table == nullptr) return failure("cannot be read");
  const int step = sqlite3_step(table.get());
  if (step != SQLITE_ROW && step != SQLITE_DONE) return failure("cannot be read");
  return step == SQLITE_ROW;
}

Result<std::vector<PosterFile::Described>> PosterFile::descriptors() const {
  const std::lock_guard lock(mutex_);
  std::vector<Described> all;
  const auto any = has_descriptors();  // a file of an older program has no such table
  if (!any) return any.error();
  if (!*any) return all;
  const auto rows = prepared(db_,
                             "SELECT item, floats FROM descriptors JOIN posters USING (item, tag) "
                             "WHERE form = ?1 ORDER BY item");
  if (rows == nullptr) return failure("cannot be read");
  sqlite3_bind_int(rows.get(), 1, kDescriptorForm);
  int step = sqlite3_step(rows.get());
  for (; step == SQLITE_ROW; step = sqlite3_step(rows.get())) {
    const std::string bytes = text_at(rows, 1);
    Described& one = all.emplace_back(Described{text_at(rows, 0), {}});
    one.descriptor.resize(kDescriptorSize);
    if (bytes.size() != kDescriptorSize * sizeof(float))
      return Error{ErrorCode::kCorrupt,
                   fmt::format("{}: the descriptor of {} has another length than this program's",
                               path_.string(), one.item)};
    std::memcpy(one.descriptor.data(), bytes.data(), bytes.size());
    if (!std::all_of(one.descriptor.begin(), one.descriptor.end(),
                     [](float value) { return std::isfinite(value); }))
      return Error{ErrorCode::kCorrupt,
                   fmt::format("{}: the descriptor of {} has values that are no numbers",
                               path_.string(), one.item)};
  }
  if (step != SQLITE_DONE) return failure("cannot be read");
  return all;
}

Result<std::vector<std::string>> PosterFile::undescribed() const {
  const std::lock_guard lock(mutex_);
  const auto any = has_descriptors();
  if (!any) return any.error();
  const auto rows = prepared(
      db_,
      *any ? "SELECT item FROM posters WHERE NOT EXISTS (SELECT 1 FROM descriptors AS d WHERE "
             "d.item = posters.item AND d.tag = posters.tag AND d.form = ?1 AND length(d.floats) = "
             "?2)"
           : "SELECT item FROM posters WHERE ?1 AND ?2");
  if (rows == nullptr) return failure("cannot be read");
  sqlite3_bind_int(rows.get(), 1, kDescriptorForm);
  sqlite3_bind_int(rows.get(), 2, static_cast<int>(kDescriptorSize * sizeof(float)));
  std::vector<std::string> items;
  int step = sqlite3_step(rows.get());
  for (; step == SQLITE_ROW; step = sqlite3_step(rows.get())) items.push_back(text_at(rows, 0));
  if (step != SQLITE_DONE) return failure("cannot be read");
  return items;
}

Result<std::optional<std::string>> PosterFile::webp_of(std::string_view item) const {
  const std::lock_guard lock(mutex_);
  const auto row = prepared(db_, "SELECT webp FROM posters WHERE item = ?1");
  if (row == nullptr) return failure("cannot be read");
  bind(row.get(), 1, item);
  const int step = sqlite3_step(row.get());
  if (step == SQLITE_ROW) return std::optional<std::string>(text_at(row, 0));
  if (step != SQLITE_DONE) return failure("cannot be read");
  return std::optional<std::string>();
}

template <typename Bind>
Result<void> PosterFile::write(const char* sql, std::size_t rows, const Bind& bind_row) {
  const std::lock_guard lock(mutex_);
  const auto statement = prepared(db_, sql);
  bool done = statement != nullptr &&
              sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
  if (!done) return failure("cannot be written");
  for (std::size_t row = 0; done && row < rows; ++row) {
    bind_row(row, statement.get());
    done = sqlite3_step(statement.get()) == SQLITE_DONE;
    if (done) sqlite3_reset(statement.get());
  }
  if (done) done = sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK;
  if (done) return {};
  const Error error = failure("cannot be written");
  sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  return error;
}

Result<void> PosterFile::put(std::span<const Poster> posters) {
  auto kept =
      write("INSERT OR REPLACE INTO posters VALUES (?1,?2,?3,?4,?5,?6,?7)", posters.size(),
            [&](std::size_t i, sqlite3_stmt* row) {
              const Poster& poster = posters[i];
              bind(row, 1, poster.item);
              bind(row, 2, poster.tag);
              bind(row, 3, poster.colors);
              bind(row, 4, poster.source);
              sqlite3_bind_int64(row, 5, static_cast<sqlite3_int64>(poster.source_bytes));
              sqlite3_bind_int64(row, 6, poster.source_written);
              sqlite3_bind_blob64(row, 7, poster.webp.data(), poster.webp.size(), SQLITE_STATIC);
            });
  if (!kept) return kept;
  return put_descriptors(posters);
}

Result<void> PosterFile::put_descriptors(std::span<const Poster> posters) {
  return write("INSERT OR REPLACE INTO descriptors VALUES (?1,?2,?3,?4)", posters.size(),
               [&](std::size_t i, sqlite3_stmt* row) {
                 const auto& floats = posters[i].descriptor;
                 bind(row, 1, posters[i].item);
                 bind(row, 2, posters[i].tag);
                 sqlite3_bind_int(row, 3, kDescriptorForm);
                 sqlite3_bind_blob64(row, 4, floats.data(), floats.size() * sizeof(float),
                                     SQLITE_STATIC);
               });
}

Result<void> PosterFile::remove(std::span<const std::string> items) {
  const auto item = [&](std::size_t i, sqlite3_stmt* row) { bind(row, 1, items[i]); };
  if (auto gone = write("DELETE FROM descriptors WHERE item = ?1", items.size(), item); !gone)
    return gone;
  return write("DELETE FROM posters WHERE item = ?1", items.size(), item);
}

Result<std::shared_ptr<const Posters>> Posters::open(const std::filesystem::path& path) {
  auto file = PosterFile::open(path, PosterFile::Mode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::shared_ptr<const Posters>();
  if (!file) return file.error();
  auto all = (*file)->list();
  if (!all) return all.error();
  auto posters = std::make_shared<Posters>();
  posters->known_.reserve(all->size());
  for (Poster& poster : *all)
    posters->known_[poster.item] = {std::move(poster.tag), std::move(poster.colors)};
  posters->file_ = std::move(*file);
  return std::shared_ptr<const Posters>(std::move(posters));
}

const Posters::Known* Posters::find(const std::string& item) const {
  const auto found = known_.find(item);
  return found == known_.end() ? nullptr : &found->second;
}

}  // namespace sparrow::picture
