// read_dataset(): find the files, tell their columns, read the catalogue, then everything that
// refers to it. What was found, used and left out goes into DatasetInfo.
#include "sparrow/data/dataset_reader.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/core/file.h"
#include "sparrow/core/text.h"
#include "sparrow/data/catalog_builder.h"
#include "sparrow/data/log_source.h"
#include "sparrow/data/movielens_files.h"
#include "sparrow/data/source_files.h"

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
  using RowUse = std::function<std::string(const Fields&)>;  // the reason to reject, or empty

  Result<void> find_files();
  Result<void> map_columns();
  Result<void> read_table(TableFile file, const std::string& kind, const RowUse& row);
  Result<void> read_catalog_files();
  Result<void> read_further_files();
  Result<LogFile> log_file();
  LogPart log_part(const TableFile& table, const ColumnMapping& mapping);
  Result<void> read_interactions();
  Result<void> judge_log(const LogFile& log);
  Result<void> judge_values();
  Result<void> close_file(const SourceFile& file, std::size_t rejected_before,
                          std::uint64_t bad) const;
  Error not_joined() const;
  Result<void> write_rejects() const;
  void note(std::string text) { info_.notes.push_back(std::move(text)); }

  const ReadOptions& options_;
  const RunControl& control_;
  SourceFiles files_;
  std::vector<ColumnMapping> log_columns_;  // of each part
  std::vector<ColumnMapping> item_columns_;
  CatalogBuilder catalog_;
  LogContent log_;
  std::vector<Reject> rejects_;
  std::uint64_t reject_count_ = 0;
  DatasetInfo info_;
  TagGenome genome_;
};

std::vector<std::pair<std::string, std::string>> used_columns(const TableFile& file,
                                                              const ColumnMapping& mapping) {
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t c = 0; c < file.columns.size(); ++c) {
    std::string role;
    for (const auto& [name, column] : mapping.roles) {
      if (column == c && (role.empty() || name == "item")) role = name;
    }
    columns.emplace_back(file.columns[c], role);
  }
  return columns;
}

// Rejects beyond these are counted, not kept.
constexpr std::size_t kMostRejects = 100'000;

Result<void> Reading::close_file(const SourceFile& file, std::size_t rejected_before,
                                 std::uint64_t bad) const {
  const double share =
      file.rows == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(file.rows);
  if (bad == 0 || share <= options_.max_rejects) return {};
  if (auto written = write_rejects(); !written) return written;
  const auto first = std::find_if(
      rejects_.begin() + static_cast<std::ptrdiff_t>(std::min(rejected_before, rejects_.size())),
      rejects_.end(), [](const Reject& r) { return !r.reason.ends_with("in the catalogue"); });
  const std::string example = first == rejects_.end()
                                  ? ""
                                  : fmt::format(" First: line {}: {}.", first->line, first->reason);
  return Error{
      ErrorCode::kInvalidInput,
      fmt::format(
          "{}: {} of {} lines rejected, more than --max-rejects {} allows.{}{} The "
          "file was read as {}",
          file.name, bad, file.rows, options_.max_rejects, example,
          options_.rejects_file.empty() ? "" : " All: " + options_.rejects_file.string() + ".",
          file.dialect)};
}

// A file of the catalogue, or beside it: small, as it is held in memory as text.
Result<void> Reading::read_table(TableFile file, const std::string& kind, const RowUse& row) {
  auto text = read_log_text(file.path, file.dialect);
  if (!text) return text.error();
  if (file.dialect.encoding == Encoding::kUtf8 && !is_utf8(*text)) {
    file.dialect.encoding = Encoding::kWindows1252;
    text = read_log_text(file.path, file.dialect);
    if (!text) return text.error();
  }
  SourceFile report{file.name(), kind, dialect_text(file.dialect), 0, 0, {}};
  TableReader reader(file, *text);
  const std::size_t rejected_before = rejects_.size();
  constexpr std::uint64_t kReportEvery = 1 << 18;
  while (reader.next()) {
    std::string reason =
        reader.problem().empty() ? row(reader.fields()) : std::string(reader.problem());
    if (!reason.empty()) {
      ++report.rejected_lines;
      ++reject_count_;
      if (rejects_.size() < kMostRejects)
        rejects_.push_back({report.name, reader.line(), std::move(reason)});
    }
    if (++report.rows % kReportEvery == 0) {
      control_.report(
          {"read " + report.name, reader.position() >> 20, text->size() >> 20, "MB", 0});
      if (control_.is_cancelled()) return Error{ErrorCode::kUnavailable, "cancelled"};
    }
  }
  if (report.rows == 0)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: no rows behind the header. It was read as {}; its columns are {}",
                             file.path.string(), report.dialect, fmt::join(file.columns, ", "))};
  info_.files.push_back(std::move(report));
  return close_file(info_.files.back(), rejected_before, info_.files.back().rejected_lines);
}

Result<void> Reading::find_files() {
  if (auto roles = check_roles(options_.columns); !roles) return roles;
  SourceQuery query;
  query.data = options_.directory;
  query.items = options_.items;
  query.interactions = options_.interactions;
  query.columns = options_.columns;
  query.dialect = options_.dialect;
  query.scratch = options_.scratch;
  auto found = find_source_files(query);
  if (!found) return found.error();
  files_ = std::move(*found);
  info_.format = files_.format;
  info_.notes = std::move(files_.notes);
  return {};
}

// The log is mapped with the catalogue's ids, the catalogue with the log's: whichever has usual
// names helps the other.
Result<void> Reading::map_columns() {
  std::set<std::string> ids;
  for (const TableFile& items : files_.items) {
    for (std::size_t c = 0; c < items.columns.size(); ++c) {
      const auto values = items.sample(c);
      const std::set<std::string_view> distinct(values.begin(), values.end());
      if (distinct.size() * 10 < values.size() * 9) continue;
      ids.insert(distinct.begin(), distinct.end());
    }
  }
  LoggedItems logged;
  for (const TableFile& part : files_.log) {
    auto mapping = map_log_columns(part, options_.columns, ids);
    if (!mapping) return mapping.error();
    const std::size_t item = *mapping->find("item");
    logged.column = part.columns[item];
    for (const auto value : part.sample(item)) logged.ids.emplace(value);
    if (log_columns_.empty())
      std::copy(mapping->notes.begin(), mapping->notes.end(), std::back_inserter(info_.notes));
    log_columns_.push_back(std::move(*mapping));
  }
  GivenColumns given = options_.columns;
  for (const TableFile& items : files_.items) {
    // The log's item column names the catalogue's id too, where it has one of that name.
    const auto item = given.find("item");
    if (item != given.end() && !given.contains("id") &&
        std::find(items.columns.begin(), items.columns.end(), item->second) != items.columns.end())
      given["id"] = item->second;
    auto mapping = map_catalog_columns(items, given, logged);
    if (!mapping) return mapping.error();
    if (item_columns_.empty())
      std::copy(mapping->notes.begin(), mapping->notes.end(), std::back_inserter(info_.notes));
    item_columns_.push_back(std::move(*mapping));
  }
  return {};
}

// The names of a film's flags in u.item, as one cell.
std::string flags_of(const TableFile& file, const Fields& fields, std::size_t first) {
  std::string names;
  for (std::size_t c = first; c < std::min(fields.size(), file.columns.size()); ++c) {
    if (trim(fields[c]) == "1") names += (names.empty() ? "" : "|") + file.columns[c];
  }
  return names;
}

Result<void> Reading::read_catalog_files() {
  for (std::size_t f = 0; f < files_.items.size(); ++f) {
    const TableFile& file = files_.items[f];
    ColumnMapping mapping = item_columns_[f];
    TableFile described = file;
    const bool flags = files_.format == "movielens-100k";
    constexpr std::size_t kFirstFlag = 5;
    if (flags) {  // one column of genres in place of nineteen
      described.columns.resize(kFirstFlag);
      described.columns.emplace_back("genres");
      std::erase_if(mapping.roles, [](const auto& role) { return role.second >= kFirstFlag; });
      mapping.roles["genres"] = kFirstFlag;
    }
    ItemColumns columns = catalog_.columns_of(described, mapping);
    columns.title_form = files_.format == "generic" ? TitleForm::kPlain : TitleForm::kMovieLens;
    columns.id_form = options_.id_form;
    Fields with_genres;
    auto read = read_table(file, "catalogue", [&](const Fields& fields) {
      if (!flags) return catalog_.add_record(fields, columns);
      const std::string genres = flags_of(file, fields, kFirstFlag);
      with_genres.assign(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(
                                                              std::min(fields.size(), kFirstFlag)));
      with_genres.resize(kFirstFlag);
      with_genres.push_back(genres);
      return catalog_.add_record(with_genres, columns);
    });
    if (!read) return read;
    info_.files.back().columns = used_columns(described, mapping);
  }
  return {};
}

Result<void> Reading::read_further_files() {
  if (files_.directory.empty() || !files_.format.starts_with("movielens")) return {};
  const auto read = [this](const std::filesystem::path& path,
                           const std::vector<std::string>& columns,
                           const RecordUse& row) -> Result<void> {
    auto file = look_at_table(path, {});
    if (!file) return file.error();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c >= file->columns.size() || file->columns[c] != columns[c])
        return Error{ErrorCode::kInvalidInput, fmt::format("{}: line 1: column {} should be \"{}\"",
                                                           path.string(), c + 1, columns[c])};
    }
    return read_table(std::move(*file), "beside the catalogue", row);
  };
  return read_movielens_files(files_.directory, catalog_, genome_, read);
}

LogPart Reading::log_part(const TableFile& table, const ColumnMapping& mapping) {
  LogPart part;
  part.path = table.path;
  part.filter = table.filter;
  part.columns = table.columns;
  LogLayout& layout = part.layout;
  layout.dialect = table.dialect;
  layout.user = *mapping.find("user");
  layout.item = *mapping.find("item");
  layout.value = mapping.find("value");
  layout.time = mapping.find("time");
  layout.id_form = options_.id_form;
  if (const auto event = mapping.find("event"); event && !layout.value) {
    layout.value = event;
    layout.event_weights = options_.event_weights;
    if (layout.event_weights.empty()) layout.event_weights["view"] = usual_event_weight("view");
  }
  if (layout.time) {
    const auto times = table.sample(*layout.time);
    layout.time_form = find_time_form(times);
    const bool none = std::all_of(times.begin(), times.end(), [](auto t) { return t.empty(); });
    if (none) layout.time.reset();
  }
  layout.columns =
      1 + std::max({layout.user, layout.item, layout.value.value_or(0), layout.time.value_or(0)});
  return part;
}

Result<LogFile> Reading::log_file() {
  LogFile log;
  log.threads = options_.threads;
  log.memory_bytes = options_.memory_bytes;
  log.scratch = options_.scratch;
  for (std::size_t p = 0; p < files_.log.size(); ++p)
    log.parts.push_back(log_part(files_.log[p], log_columns_[p]));
  const LogLayout& first = log.parts.front().layout;
  if (!options_.event_weights.empty() && first.event_weights.empty())
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--event-weights: {} has no column of events; name it with --columns "
                             "event=NAME",
                             log.parts.front().path.string())};
  if (!first.event_weights.empty()) {
    std::set<std::string> names;
    for (const auto name : files_.log.front().sample(*first.value)) names.emplace(name);
    std::vector<std::string> weights;
    for (const auto& name : names) {
      const auto given = first.event_weights.find(fold_text(name));
      weights.push_back(fmt::format(
          "{}={:.4g}", name,
          given == first.event_weights.end() ? usual_event_weight(name) : given->second));
    }
    note(fmt::format("events weigh {}; --event-weights changes it", fmt::join(weights, ",")));
  }
  return log;
}

// The ids that a log would have if it were read in the other form.
Error Reading::not_joined() const {
  const TableFile& table = files_.log.front();
  const auto item = *log_columns_.front().find("item");
  std::set<std::string> ids;
  std::string storage;
  const IdTable& rows = catalog_.rows();
  for (std::size_t i = 0; i < rows.size(); ++i)
    ids.emplace(formed_id(rows[static_cast<std::uint32_t>(i)], IdForm::kNumber, storage));
  std::size_t known = 0;
  const auto sample = table.sample(item);
  for (const auto value : sample)
    known += ids.contains(std::string(formed_id(value, IdForm::kNumber, storage))) ? 1U : 0U;
  const bool mends = options_.id_form == IdForm::kAsWritten && known * 2 > sample.size();
  return {ErrorCode::kInvalidInput,
          fmt::format(
              "{}: only {:.0f} % of its rows are about items of the catalogue: column \"{}\" has "
              "for example \"{}\", the catalogue's ids are like \"{}\". {}",
              table.path.string(), 100 * info_.joined, table.columns[item],
              sample.empty() ? "" : sample.front(), rows.size() > 0 ? rows[0] : "",
              mends ? "They differ in leading zeros or \".0\" only: --id-form number reads both as "
                      "numbers"
                    : "Name the columns with --columns item=NAME,id=NAME, or allow it with "
                      "--min-joined 0")};
}

Result<void> Reading::judge_log(const LogFile& log) {
  SourceFile report{log.parts.front().path.filename().string(),
                    "log",
                    dialect_text(log.parts.front().layout.dialect),
                    log_.rows,
                    0,
                    used_columns(files_.log.front(), log_columns_.front())};
  if (log.parts.size() > 1) report.name += fmt::format(" and {} more parts", log.parts.size() - 1);
  report.rejected_lines = log_.reject_count - log_.unknown_items;
  if (log_.rows == 0)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: no rows behind the header. It was read as {}; its columns are {}",
                             log.parts.front().path.string(), report.dialect,
                             fmt::join(files_.log.front().columns, ", "))};
  info_.files.push_back(report);
  info_.log_rows = log_.rows;
  const std::uint64_t sound = log_.rows - report.rejected_lines;
  info_.joined =
      sound == 0 ? 0 : static_cast<double>(sound - log_.unknown_items) / static_cast<double>(sound);
  const std::size_t rejected_before = rejects_.size();
  reject_count_ += log_.reject_count;
  for (Reject& reject : log_.rejects) {
    if (rejects_.size() < kMostRejects) rejects_.push_back(std::move(reject));
  }
  log_.rejects.clear();
  if (auto closed = close_file(report, rejected_before, report.rejected_lines); !closed)
    return closed;
  if (info_.joined < options_.min_joined) {
    if (auto written = write_rejects(); !written) return written;
    return not_joined();
  }
  info_.ordered = std::any_of(log.parts.begin(), log.parts.end(),
                              [](const LogPart& part) { return part.layout.time.has_value(); });
  if (!info_.ordered)
    note(
        "the log has no times: the order inside a history is that of the file, and methods of "
        "sequences (item2vec, walks) learn what stands together, not what follows");
  else
    note(fmt::format("times are {}", time_form_text(log.parts.front().layout.time_form)));
  return {};
}

// What the values mean, and what is liked.
Result<void> Reading::judge_values() {
  const auto& values = log_.interactions.values;
  ScaleOptions scale;
  scale.min_value = options_.min_value;
  scale.scale = options_.scale;
  const ColumnMapping& mapping = log_columns_.front();
  scale.events = !mapping.find("value") && mapping.find("event");
  scale.values = mapping.find("value") || mapping.find("event");
  if (const auto column = mapping.find("value")) scale.column = files_.log.front().columns[*column];
  auto found = find_scale({values.data(), values.size()}, scale);
  if (!found) return found.error();
  info_.scale = *found;
  if (values.empty() || info_.scale.liked_share > 0) {
    if (options_.min_value && info_.scale.liked_share == 1)
      note(
          fmt::format("--min-value {:.4g} leaves everything: all values, from {:.4g} to {:.4g}, "
                      "are liked",
                      *options_.min_value, info_.scale.low, info_.scale.high));
    return {};
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return Error{
      ErrorCode::kInvalidInput,
      fmt::format("nothing is liked: liked begins at {:.4g}, and the values go from {:.4g} "
                  "to {:.4g}. Give --min-value, or --scale for what they mean",
                  info_.scale.liked, *least, *most)};
}

Result<void> Reading::read_interactions() {
  auto log = log_file();
  if (!log) return log.error();
  if (files_.items.empty()) {
    auto items = options_.log_reader.read_items(*log, log_columns_.front().find("title"));
    if (!items) return items.error();
    for (std::uint32_t i = 0; i < items->ids.size(); ++i)
      catalog_.add_bare(items->ids[i], i < items->titles.size() ? items->titles[i] : "");
    note("there is no catalogue: the items are those of the log, and what they are is not known");
  }
  const auto read = [&]() { return options_.log_reader.read(*log, catalog_.rows(), control_); };
  auto content = read();
  if (!content) return content.error();
  // Bytes that are no UTF-8 behind the part that was looked at: another encoding than was thought.
  const bool foreign =
      std::any_of(content->rejects.begin(), content->rejects.end(), [](const Reject& reject) {
        return !is_utf8(reject.reason) || reject.reason.ends_with("not UTF-8");
      });
  if (foreign && options_.dialect.encoding.empty()) {
    for (LogPart& part : log->parts) {
      if (part.layout.dialect.encoding == Encoding::kUtf8)
        part.layout.dialect.encoding = Encoding::kWindows1252;
    }
    content = read();
    if (!content) return content.error();
  }
  log_ = std::move(*content);
  if (auto judged = judge_log(*log); !judged) return judged;
  return judge_values();
}

Result<void> Reading::write_rejects() const {
  if (options_.rejects_file.empty()) return {};
  std::string text = "file\tline\treason\n";
  for (const Reject& r : rejects_) text += fmt::format("{}\t{}\t{}\n", r.file, r.line, r.reason);
  if (reject_count_ > rejects_.size())
    text += fmt::format("...\t\tand {} more\n", reject_count_ - rejects_.size());
  return write_file_atomically(options_.rejects_file, text);
}

// The name of what was given: of the folder, else of the file.
std::string name_of(const ReadOptions& options) {
  const auto& given = !options.directory.empty()      ? options.directory
                      : !options.interactions.empty() ? options.interactions
                                                      : options.items;
  const auto whole = std::filesystem::weakly_canonical(given);
  return std::filesystem::is_directory(whole)
             ? whole.filename().string()
             : std::filesystem::path(unpacked_name(whole)).stem().string();
}

Result<Dataset> Reading::run() {
  if (auto found = find_files(); !found) return found.error();
  if (auto mapped = map_columns(); !mapped) return mapped.error();
  if (auto read = read_catalog_files(); !read) return read.error();
  if (files_.log.empty()) {
    info_.scale.name = "none";
    note("there is no log: nothing is known of behavior, lists go by what the items are");
  } else if (auto read = read_interactions(); !read) {
    return read.error();
  }
  if (auto read = read_further_files(); !read) return read.error();
  if (auto written = write_rejects(); !written) return written.error();
  Dataset dataset;
  info_.unknown_item_rows = log_.unknown_items + catalog_.unknown_item_rows();
  info_.duplicate_interactions = log_.duplicates;
  dataset.interactions = std::move(log_.interactions);
  dataset.interactions_file = std::move(log_.file);
  dataset.users = std::move(log_.users);
  dataset.catalog = catalog_.take_catalog();
  dataset.catalog.genome = std::move(genome_);
  info_.tag_rows = catalog_.tag_rows();
  info_.dropped_values = catalog_.faults().dropped_values;
  info_.cleaned_titles = catalog_.faults().cleaned_titles;
  if (info_.dropped_values > 0)
    note(fmt::format(
        "{} values of items say nothing and were left out{}", info_.dropped_values,
        catalog_.faults().example.empty() ? "" : ", the first: " + catalog_.faults().example));
  info_.name = name_of(options_);
  info_.source = (!options_.directory.empty()      ? options_.directory
                  : !options_.interactions.empty() ? options_.interactions
                                                   : options_.items)
                     .string();
  info_.items = dataset.catalog.size();
  info_.users = dataset.users.size();
  info_.interactions = dataset.interactions.size();
  info_.rejects = reject_count_;
  dataset.info = std::move(info_);
  if (auto sealed = seal_dataset(dataset); !sealed) return sealed.error();
  return dataset;
}

Result<Catalog> Reading::run_catalog() {
  if (auto found = find_files(); !found) return found.error();
  if (auto mapped = map_columns(); !mapped) return mapped.error();
  if (auto read = read_catalog_files(); !read) return read.error();
  return catalog_.take_catalog();
}

}  // namespace

Result<Dataset> read_dataset(const ReadOptions& options, const RunControl& control) {
  return Reading(options, control).run();
}

Result<Catalog> read_catalog(const std::filesystem::path& items_csv) {
  ReadOptions options;
  options.items = items_csv;
  options.max_rejects = 0;
  const RunControl control;
  return Reading(options, control).run_catalog();
}

}  // namespace sparrow::data
