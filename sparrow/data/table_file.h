// TableFile: a file of records as it was found: dialect, names of columns, its first rows.
// TableReader reads all of it, whatever the dialect.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/data/dialect.h"
#include "sparrow/data/json_records.h"
#include "sparrow/data/records.h"

namespace sparrow::data {

// Keeps the records whose column has one of these values; of files that hold several kinds
// (Metarank's events). Empty column: all.
struct RecordFilter {
  std::string column;
  std::vector<std::string> values;
};

struct TableFile {
  std::filesystem::path path;
  Dialect dialect;
  std::vector<std::string> columns;  // as the header has them; "column 1" where there is none
  std::vector<std::vector<std::string>> rows;  // the first well-formed ones, as long as `columns`
  RecordFilter filter;

  // The values of a column in `rows`.
  std::vector<std::string_view> sample(std::size_t column) const;
  std::string name() const { return path.filename().string(); }
};

// Errors: those of the file; kInvalidInput when it is empty.
Result<TableFile> look_at_table(const std::filesystem::path& path, const DialectOverride& given);

class TableReader {
 public:
  // `text`: UTF-8, the whole file; must outlive this.
  TableReader(const TableFile& file, std::string_view text);

  // The next record of the filter, behind the header.
  bool next();
  const std::vector<std::string_view>& fields() const;
  std::uint64_t line() const;
  std::string_view problem() const;
  std::size_t position() const;

 private:
  bool kept() const;
  std::variant<RecordReader, JsonRecords> reader_;
  RecordFilter filter_;
  std::size_t filter_column_ = 0;
};

}  // namespace sparrow::data
