// LogLayout: where a log of interactions keeps user, item, value and time, and what makes a record
// an interaction. The fast scanner and the reference reader share these rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sparrow/core/row.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/id_table.h"

namespace sparrow::data {

struct LogLayout {
  enum class Form { kCsv, kDat };  // RFC 4180, or fields between "::"
  enum class Extra {
    kBlank,
    kAny,
    kNone
  };  // fields after the last column: if blank, always, never

  Form form = Form::kCsv;
  std::size_t user = 0;
  std::size_t item = 1;
  std::optional<std::size_t> value = 2;  // absent: 5
  std::optional<std::size_t> time = 3;   // absent: 0
  std::size_t columns = 4;               // fields a record must have
  Extra extra = Extra::kBlank;

  // user, item, value, time and nothing else: what the fast scanner reads.
  bool is_plain() const {
    return user == 0 && item == 1 && value == 2U && time == 3U && columns == 4;
  }
};

// A row that was not used, and why. Written to the rejects file.
struct Reject {
  std::string file;
  std::uint64_t line = 0;  // first physical line of the record, from 1
  std::string reason;
};

// One interaction; `user` lives as long as the record's fields.
struct LogRow {
  std::string_view user;
  Row item = kNoRow;
  float value = 0;
  std::int64_t time = 0;
};

enum class RowFault { kNone, kMalformed, kUnknownItem };

// Takes a record apart. `reason` is set unless the result is kNone.
RowFault read_log_row(const Fields& fields, const LogLayout& layout, const IdTable& items,
                      LogRow& row, std::string& reason);

}  // namespace sparrow::data
