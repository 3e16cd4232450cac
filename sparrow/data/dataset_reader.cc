// read_dataset(): recognise the format by the files that are there, read the catalogue, then
// everything that refers to it. Each file has a Table that counts rows and rejects.
#include "sparrow/data/dataset_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "sparrow/core/file.h"
#include "sparrow/core/text.h"
#include "sparrow/data/csv.h"
#include "sparrow/data/interaction_builder.h"
#include "sparrow/data/title.h"

namespace sparrow::data {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

using Fields = std::vector<std::string_view>;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Empty when `id` may be an id.
std::string_view id_problem(std::string_view id) {
  if (id.empty()) return "the id is empty";
  if (id.size() > kMaxIdBytes) return "the id is longer than 256 bytes";
  if (has_control(id)) return "the id has a control character";
  if (!is_utf8(id)) return "the id is not UTF-8";
  return {};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

template <typename Number>
bool parse(std::string_view text, Number& value) {
  text = trim(text);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && !text.empty();
}

bool parse_value(std::string_view text, float& value) {
  return parse(text, value) && std::isfinite(value);
}

// Seconds; fractions are cut. Milliseconds are recognised by their size.
bool parse_time(std::string_view text, std::int64_t& seconds) {
  if (!parse(text, seconds)) {
    double real = 0;
    if (!parse(text, real) || !(std::abs(real) < 1e15)) return false;
    seconds = static_cast<std::int64_t>(real);
  }
  constexpr std::int64_t kMilliseconds = 100'000'000'000;
  if (seconds > kMilliseconds) seconds /= 1000;
  return true;
}

std::vector<std::string> split_list(std::string_view cell, char separator) {
  std::vector<std::string> parts;
  while (!cell.empty()) {
    const auto at = cell.find(separator);
    const auto part = trim(cell.substr(0, at));
    if (!part.empty()) parts.emplace_back(part);
    if (at == std::string_view::npos) break;
    cell.remove_prefix(at + 1);
  }
  return parts;
}

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
  std::string column_name(const std::string& role) const {
    const auto found = options_.columns.find(role);
    return found == options_.columns.end() ? role : found->second;
  }

  Result<void> read_movielens_csv();
  Result<void> read_movielens_dat();
  Result<void> read_generic();
  Result<void> read_generic_items();
  Result<void> read_generic_interactions();
  Result<void> read_genome();
  std::string add_movie(std::string_view id, std::string_view title, std::string_view genres);
  std::string add_rating(std::string_view user, std::string_view item, std::string_view value,
                         std::string_view time);
  std::string add_tag(std::string_view user, std::string_view item, std::string_view tag);
  std::string fill_item(const Fields& fields,
                        const std::vector<std::pair<std::string, std::size_t>>& columns);
  Item* find_item(std::string_view id);
  void attach_tags();
  Result<void> write_rejects() const;

  const ReadOptions& options_;
  const RunControl& control_;
  std::vector<Item> items_;
  std::unordered_map<std::string, Row> rows_;
  InteractionBuilder interactions_;
  std::vector<std::unordered_map<std::string, std::unordered_set<std::string>>>
      taggers_;  // per item: tag -> users
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

Item* Reading::find_item(std::string_view id) {
  const auto found = rows_.find(std::string(id));
  return found == rows_.end() ? nullptr : &items_[found->second];
}

std::string Reading::add_movie(std::string_view id, std::string_view title,
                               std::string_view genres) {
  if (const auto problem = id_problem(id); !problem.empty()) return std::string(problem);
  if (trim(title).empty()) return "the title is empty";
  if (!is_utf8(title) || !is_utf8(genres)) return "the text is not UTF-8";
  if (!rows_.emplace(std::string(id), static_cast<Row>(items_.size())).second) {
    return fmt::format("item {} is there already", id);
  }
  Item item;
  item.id = std::string(id);
  item.raw_title = std::string(title);
  ParsedTitle parsed = parse_title(title);
  item.title = std::move(parsed.title);
  item.year = parsed.year;
  item.alternative_titles = std::move(parsed.alternative_titles);
  if (trim(genres) != "(no genres listed)") item.genres = split_list(genres, '|');
  items_.push_back(std::move(item));
  return {};
}

std::string Reading::add_rating(std::string_view user, std::string_view item,
                                std::string_view value, std::string_view time) {
  float number = 0;
  std::int64_t seconds = 0;
  if (!parse_value(value, number)) return fmt::format("the rating \"{}\" is not a number", value);
  if (!parse_time(time, seconds)) return fmt::format("the time \"{}\" is not a number", time);
  const Row row = interactions_.item_row(item, rows_);
  if (row == kNoRow) {
    ++info_.unknown_item_rows;
    return fmt::format("item \"{}\" is not in the catalogue", item.substr(0, 64));
  }
  if (!interactions_.same_user_as_before(user)) {
    if (const auto problem = id_problem(user); !problem.empty())
      return std::string("user: ") + std::string(problem);
  }
  interactions_.add(user, row, number, seconds);
  return {};
}

std::string Reading::add_tag(std::string_view user, std::string_view item, std::string_view tag) {
  const auto found = rows_.find(std::string(item));
  if (found == rows_.end()) {
    ++info_.unknown_item_rows;
    return fmt::format("item \"{}\" is not in the catalogue", item.substr(0, 64));
  }
  if (!is_utf8(tag)) return "the tag is not UTF-8";
  std::string folded = fold_text(tag);
  if (folded.empty()) folded = std::string(trim(tag));
  if (folded.empty()) return "the tag is empty";
  taggers_.resize(items_.size());
  taggers_[found->second][folded].insert(std::string(user));
  ++info_.tag_rows;
  return {};
}

void Reading::attach_tags() {
  for (std::size_t row = 0; row < taggers_.size(); ++row) {
    for (const auto& [tag, users] : taggers_[row]) {
      items_[row].tags.push_back({tag, static_cast<std::uint32_t>(users.size())});
    }
    std::sort(items_[row].tags.begin(), items_[row].tags.end(),
              [](const TagCount& a, const TagCount& b) {
                return a.count != b.count ? a.count > b.count : a.tag < b.tag;
              });
  }
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

std::string too_short(const Fields& fields, std::size_t columns) {
  for (std::size_t extra = columns; extra < fields.size(); ++extra) {
    if (!trim(fields[extra]).empty())
      return fmt::format("{} fields, {} expected", fields.size(), columns);
  }
  return fields.size() < columns ? fmt::format("{} fields, {} expected", fields.size(), columns)
                                 : std::string();
}

Result<void> Reading::read_movielens_csv() {
  info_.format = "movielens-csv";
  auto movies = read_csv(
      "movies.csv",
      [&](const Fields& f) {
        std::string problem = too_short(f, 3);
        return problem.empty() ? add_movie(f[0], f[1], f[2]) : problem;
      },
      expect_header("movies.csv", {"movieId", "title", "genres"}));
  if (!movies) return movies;
  auto ratings = read_csv(
      "ratings.csv",
      [&](const Fields& f) {
        std::string problem = too_short(f, 4);
        return problem.empty() ? add_rating(f[0], f[1], f[2], f[3]) : problem;
      },
      expect_header("ratings.csv", {"userId", "movieId", "rating", "timestamp"}));
  if (!ratings) return ratings;
  if (there("links.csv")) {
    auto links = read_csv(
        "links.csv",
        [&](const Fields& f) -> std::string {
          if (f.size() < 2) return "fewer than 2 fields";
          Item* item = find_item(f[0]);
          if (item == nullptr) return fmt::format("item \"{}\" is not in the catalogue", f[0]);
          item->imdb_id = std::string(trim(f[1]));
          if (f.size() > 2) item->tmdb_id = std::string(trim(f[2]));
          return {};
        },
        expect_header("links.csv", {"movieId", "imdbId"}));
    if (!links) return links;
  }
  if (there("tags.csv")) {
    auto tags = read_csv(
        "tags.csv",
        [&](const Fields& f) {
          std::string problem = too_short(f, 4);
          return problem.empty() ? add_tag(f[0], f[1], f[2]) : problem;
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
        const auto item = rows_.find(std::string(f[0]));
        const auto column = columns.find(std::string(f[1]));
        if (item == rows_.end() || column == columns.end()) return "unknown item or tag";
        auto& row = relevance[item->second];
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
    return add_movie(f[0], title, f[2]);
  });
  if (!movies) return movies;
  auto ratings = read_dat("ratings.dat", 4,
                          [&](const Fields& f) { return add_rating(f[0], f[1], f[2], f[3]); });
  if (!ratings || !there("tags.dat")) return ratings;
  return read_dat("tags.dat", 4, [&](const Fields& f) {
    return add_tag(f[0], f[1], is_utf8(f[2]) ? std::string(f[2]) : latin1_to_utf8(f[2]));
  });
}

std::string Reading::fill_item(const Fields& fields,
                               const std::vector<std::pair<std::string, std::size_t>>& columns) {
  Item item;
  for (const auto& [role, column] : columns) {
    if (column >= fields.size()) continue;
    const std::string_view cell = trim(fields[column]);
    if (!is_utf8(cell)) return fmt::format("column {} is not UTF-8", role);
    if (role == "id")
      item.id = std::string(cell);
    else if (role == "title")
      item.raw_title = std::string(cell);
    else if (role == "year") {
      if (!cell.empty() && !parse(cell, item.year))
        return fmt::format("the year \"{}\" is not a whole number", cell);
    } else if (role == "genres")
      item.genres = split_list(cell, '|');
    else if (role == "directors")
      item.directors = split_list(cell, '|');
    else if (role == "actors")
      item.actors = split_list(cell, '|');
    else if (role == "keywords")
      item.keywords = split_list(cell, '|');
    else if (role == "countries")
      item.countries = split_list(cell, '|');
    else if (role == "text")
      item.text = std::string(cell);
    else if (role == "tags") {
      for (const auto& tag : split_list(cell, '|')) item.tags.push_back({fold_text(tag), 1});
      info_.tag_rows += item.tags.size();
    } else if (!cell.empty())
      item.attributes[role] = std::string(cell);
  }
  if (const auto problem = id_problem(item.id); !problem.empty()) return std::string(problem);
  ParsedTitle parsed = parse_title(item.raw_title);
  if (item.year == 0) item.year = parsed.year;
  item.title = parsed.title.empty() ? item.id : parsed.title;
  item.alternative_titles = std::move(parsed.alternative_titles);
  if (!rows_.emplace(item.id, static_cast<Row>(items_.size())).second)
    return fmt::format("item {} is there already", item.id);
  items_.push_back(std::move(item));
  return {};
}

Result<void> Reading::read_generic_items() {
  std::vector<std::pair<std::string, std::size_t>> columns;
  return read_csv(
      "items.csv", [&](const Fields& f) { return fill_item(f, columns); },
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

Result<void> Reading::read_generic_interactions() {
  std::optional<std::size_t> user, item, value, time;
  const auto find = [&](const Fields& header,
                        const std::string& role) -> std::optional<std::size_t> {
    for (std::size_t c = 0; c < header.size(); ++c) {
      if (trim(header[c]) == column_name(role)) return c;
    }
    return std::nullopt;
  };
  return read_csv(
      "interactions.csv",
      [&](const Fields& f) -> std::string {
        const std::size_t needed = std::max({*user, *item, value.value_or(0), time.value_or(0)});
        if (f.size() <= needed) return fmt::format("{} fields, {} expected", f.size(), needed + 1);
        return add_rating(f[*user], f[*item], value ? f[*value] : std::string_view("5"),
                          time ? f[*time] : std::string_view("0"));
      },
      [&](const Fields& header) -> Result<void> {
        user = find(header, "user");
        item = find(header, "item");
        value = find(header, "value");
        time = find(header, "time");
        for (const auto& [role, column] : {std::pair{"user", user}, std::pair{"item", item}}) {
          if (!column) {
            return Error{
                ErrorCode::kInvalidInput,
                fmt::format(
                    "interactions.csv: line 1: no column \"{}\"; name it with --columns {}=NAME",
                    column_name(role), role)};
          }
        }
        for (const auto& [role, column] : {std::pair{"value", value}, std::pair{"time", time}}) {
          if (!column && options_.columns.contains(role)) {
            return Error{
                ErrorCode::kInvalidInput,
                fmt::format("interactions.csv: line 1: no column \"{}\", which --columns names",
                            column_name(role))};
          }
        }
        return {};
      });
}

Result<void> Reading::read_generic() {
  info_.format = "generic";
  if (auto items = read_generic_items(); !items) return items;
  return read_generic_interactions();
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
  if (there("movies.csv") && there("ratings.csv")) {
    read = read_movielens_csv();
  } else if (there("movies.dat") && there("ratings.dat")) {
    read = read_movielens_dat();
  } else if (there("items.csv") && there("interactions.csv")) {
    read = read_generic();
  } else {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: holds neither movies.csv + ratings.csv, nor movies.dat + "
                             "ratings.dat, nor items.csv + interactions.csv",
                             options_.directory.string())};
  }
  if (!read) return read.error();
  attach_tags();
  if (auto written = write_rejects(); !written) return written.error();
  Dataset dataset;
  info_.duplicate_interactions = 0;
  dataset.interactions = interactions_.build(dataset.users, info_.duplicate_interactions);
  dataset.catalog = Catalog(std::move(items_));
  dataset.catalog.genome = std::move(genome_);
  info_.name = std::filesystem::weakly_canonical(options_.directory).filename().string();
  info_.source = options_.directory.string();
  info_.items = dataset.catalog.size();
  info_.users = dataset.users.size();
  info_.interactions = dataset.interactions.size();
  info_.rejects = rejects_.size();
  dataset.info = info_;
  dataset.info.hash = dataset_hash(dataset);
  return dataset;
}

Result<Catalog> Reading::run_catalog() {
  if (auto read = read_generic_items(); !read) return read.error();
  return Catalog(std::move(items_));
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
