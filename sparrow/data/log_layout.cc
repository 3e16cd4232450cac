#include "sparrow/data/log_layout.h"

#include <fmt/format.h>

namespace sparrow::data {
namespace {

std::string count_problem(const Fields& fields, const LogLayout& layout) {
  if (layout.extra == LogLayout::Extra::kBlank) return field_count_problem(fields, layout.columns);
  const bool wrong = layout.extra == LogLayout::Extra::kAny ? fields.size() < layout.columns
                                                            : fields.size() != layout.columns;
  return wrong ? fmt::format("{} fields, {} expected", fields.size(), layout.columns)
               : std::string();
}

}  // namespace

RowFault read_log_row(const Fields& fields, const LogLayout& layout, const IdTable& items,
                      LogRow& row, std::string& reason) {
  reason = count_problem(fields, layout);
  if (!reason.empty()) return RowFault::kMalformed;
  const std::string_view value = layout.value ? fields[*layout.value] : std::string_view("5");
  const std::string_view time = layout.time ? fields[*layout.time] : std::string_view("0");
  if (!parse_value(value, row.value)) {
    reason = fmt::format("the rating \"{}\" is not a number", value);
    return RowFault::kMalformed;
  }
  if (!parse_time(time, row.time)) {
    reason = fmt::format("the time \"{}\" is not a number", time);
    return RowFault::kMalformed;
  }
  const std::string_view item = fields[layout.item];
  row.item = items.find(item);
  if (row.item == kNoRow) {
    reason = fmt::format("item \"{}\" is not in the catalogue", item.substr(0, 64));
    return RowFault::kUnknownItem;
  }
  row.user = fields[layout.user];
  if (const auto problem = id_problem(row.user); !problem.empty()) {
    reason = std::string("user: ") + std::string(problem);
    return RowFault::kMalformed;
  }
  return RowFault::kNone;
}

}  // namespace sparrow::data
