// The slow twin of read_log(): every record through TableReader, in one thread. It also reads JSON,
// and the items of a log without a catalogue.
#include <algorithm>
#include <functional>

#include "sparrow/data/interaction_builder.h"
#include "sparrow/data/interaction_log.h"
#include "sparrow/data/log_source.h"
#include "sparrow/data/table_file.h"

namespace sparrow::data {
namespace {

// Calls visit(part, reader) for each record of a log.
Result<std::uint64_t> each_record(
    const LogFile& file, const std::function<void(const LogPart&, const TableReader&)>& visit) {
  std::uint64_t lines = 0;
  for (const LogPart& part : file.parts) {
    auto text = read_log_text(part.path, part.layout.dialect);
    if (!text) return text.error();
    TableFile table;
    table.path = part.path;
    table.dialect = part.layout.dialect;
    table.columns = part.columns;
    table.filter = part.filter;
    TableReader reader(table, *text);
    while (reader.next()) visit(part, reader);
    lines += static_cast<std::uint64_t>(std::count(text->begin(), text->end(), '\n'));
  }
  return lines;
}

}  // namespace

Result<LogContent> read_log_reference(const LogFile& file, const IdTable& items) {
  LogContent content;
  InteractionBuilder builder;
  auto lines = each_record(file, [&](const LogPart& part, const TableReader& reader) {
    ++content.rows;
    std::string reason(reader.problem());
    LogRow row;
    if (reason.empty()) {
      const RowFault fault = read_log_row(reader.fields(), part.layout, items, row, reason);
      content.unknown_items += fault == RowFault::kUnknownItem ? 1 : 0;
    }
    if (reason.empty())
      builder.add(row.user, row.item, row.value, row.time);
    else
      content.reject({part.path.filename().string(), reader.line(), std::move(reason)});
  });
  if (!lines) return lines.error();
  content.lines = *lines;
  content.interactions = builder.build(content.users, content.duplicates);
  return content;
}

Result<LogItems> read_log_items(const LogFile& file, std::optional<std::size_t> title_column) {
  LogItems found;
  std::string storage;
  auto lines = each_record(file, [&](const LogPart& part, const TableReader& reader) {
    const auto& fields = reader.fields();
    if (!reader.problem().empty() || fields.size() <= part.layout.item) return;
    const auto id = formed_id(fields[part.layout.item], part.layout.id_form, storage);
    if (!id_problem(id).empty()) return;
    const std::size_t before = found.ids.size();
    const std::uint32_t number = found.ids.add(id);
    if (!title_column || *title_column >= fields.size()) return;
    found.titles.resize(found.ids.size());
    if (number >= before) found.titles[number] = trim(fields[*title_column]);
  });
  if (!lines) return lines.error();
  return found;
}

}  // namespace sparrow::data
