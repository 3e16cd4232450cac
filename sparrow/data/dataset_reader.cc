// read_dataset(): recognise the format by the files that are there, read the catalogue, then
// everything that refers to it. Each file has a Table that counts rows and rejects.
#include "sparrow/data/dataset_reader.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/text.h"
#include "sparrow/data/catalog_builder.h"
#include "sparrow/data/csv.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/interaction_log.h"

namespace sparrow::data {
namespace {

// Everything a reading gathers.
class Reading {
 public:
  Reading(const ReadOptions& options, const RunControl& control)
      : options_(options), control_(control) {}

  Result<Dataset> run();
  Result<Catalog> run_catalog();

 private:
  using RowReader = std::function<std::string(const Fields&)>;  // the reason to reject, or empty

  Result<void> read_csv(const std::string& file, const RowReader& row,
                        const std::function<Result<void>(const Fields&)>& header);
  Result<void> read_dat(const std::string& file, std::size_t columns, const RowReader& row);
  Result<void> close_file(const std::string& file, std::uint64_t rows,
                          std::uint64_t rejected_before);
  void reject(const std::string& file, std::uint64_t line, std::string reason);
  bool there(const std::string& file) const {
    return std::filesystem::is_regular_file(options_.directory / file);
  }
  // The name of a log that may be compressed; empty when there is none.
  std::string packed_name(const std::string& file) const {
    for (const char* ending : {"", ".gz", ".zst"}) {
      if (there(file + ending)) return file + ending;
    }
    return {};
  }
  std::string column_name(const std::string& role) const {
    const auto found = options_.columns.find(role);
    return found == options_.columns.end() ? role : found->second;
  }

  Result<void> read_movielens_csv();
  Result<void> read_movielens_dat();
  Result<void> read_generic();
  Result<void> read_generic_items();
  Result<LogLayout> find_columns(const Fields& header) const;
  Result<void> read_genome();
  Result<void> read_ratings(const std::string& file,
                            const std::function<Result<LogLayout>(const Fields&)>& header);
  Result<void> write_rejects() const;

  const ReadOptions& options_;
  const RunControl& control_;
  CatalogBuilder catalog_;
  LogContent log_;
  std::vector<Reject> rejects_;
  DatasetInfo info_;
  TagGenome genome_;
};

void Reading::reject(const std::string& file, std::uint64_t line, std::string reason) {
  rejects_.push_back({file, line, std::move(reason)});
}

Result<void> Reading::close_file(const std::string& file, std::uint64_t rows,
                                 std::uint64_t rejected_before) {
  const std::uint64_t bad = rejects_.size() - rejected_before;
  const double share = rows == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(rows);
  if (bad == 0 || share <= options_.max_rejects) return {};
  if (auto written = write_rejects(); !written) return written;
  const Reject& first = rejects_[rejected_before];
  return Error{
      ErrorCode::kInvalidInput,
      fmt::format(
          "{}: {} of {} rows rejected, more than --max-rejects {} allows. First: line {}: {}.{}",
          (options_.directory / file).string(), bad, rows, options_.max_rejects, first.line,
          first.reason,
          options_.rejects_file.empty() ? "" : " All: " + options_.rejects_file.string())};
}

Result<void> Reading::read_csv(const std::string& file, const RowReader& row,
                               const std::function<Result<void>(const Fields&)>& header) {
  auto mapped = MappedFile::open(options_.directory / file);
  if (!mapped) return mapped.error();
  CsvReader reader(mapped->bytes());
  const std::uint64_t rejected_before = rejects_.size();
  if (!reader.next())
    return Error{ErrorCode::kInvalidInput, (options_.directory / file).string() + ": is empty"};
  if (auto ok = header(reader.fields()); !ok) return ok;
  std::uint64_t rows = 0;
  constexpr std::uint64_t kReportEvery = 1 << 18;
  while (reader.next()) {
    std::string reason =
        reader.problem().empty() ? row(reader.fields()) : std::string(reader.problem());
    if (!reason.empty()) reject(file, reader.line(), std::move(reason));
    if (++rows % kReportEvery == 0) {
      control_.report(
          {"read " + file, reader.position() >> 20, mapped->bytes().size() >> 20, "MB", 0});
      if (control_.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
    }
  }
  return close_file(file, rows, rejected_before);
}

Result<void> Reading::read_dat(const std::string& file, std::size_t columns, const RowReader& row) {
  auto mapped = MappedFile::open(options_.directory / file);
  if (!mapped) return mapped.error();
  std::string_view text = mapped->bytes();
  const std::uint64_t rejected_before = rejects_.size();
  std::uint64_t rows = 0;
  std::uint64_t number = 0;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    ++rows;
    const Fields fields = split_dat(line);
    std::string reason = fields.size() == columns
                             ? row(fields)
                             : fmt::format("{} fields, {} expected", fields.size(), columns);
    if (!reason.empty()) reject(file, number, std::move(reason));
  }
  return close_file(file, rows, rejected_before);
}

// A header that must begin with these columns.
std::function<Result<void>(const Fields&)> expect_header(std::string file,
                                                         std::vector<std::string> columns) {
  return [file = std::move(file),
          columns = std::move(columns)](const Fields& fields) -> Result<void> {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c >= fields.size() || trim(fields[c]) != columns[c]) {
        return Error{ErrorCode::kInvalidInput, fmt::format("{}: line 1: column {} should be \"{}\"",
                                                           file, c + 1, columns[c])};
      }
    }
    return {};
  };
}

Result<void> Reading::read_movielens_csv() {
  info_.format = "movielens-csv";
  auto movies = read_csv(
      "movies.csv",
      [&](const Fields& f) {
        std::string problem = field_count_problem(f, 3);
        return problem.empty() ? catalog_.add_movie(f[0], f[1], f[2]) : problem;
      },
      expect_header("movies.csv", {"movieId", "title", "genres"}));
  if (!movies) return movies;
  auto ratings = read_ratings("ratings.csv", [](const Fields& f) -> Result<LogLayout> {
    auto fits = expect_header("ratings.csv", {"userId", "movieId", "rating", "timestamp"})(f);
    if (!fits) return fits.error();
    return LogLayout{};
  });
  if (!ratings) return ratings;
  if (there("links.csv")) {
    auto links = read_csv(
        "links.csv",
        [&](const Fields& f) -> std::string {
          if (f.size() < 2) return "fewer than 2 fields";
          Item* item = catalog_.find_item(f[0]);
          if (item == nullptr) return fmt::format("item \"{}\" is not in the catalogue", f[0]);
          item->set(kImdbId, std::string(trim(f[1])));
          if (f.size() > 2) item->set(kTmdbId, std::string(trim(f[2])));
          return {};
        },
        expect_header("links.csv", {"movieId", "imdbId"}));
    if (!links) return links;
  }
  if (there("tags.csv")) {
    auto tags = read_csv(
        "tags.csv",
        [&](const Fields& f) {
          std::string problem = field_count_problem(f, 4);
          return problem.empty() ? catalog_.add_tag(f[0], f[1], f[2]) : problem;
        },
        expect_header("tags.csv", {"userId", "movieId", "tag", "timestamp"}));
    if (!tags) return tags;
  }
  if (there("genome-scores.csv") && there("genome-tags.csv")) return read_genome();
  return {};
}

Result<void> Reading::read_genome() {
  std::unordered_map<std::string, std::uint32_t> columns;
  auto tags = read_csv(
      "genome-tags.csv",
      [&](const Fields& f) -> std::string {
        if (f.size() < 2) return "fewer than 2 fields";
        columns.emplace(std::string(f[0]), static_cast<std::uint32_t>(genome_.tags.size()));
        genome_.tags.emplace_back(f[1]);
        return {};
      },
      expect_header("genome-tags.csv", {"tagId", "tag"}));
  if (!tags) return tags;
  std::unordered_map<Row, std::vector<float>> relevance;
  auto scores = read_csv(
      "genome-scores.csv",
      [&](const Fields& f) -> std::string {
        float value = 0;
        if (f.size() < 3 || !parse_value(f[2], value)) return "the relevance is not a number";
        const Row item = catalog_.rows().find(f[0]);
        const auto column = columns.find(std::string(f[1]));
        if (item == kNoRow || column == columns.end()) return "unknown item or tag";
        auto& row = relevance[item];
        row.resize(genome_.tags.size());
        row[column->second] = value;
        return {};
      },
      expect_header("genome-scores.csv", {"movieId", "tagId", "relevance"}));
  if (!scores) return scores;
  for (const auto& [row, values] : relevance) genome_.rows.push_back(row);
  std::sort(genome_.rows.begin(), genome_.rows.end());
  genome_.relevance = Embeddings(genome_.rows.size(), genome_.tags.size());
  for (std::size_t r = 0; r < genome_.rows.size(); ++r) {
    const auto& values = relevance[genome_.rows[r]];
    std::copy(values.begin(), values.end(), genome_.relevance.row(r).begin());
  }
  return {};
}

Result<void> Reading::read_movielens_dat() {
  info_.format = "movielens-dat";
  auto movies = read_dat("movies.dat", 3, [&](const Fields& f) {
    const std::string title = is_utf8(f[1]) ? std::string(f[1]) : latin1_to_utf8(f[1]);
    return catalog_.add_movie(f[0], title, f[2]);
  });
  if (!movies) return movies;
  auto ratings = read_ratings("ratings.dat", {});
  if (!ratings || !there("tags.dat")) return ratings;
  return read_dat("tags.dat", 4, [&](const Fields& f) {
    return catalog_.add_tag(f[0], f[1], is_utf8(f[2]) ? std::string(f[2]) : latin1_to_utf8(f[2]));
  });
}

Result<void> Reading::read_generic_items() {
  std::vector<std::pair<std::string, std::size_t>> columns;
  return read_csv(
      "items.csv", [&](const Fields& f) { return catalog_.fill_item(f, columns); },
      [&](const Fields& header) -> Result<void> {
        bool has_id = false;
        for (std::size_t c = 0; c < header.size(); ++c) {
          const std::string name(trim(header[c]));
          if (name.empty()) continue;
          std::string role = name;
          for (const auto& [wanted, given] : options_.columns) {
            if (given == name) role = wanted == "item" ? "id" : wanted;
          }
          if (name == "item" || name == "item_id" || name == "itemId") role = "id";
          has_id = has_id || role == "id";
          columns.emplace_back(role, c);
        }
        if (has_id) return {};
        return Error{
            ErrorCode::kInvalidInput,
            fmt::format("items.csv: line 1: no column \"{}\"; name it with --columns id=NAME",
                        column_name("id"))};
      });
}

// Where the header of interactions.csv has the columns that the options name.
Result<LogLayout> Reading::find_columns(const Fields& header) const {
  const auto find = [&](const std::string& role) -> std::optional<std::size_t> {
    for (std::size_t c = 0; c < header.size(); ++c) {
      if (trim(header[c]) == column_name(role)) return c;
    }
    return std::nullopt;
  };
  for (const std::string role : {"user", "item", "value", "time"}) {
    if (find(role)) continue;
    const bool needed = role == "user" || role == "item";
    if (!needed && !options_.columns.contains(role)) continue;
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("interactions.csv: line 1: no column \"{}\"{}", column_name(role),
                             needed ? fmt::format("; name it with --columns {}=NAME", role)
                                    : ", which --columns names")};
  }
  LogLayout layout;
  layout.user = *find("user");
  layout.item = *find("item");
  layout.value = find("value");
  layout.time = find("time");
  layout.columns =
      1 + std::max({layout.user, layout.item, layout.value.value_or(0), layout.time.value_or(0)});
  layout.extra = LogLayout::Extra::kAny;
  return layout;
}

Result<void> Reading::read_ratings(const std::string& file,
                                   const std::function<Result<LogLayout>(const Fields&)>& header) {
  LogFile log;
  log.path = options_.directory / packed_name(file);
  log.header = header;
  log.threads = options_.threads;
  log.memory_bytes = options_.memory_bytes;
  log.scratch = options_.scratch;
  auto read = options_.log_path == LogPath::kFast ? read_log(log, catalog_.rows(), control_)
                                                  : read_log_reference(log, catalog_.rows());
  if (!read) return read.error();
  log_ = std::move(*read);
  const std::uint64_t rejected_before = rejects_.size();
  std::move(log_.rejects.begin(), log_.rejects.end(), std::back_inserter(rejects_));
  log_.rejects.clear();
  return close_file(log.path.filename().string(), log_.rows, rejected_before);
}

Result<void> Reading::read_generic() {
  info_.format = "generic";
  if (auto items = read_generic_items(); !items) return items;
  return read_ratings("interactions.csv", [this](const Fields& f) { return find_columns(f); });
}

Result<void> Reading::write_rejects() const {
  if (options_.rejects_file.empty()) return {};
  std::string text = "file\tline\treason\n";
  for (const Reject& r : rejects_) text += fmt::format("{}\t{}\t{}\n", r.file, r.line, r.reason);
  return write_file_atomically(options_.rejects_file, text);
}

Result<Dataset> Reading::run() {
  if (!std::filesystem::is_directory(options_.directory)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: is not a folder", options_.directory.string())};
  }
  Result<void> read;
  if (there("movies.csv") && !packed_name("ratings.csv").empty()) {
    read = read_movielens_csv();
  } else if (there("movies.dat") && !packed_name("ratings.dat").empty()) {
    read = read_movielens_dat();
  } else if (there("items.csv") && !packed_name("interactions.csv").empty()) {
    read = read_generic();
  } else {
    return Error{
        ErrorCode::kNotFound,
        fmt::format("{}: holds neither movies.csv + ratings.csv, nor movies.dat + "
                    "ratings.dat, nor items.csv + interactions.csv (logs also as .gz or .zst)",
                    options_.directory.string())};
  }
  if (!read) return read.error();
  if (auto written = write_rejects(); !written) return written.error();
  Dataset dataset;
  info_.tag_rows = catalog_.tag_rows();
  info_.unknown_item_rows = log_.unknown_items + catalog_.unknown_item_rows();
  info_.duplicate_interactions = log_.duplicates;
  dataset.interactions = std::move(log_.interactions);
  dataset.interactions_file = std::move(log_.file);
  dataset.users = std::move(log_.users);
  dataset.catalog = catalog_.take_catalog();
  dataset.catalog.genome = std::move(genome_);
  info_.name = std::filesystem::weakly_canonical(options_.directory).filename().string();
  info_.source = options_.directory.string();
  info_.items = dataset.catalog.size();
  info_.users = dataset.users.size();
  info_.interactions = dataset.interactions.size();
  info_.rejects = rejects_.size();
  dataset.info = info_;
  if (auto sealed = seal_dataset(dataset); !sealed) return sealed.error();
  return dataset;
}

Result<Catalog> Reading::run_catalog() {
  if (auto read = read_generic_items(); !read) return read.error();
  return catalog_.take_catalog();
}

}  // namespace

Result<Dataset> read_dataset(const ReadOptions& options, const RunControl& control) {
  return Reading(options, control).run();
}

Result<Catalog> read_catalog(const std::filesystem::path& items_csv) {
  ReadOptions options;
  options.directory = items_csv.parent_path();
  options.max_rejects = 0;
  const RunControl control;
  return Reading(options, control).run_catalog();
}

}  // namespace sparrow::data
