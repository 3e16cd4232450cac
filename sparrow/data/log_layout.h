// LogLayout: where a log of interactions keeps user, item, value and time, and what makes a record
// an interaction. The fast scanner and the reference reader share these rules.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sparrow/core/row.h"
#include "sparrow/data/dialect.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/id_table.h"
#include "sparrow/data/time_form.h"

namespace sparrow::data {

// kAsWritten: ids are bytes, without spaces around them. kNumber: "5805.0" and "0005805" are 5805.
enum class IdForm { kAsWritten, kNumber };

struct LogLayout {
  Dialect dialect;
  std::size_t user = 0;
  std::size_t item = 1;
  std::optional<std::size_t> value = 2;  // absent: 1
  std::optional<std::size_t> time = 3;   // absent: 0
  std::size_t columns = 4;               // fields a record must have
  TimeForm time_form;
  IdForm id_form = IdForm::kAsWritten;
  // Not empty: the value is the name of an event, which weighs so much (1 where it is not among
  // them); by the folded name.
  std::map<std::string, float> event_weights;
  std::int64_t time_end = first_implausible_time();

  // user, item, value, time and nothing else: what the fast scanner reads.
  bool is_plain() const {
    return dialect.form == TextForm::kDelimited && user == 0 && item == 1 && value == 2U &&
           time == 3U && dialect.fields <= 4 && event_weights.empty() && !dialect.spaces &&
           id_form == IdForm::kAsWritten && time_form.unit != TimeUnit::kCompactDate;
  }
};

// A row that was not used, and why. Written to the rejects file.
struct Reject {
  std::string file;
  std::uint64_t line = 0;  // first physical line of the record, from 1
  std::string reason;
};

// One interaction; `user` lives as long as the record's fields, or until the next call.
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

// An id in the given form; `storage` holds it where it is not a part of `text`.
std::string_view formed_id(std::string_view text, IdForm form, std::string& storage);

}  // namespace sparrow::data
