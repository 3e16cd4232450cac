// Records of delimited text: RFC 4180 CSV, and the `::` files of the older MovieLens sets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sparrow::data {

// Reads comma-separated records: quotes, doubled quotes, separators and line ends inside quotes,
// CRLF or LF, a UTF-8 byte order mark at the start. Fields stay valid until the next call.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);

  // Goes on at a record that begins at `position`; lines are counted from there as 1.
  void seek(std::size_t position) {
    position_ = position;
    next_line_ = 1;
  }

  // The next record that is not an empty line; false at the end.
  bool next();
  const std::vector<std::string_view>& fields() const { return fields_; }
  // First physical line of the record, from 1.
  std::uint64_t line() const { return line_; }
  // Why this record is not well-formed; empty when it is.
  std::string_view problem() const { return problem_; }
  // Bytes consumed, for progress.
  std::size_t position() const { return position_; }

 private:
  void read_quoted();
  void read_plain();
  bool end_field();

  std::string_view text_;
  std::size_t position_ = 0;
  std::uint64_t line_ = 0;
  std::uint64_t next_line_ = 1;
  std::vector<std::string_view> fields_;
  std::vector<std::string> unescaped_;  // storage of fields with doubled quotes
  std::size_t unescaped_used_ = 0;
  std::string_view problem_;
};

// Splits one line of a .dat file at "::".
std::vector<std::string_view> split_dat(std::string_view line);

// Latin-1 (ISO 8859-1) as UTF-8.
std::string latin1_to_utf8(std::string_view text);

}  // namespace sparrow::data
