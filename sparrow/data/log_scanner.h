// LogScanner: a piece of a log's text -> columns of interactions. Plain rows are read eight bytes
// at a time; any other record goes to RecordReader, so that both give the same result.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/data/id_table.h"
#include "sparrow/data/log_layout.h"
#include "sparrow/data/records.h"

namespace sparrow::data {

// Consecutive interactions of one user: a small number, or a text.
struct UserRun {
  static constexpr std::uint32_t kText = 1U << 31;  // with the position in LogChunk::texts
  std::uint32_t user = 0;
  std::uint32_t count = 0;
};

// What a scan gathers, in the order of the text.
struct LogChunk {
  std::vector<Row> items;
  std::vector<float> values;
  std::vector<std::int64_t> times;
  std::size_t size = 0;  // of the three columns, which may be longer
  std::vector<UserRun> runs;
  std::vector<std::string_view> texts;
  std::deque<std::string> owned;  // texts that were unescaped
  std::vector<Reject> rejects;    // lines count from the chunk's first as 0; no file name
  std::uint64_t rows = 0;         // records, used or not
  std::uint64_t unknown_items = 0;
  std::uint64_t newlines = 0;
  std::size_t end = 0;      // where the next record begins
  bool unfinished = false;  // the text ends inside the record at `end`

  void clear();
};

// What stands between the fields of plain rows, and how their times are written. kComma, kColons:
// known when this is compiled, times are seconds; kAny: looked up in a RowForm.
enum class PlainForm { kComma, kColons, kAny };

// A row of kAny: `quote` (0: none), four fields with `between` between them, `quote`, then the line
// end.
struct RowForm {
  std::uint32_t between = 0;  // the bytes between two fields, quotes included, and the mask of them
  std::uint32_t mask = 0;
  std::uint32_t bytes = 1;  // how many they are
  char quote = 0;
  std::int64_t units = 1;  // a second has; 0: dates as "2015-03-31 23:59:59"
};

// The last date that was read, as rows of one day often stand together.
struct KnownDay {
  std::uint64_t text = 1;  // "2015-03-"; 1: none yet
  std::uint16_t day = 0;   // "31"
  std::int64_t seconds = 0;
};

class LogScanner {
 public:
  LogScanner(const LogLayout& layout, const IdTable& items);

  struct Piece {
    std::string_view text;  // goes on behind the piece
    std::size_t begin = 0;  // a record begins here
    std::size_t end = 0;    // records that begin before it belong to the piece
    bool last = true;       // nothing comes after `text`
  };
  void scan(const Piece& piece, LogChunk& chunk);

 private:
  template <PlainForm form>
  const char* plain_rows(const char* at, const char* end, RowForm row);
  template <PlainForm form>
  const char* plain_user(const char* at, RowForm row);
  const char* plain_rows_of_any_form(const char* at, const char* end);
  const char* slow_record(const char* at);
  void use(const Fields& fields, std::uint64_t line);
  void start_run(std::uint32_t user);
  void start_text_run(std::string_view user, bool copy);
  void make_room();

  const LogLayout layout_;
  const IdTable& items_;
  std::vector<float> decimals_;  // the value of "a.b" at 10 a + b
  Piece piece_;
  LogChunk* chunk_ = nullptr;
  std::size_t capacity_ = 0;
  std::uint64_t user_word_ = 1;  // the last user's digits and separator, to recognise it again
  std::uint64_t user_mask_ = 0;
  std::size_t user_bytes_ = 0;
  RowForm bare_;
  RowForm quoted_;
  KnownDay known_day_;
  RecordReader reader_{std::string_view(), Dialect()};
};

}  // namespace sparrow::data
