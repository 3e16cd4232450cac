#include "sparrow/data/source_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/data/archive.h"
#include "sparrow/data/column_names.h"
#include "sparrow/data/log_source.h"

namespace sparrow::data {
namespace {

namespace fs = std::filesystem;

const std::set<std::string>& data_endings() {
  static const std::set<std::string> endings = {".csv",  ".tsv",   ".txt",    ".dat",   ".data",
                                                ".json", ".jsonl", ".ndjson", ".inter", ".item",
                                                ".tab",  ".psv",   ""};
  return endings;
}

bool is_data_file(const fs::path& path) {
  const std::string name = unpacked_name(path);
  if (name.starts_with('.') || name.starts_with('_')) return false;
  std::string plain = plain_name(fs::path(name).stem().string());
  for (const std::string_view other : {"readme", "license", "licence", "changelog", "checksums"}) {
    if (plain.starts_with(other)) return false;
  }
  return data_endings().contains(fs::path(name).extension().string());
}

// "part-00003.csv.gz" and "part-00004.csv.gz" are parts of one table: the name without its digits.
std::string part_key(const fs::path& path) {
  std::string key = unpacked_name(path);
  std::erase_if(key, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  return key;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored) && is_data_file(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Error no_parquet(const fs::path& path) {
  return {ErrorCode::kInvalidInput,
          fmt::format("{}: Parquet is not read, as Debian has no Arrow. This makes a table of it, "
                      "whatever columns it has (pip install pandas pyarrow): python3 -c 'import "
                      "pandas, sys; pandas.read_parquet(sys.argv[1]).to_csv(sys.argv[2], "
                      "index=False)' {} {}.csv",
                      path.filename().string(), path.string(), path.stem().string())};
}

// A table as it may be given: a file, or a folder whose files are its parts.
std::vector<fs::path> parts_of(const fs::path& given) {
  std::error_code ignored;
  return fs::is_directory(given, ignored) ? files_of(given) : std::vector<fs::path>{given};
}

// Reads only some records of a table from now on.
void keep_only(TableFile& table, RecordFilter filter) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), filter.column);
  const auto column = static_cast<std::size_t>(at - table.columns.begin());
  std::erase_if(table.rows, [&](const auto& row) {
    return std::find(filter.values.begin(), filter.values.end(), row[column]) ==
           filter.values.end();
  });
  table.filter = std::move(filter);
}

// Gives a table without a header its names, where it has so many columns.
void name_columns(TableFile& table, const std::vector<std::string>& names) {
  if (!table.dialect.header && table.columns.size() == names.size()) table.columns = names;
}

struct Table {
  std::vector<fs::path> parts;
  TableFile first;
  TableKind kind = TableKind::kNeither;
  std::uintmax_t bytes = 0;
};

class Search {
 public:
  explicit Search(const SourceQuery& query) : query_(query) {}
  Result<SourceFiles> run();

 private:
  Result<void> unpack();
  Result<void> take_given();
  Result<void> take_folder();
  Result<bool> take_known();
  Result<void> take_hundred_k();
  Result<void> take_tables();
  Result<Table> table_of(std::vector<fs::path> parts) const;
  Result<std::vector<TableFile>> look_at(const std::vector<fs::path>& parts) const;
  Error nothing_found() const;
  fs::path there(const std::string& name) const;

  const SourceQuery& query_;
  fs::path folder_;
  SourceFiles found_;
};

// A file of the folder, perhaps packed; empty when there is none.
fs::path Search::there(const std::string& name) const {
  for (const char* ending : {"", ".gz", ".zst", ".bz2"}) {
    if (fs::is_regular_file(folder_ / (name + ending))) return folder_ / (name + ending);
  }
  return {};
}

Result<std::vector<TableFile>> Search::look_at(const std::vector<fs::path>& parts) const {
  std::vector<TableFile> tables;
  for (const fs::path& part : parts) {
    std::error_code ignored;
    if (parts.size() > 1 && fs::file_size(part, ignored) == 0) continue;  // an empty part
    auto table = look_at_table(part, query_.dialect);
    if (!table) return table.error();
    tables.push_back(std::move(*table));
  }
  if (tables.empty()) return Error{ErrorCode::kNotFound, "no data files among what was given"};
  return tables;
}

Result<Table> Search::table_of(std::vector<fs::path> parts) const {
  Table table;
  std::error_code ignored;
  if (parts.front().extension() == ".parquet") return no_parquet(parts.front());
  for (const fs::path& part : parts) table.bytes += fs::file_size(part, ignored);
  auto first = look_at_table(parts.front(), query_.dialect);
  if (!first) return first.error();
  table.first = std::move(*first);
  table.kind = kind_of_table(table.first, query_.columns);
  table.parts = std::move(parts);
  return table;
}

Result<void> Search::unpack() {
  folder_ = query_.data;
  std::error_code code;
  if (query_.data.empty()) return {};
  if (!fs::exists(query_.data, code))
    return Error{ErrorCode::kNotFound, fmt::format("{}: is not there", query_.data.string())};
  std::vector<fs::path> archives;
  if (query_.data.extension() == ".zip") {
    archives.push_back(query_.data);
  } else if (fs::is_directory(query_.data, code) && files_of(query_.data).empty()) {
    for (const auto& entry : fs::directory_iterator(query_.data, code)) {
      if (entry.path().extension() == ".zip") archives.push_back(entry.path());
    }
  }
  if (!archives.empty()) {
    folder_ = query_.scratch / "unzipped";
    for (const fs::path& archive : archives) {
      if (auto done = unpack_zip(archive, folder_); !done) return done;
    }
  }
  // A folder that holds nothing but one folder stands for it.
  while (fs::is_directory(folder_, code) && files_of(folder_).empty()) {
    std::vector<fs::path> inner;
    for (const auto& entry : fs::directory_iterator(folder_, code)) {
      const bool hidden = entry.path().filename().string().starts_with('_') ||
                          entry.path().filename().string().starts_with('.');
      if (entry.is_directory(code) && !hidden) inner.push_back(entry.path());
    }
    if (inner.size() != 1) break;
    folder_ = inner.front();
  }
  return {};
}

Result<void> Search::take_given() {
  for (const bool log : {true, false}) {
    const fs::path& given = log ? query_.interactions : query_.items;
    if (given.empty()) continue;
    const char* option = log ? "--interactions" : "--items";
    if (!fs::exists(given))
      return Error{ErrorCode::kNotFound,
                   fmt::format("{}: {} is not there", option, given.string())};
    auto tables = look_at(parts_of(given));
    if (!tables) return tables.error();
    (log ? found_.log : found_.items) = std::move(*tables);
  }
  found_.format = "generic";
  return {};
}

// The layouts of MovieLens and our own, by the names of their files.
Result<bool> Search::take_known() {
  struct Known {
    const char* items;
    const char* log;
    const char* format;
  };
  static constexpr std::array<Known, 3> kKnown = {{{"movies.csv", "ratings.csv", "movielens-csv"},
                                                   {"movies.dat", "ratings.dat", "movielens-dat"},
                                                   {"items.csv", "interactions.csv", "generic"}}};
  for (const Known& known : kKnown) {
    const auto items = there(known.items);
    const auto log = there(known.log);
    if (items.empty() || log.empty()) continue;
    auto item_tables = look_at({items});
    auto log_tables = look_at({log});
    if (!item_tables) return item_tables.error();
    if (!log_tables) return log_tables.error();
    found_.format = known.format;
    found_.directory = folder_;
    // The .dat files of MovieLens name no columns.
    if (found_.format == "movielens-dat") {
      name_columns(item_tables->front(), {"movieId", "title", "genres"});
      name_columns(log_tables->front(), {"userId", "movieId", "rating", "timestamp"});
    }
    if (found_.items.empty()) found_.items = std::move(*item_tables);
    if (found_.log.empty()) found_.log = std::move(*log_tables);
    return true;
  }
  return false;
}

// MovieLens 100K: u.data and u.item, which name no columns; a film's genres are nineteen flags.
Result<void> Search::take_hundred_k() {
  auto log = look_at({there("u.data")});
  if (!log) return log.error();
  found_.format = "movielens-100k";
  found_.directory = folder_;
  found_.log = std::move(*log);
  name_columns(found_.log.front(), {"userId", "movieId", "rating", "timestamp"});
  const auto items = there("u.item");
  if (items.empty()) return {};
  DialectOverride dialect = query_.dialect;
  if (dialect.separator.empty()) dialect.separator = "|";
  auto table = look_at_table(items, dialect);
  if (!table) return table.error();
  const std::vector<std::string> names = {
      "id",          "title",     "release_date", "video_release_date", "imdb_url", "unknown",
      "Action",      "Adventure", "Animation",    "Children's",         "Comedy",   "Crime",
      "Documentary", "Drama",     "Fantasy",      "Film-Noir",          "Horror",   "Musical",
      "Mystery",     "Romance",   "Sci-Fi",       "Thriller",           "War",      "Western"};
  if (table->columns.size() != names.size())
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: has {} columns, u.item of MovieLens 100K has {}", items.string(),
                             table->columns.size(), names.size())};
  table->columns = names;
  found_.items.push_back(std::move(*table));
  return {};
}

// Any other names: tables are told by their columns, the richest catalogue and the log with values
// or the larger one are taken.
Result<void> Search::take_tables() {
  std::map<std::string, std::vector<fs::path>> groups;
  std::error_code ignored;
  if (fs::is_regular_file(folder_, ignored)) {
    groups[folder_.string()] = {folder_};
  } else {
    for (const fs::path& file : files_of(folder_)) groups[part_key(file)].push_back(file);
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
      const auto parts =
          entry.is_directory(ignored) ? files_of(entry.path()) : std::vector<fs::path>{};
      if (!parts.empty()) groups[entry.path().filename().string() + "/"] = parts;
    }
  }
  std::vector<Table> tables;
  for (auto& [key, parts] : groups) {
    auto table = table_of(parts);
    if (!table && groups.size() == 1) return table.error();
    if (table) tables.push_back(std::move(*table));
  }
  const auto has = [](const Table& table, std::span<const RoleNames> roles, const char* role) {
    return std::any_of(table.first.columns.begin(), table.first.columns.end(),
                       [&](const auto& c) { return name_rank(roles, role, c).has_value(); });
  };
  const auto log_worth = [&](const Table& t) {
    const bool tags = has(t, catalog_roles(), "tags") && !has(t, log_roles(), "value");
    return std::tuple(!tags, t.first.path.extension() == ".inter",
                      has(t, log_roles(), "value") || has(t, log_roles(), "event"),
                      has(t, log_roles(), "time"), t.bytes);
  };
  const auto catalog_worth = [&](const Table& t) {
    int roles = 0;
    for (const RoleNames& known : catalog_roles())
      roles += has(t, catalog_roles(), known.role.data()) ? 1 : 0;
    return std::tuple(has(t, catalog_roles(), "title"), roles, t.bytes);
  };
  const Table* log = nullptr;
  const Table* items = nullptr;
  for (const Table& t : tables) {
    if (t.kind == TableKind::kLog && (log == nullptr || log_worth(t) > log_worth(*log))) log = &t;
    if (t.kind == TableKind::kCatalog &&
        (items == nullptr || catalog_worth(t) > catalog_worth(*items)))
      items = &t;
  }
  for (const Table& t : tables) {
    if (&t == log || &t == items) continue;
    found_.notes.push_back(fmt::format(
        "{} is not used ({}); name it with {} to read it", t.first.name(),
        t.kind == TableKind::kNeither ? "neither a log nor a catalogue" : "another was taken",
        t.kind == TableKind::kLog ? "--interactions" : "--items"));
  }
  // One file of JSON may hold events of several kinds (Metarank's).
  if (log != nullptr && log->first.dialect.form != TextForm::kDelimited && items == nullptr) {
    const auto at = std::find(log->first.columns.begin(), log->first.columns.end(), "event");
    const auto column = static_cast<std::size_t>(at - log->first.columns.begin());
    std::set<std::string_view> kinds;
    if (at != log->first.columns.end()) {
      for (const auto value : log->first.sample(column)) kinds.insert(value);
    }
    if (kinds.contains("interaction") && (kinds.contains("item") || kinds.contains("metadata")))
      items = log;
    if (items == log) {
      auto both = look_at(log->parts);
      if (!both) return both.error();
      found_.log = *both;
      found_.items = std::move(*both);
      for (TableFile& t : found_.log) keep_only(t, {"event", {"interaction"}});
      for (TableFile& t : found_.items) keep_only(t, {"event", {"item", "metadata"}});
      return {};
    }
  }
  for (const Table* t : {log, items}) {
    if (t == nullptr) continue;
    auto& into = t == log ? found_.log : found_.items;
    if (!into.empty()) continue;  // given by hand
    auto parts = look_at(t->parts);
    if (!parts) return parts.error();
    into = std::move(*parts);
  }
  if (found_.log.empty() && found_.items.empty()) {
    if (tables.empty()) return nothing_found();
    const Table& t = tables.front();
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: is told to be neither a log (no column of users and items) nor a "
                             "catalogue (no column of ids). It was read as {}; its columns are {}. "
                             "Name them with --columns user=NAME,item=NAME or id=NAME",
                             t.first.path.string(), dialect_text(t.first.dialect),
                             fmt::join(t.first.columns, ", "))};
  }
  return {};
}

Error Search::nothing_found() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(query_.data, ignored)) {
    if (entry.path().extension() == ".parquet") return no_parquet(entry.path());
  }
  return {
      ErrorCode::kNotFound,
      fmt::format("{}: holds no data: neither MovieLens (movies.csv + ratings.csv, movies.dat + "
                  "ratings.dat, u.data + u.item), nor tables of any names (.csv, .tsv, .dat, "
                  ".txt, .jsonl, .inter, also .gz, .zst, .bz2, .zip)",
                  query_.data.string())};
}

Result<void> Search::take_folder() {
  if (query_.data.empty()) return {};
  if (auto unpacked = unpack(); !unpacked) return unpacked;
  found_.format = "generic";
  auto known = take_known();
  if (!known) return known.error();
  if (*known) return {};
  if (!there("u.data").empty()) return take_hundred_k();
  return take_tables();
}

Result<SourceFiles> Search::run() {
  if (auto given = take_given(); !given) return given.error();
  if (auto folder = take_folder(); !folder) return folder.error();
  if (found_.log.empty() && found_.items.empty())
    return Error{ErrorCode::kNotFound, "no data: give --data, --items or --interactions"};
  return std::move(found_);
}

}  // namespace

Result<SourceFiles> find_source_files(const SourceQuery& query) { return Search(query).run(); }

}  // namespace sparrow::data
