#include "sparrow/data/log_layout.h"

#include <algorithm>

#include <fmt/format.h>

#include "sparrow/core/text.h"
#include "sparrow/data/value_scale.h"

namespace sparrow::data {
namespace {

// Too few fields, or more than the header has that are not blank.
std::string count_problem(const Fields& fields, const LogLayout& layout) {
  const std::size_t most = std::max(layout.columns, layout.dialect.fields);
  bool wrong = fields.size() < layout.columns;
  for (std::size_t extra = most; extra < fields.size(); ++extra)
    wrong = wrong || !trim(fields[extra]).empty();
  return wrong ? fmt::format("{} fields, {} expected", fields.size(), most) : std::string();
}

bool read_value(std::string_view text, const LogLayout& layout, float& value) {
  if (layout.event_weights.empty()) return parse_logged_value(text, value);
  const auto found = layout.event_weights.find(fold_text(text));
  value = found == layout.event_weights.end() ? usual_event_weight(text) : found->second;
  return !trim(text).empty();
}

std::string time_problem(std::string_view text, const LogLayout& layout, std::int64_t& time) {
  if (trim(text).empty()) return "the time is missing";
  if (!parse_time(text, layout.time_form, time))
    return fmt::format("the time \"{}\" is not of the file's form: {}", text.substr(0, 64),
                       time_form_text(layout.time_form));
  if (time < 0 || time >= layout.time_end)
    return fmt::format("the time \"{}\" would be {}, before 1970 or after next year", text,
                       time < -std::int64_t{62'000'000'000} || time > std::int64_t{253'000'000'000}
                           ? "far away"
                           : time_text(time));
  return {};
}

}  // namespace

std::string_view formed_id(std::string_view text, IdForm form, std::string& storage) {
  text = trim(text);
  if (form == IdForm::kAsWritten) return text;
  const auto point = text.find('.');
  std::string_view whole = text.substr(0, point);
  const std::string_view behind =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (whole.empty() || !digits(whole) || behind.find_first_not_of('0') != std::string_view::npos)
    return text;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  storage = whole;
  return storage;
}

RowFault read_log_row(const Fields& fields, const LogLayout& layout, const IdTable& items,
                      LogRow& row, std::string& reason) {
  reason = count_problem(fields, layout);
  if (!reason.empty()) return RowFault::kMalformed;
  row.value = 1;
  row.time = 0;
  if (layout.value && !read_value(fields[*layout.value], layout, row.value)) {
    reason = fmt::format("the value \"{}\" is not a number", fields[*layout.value].substr(0, 64));
    return RowFault::kMalformed;
  }
  if (layout.time) {
    reason = time_problem(fields[*layout.time], layout, row.time);
    if (!reason.empty()) return RowFault::kMalformed;
  }
  std::string storage;
  const std::string_view item = formed_id(fields[layout.item], layout.id_form, storage);
  row.item = items.find(item);
  if (row.item == kNoRow) {
    reason = fmt::format("item \"{}\" is not in the catalogue", item.substr(0, 64));
    return RowFault::kUnknownItem;
  }
  row.user = trim(fields[layout.user]);
  if (const auto problem = id_problem(row.user); !problem.empty()) {
    reason = std::string("user: ") + std::string(problem);
    return RowFault::kMalformed;
  }
  return RowFault::kNone;
}

}  // namespace sparrow::data
