#include "sparrow/data/table_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/data/field_values.h"
#include "sparrow/data/log_source.h"

namespace sparrow::data {
namespace {

constexpr std::size_t kSampleRows = 2000;

std::variant<RecordReader, JsonRecords> reader_of(const TableFile& file, std::string_view text) {
  if (file.dialect.form == TextForm::kDelimited) return RecordReader(text, file.dialect);
  return JsonRecords(text, file.dialect.form, file.columns);
}

// Names that are there once each: a second "title" is "title 2".
void make_unique(std::vector<std::string>& columns) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].empty()) columns[c] = fmt::format("column {}", c + 1);
    const std::string name = columns[c];
    for (int n = 2; std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(c),
                              columns[c]) != columns.begin() + static_cast<std::ptrdiff_t>(c);
         ++n)
      columns[c] = fmt::format("{} {}", name, n);
  }
}

}  // namespace

std::vector<std::string_view> TableFile::sample(std::size_t column) const {
  std::vector<std::string_view> values;
  values.reserve(rows.size());
  for (const auto& row : rows) values.push_back(row[column]);
  return values;
}

Result<TableFile> look_at_table(const std::filesystem::path& path, const DialectOverride& given) {
  auto bytes = read_log_sample(path);
  if (!bytes) return bytes.error();
  TableFile file;
  file.path = path;
  if (trim(*bytes).empty()) return Error{ErrorCode::kInvalidInput, path.string() + ": is empty"};
  file.dialect = find_dialect(*bytes, given);
  std::string text = decode_text(*bytes, file.dialect.encoding);
  if (file.dialect.line_end == LineEnd::kCr) std::replace(text.begin(), text.end(), '\r', '\n');
  const bool json = file.dialect.form != TextForm::kDelimited;
  if (json) {
    file.columns = json_columns(text, file.dialect.form);
  } else if (RecordReader first(text, file.dialect); first.next()) {
    for (std::size_t c = 0; c < first.fields().size(); ++c) {
      const auto name = trim(first.fields()[c]);
      file.columns.push_back(file.dialect.header ? std::string(without_type(name)) : "");
    }
    if (file.dialect.header && file.dialect.fields < file.columns.size())
      file.dialect.fields = file.columns.size();
  }
  make_unique(file.columns);
  TableReader reader(file, text);
  while (file.rows.size() < kSampleRows && reader.next()) {
    const bool cut = reader.position() >= text.size() && bytes->size() >= kLogSampleBytes;
    if (cut || !reader.problem().empty()) continue;
    file.rows.emplace_back();
    for (const auto field : reader.fields()) file.rows.back().emplace_back(trim(field));
    file.rows.back().resize(file.columns.size());
  }
  return file;
}

TableReader::TableReader(const TableFile& file, std::string_view text)
    : reader_(reader_of(file, text)), filter_(file.filter) {
  if (file.dialect.form == TextForm::kDelimited && file.dialect.header)
    std::get<RecordReader>(reader_).next();
  const auto at = std::find(file.columns.begin(), file.columns.end(), filter_.column);
  filter_column_ = static_cast<std::size_t>(at - file.columns.begin());
}

bool TableReader::kept() const {
  if (filter_.column.empty() || !problem().empty() || filter_column_ >= fields().size())
    return true;
  return std::find(filter_.values.begin(), filter_.values.end(), fields()[filter_column_]) !=
         filter_.values.end();
}

bool TableReader::next() {
  while (std::visit([](auto& reader) { return reader.next(); }, reader_)) {
    if (kept()) return true;
  }
  return false;
}

const std::vector<std::string_view>& TableReader::fields() const {
  return std::visit(
      [](const auto& reader) -> const auto& { return reader.fields(); }, reader_);
}
std::uint64_t TableReader::line() const {
  return std::visit([](const auto& reader) { return reader.line(); }, reader_);
}
std::string_view TableReader::problem() const {
  return std::visit([](const auto& reader) { return reader.problem(); }, reader_);
}
std::size_t TableReader::position() const {
  return std::visit([](const auto& reader) { return reader.position(); }, reader_);
}

}  // namespace sparrow::data
