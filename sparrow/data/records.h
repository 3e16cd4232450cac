// RecordReader: records of delimited text in any dialect. One bad line costs one line: a quote that
// is not closed where its record could end is taken as a fault of its line, and reading goes on at
// the next.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/data/dialect.h"

namespace sparrow::data {

// Reads UTF-8 text with LF or CRLF (log_source.h makes it of other encodings and of CR): quotes,
// separators and line ends inside quotes, a byte order mark at the start. Fields stay valid until
// the next call.
class RecordReader {
 public:
  // Whether text may follow behind the end of `text`.
  enum class Behind { kNothing, kMore };

  RecordReader(std::string_view text, Dialect dialect, Behind behind = Behind::kNothing);

  // Goes on at a record that begins at `position`; lines are counted from there as 1.
  void seek(std::size_t position) {
    position_ = position;
    next_line_ = 1;
  }

  // The next record that is not an empty line; false at the end.
  bool next();
  const std::vector<std::string_view>& fields() const { return fields_; }
  // First physical line of the record, from 1; and how many it takes.
  std::uint64_t line() const { return line_; }
  std::uint64_t lines() const { return next_line_ - line_; }
  // Why this record is not well-formed; empty when it is.
  std::string_view problem() const { return problem_; }
  // Bytes consumed. With more text behind, a record that reaches the end is not to be trusted.
  std::size_t position() const { return position_; }

 private:
  void read_record();
  void read_quoted();
  void read_plain();
  bool end_field();
  bool at_separator(std::size_t position) const;
  std::string_view unescaped(std::string_view raw);
  std::size_t line_end(std::size_t from) const;

  std::string_view text_;
  Dialect dialect_;
  Behind behind_;
  std::size_t position_ = 0;
  std::uint64_t line_ = 0;
  std::uint64_t next_line_ = 1;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unescaped_;  // storage of fields with escaped quotes
  std::size_t unescaped_used_ = 0;
  std::string_view problem_;
};

}  // namespace sparrow::data
