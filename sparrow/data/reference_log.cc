// The slow twin of read_log(): every record through CsvReader or split_dat(), in one thread.
#include <fmt/format.h>

#include "sparrow/data/csv.h"
#include "sparrow/data/interaction_builder.h"
#include "sparrow/data/interaction_log.h"
#include "sparrow/data/log_source.h"

namespace sparrow::data {
namespace {

class Reference {
 public:
  Reference(const LogFile& file, const IdTable& items, LogContent& content)
      : file_(file), items_(items), content_(content) {}

  Result<void> read_csv(std::string_view text) {
    CsvReader reader(text);
    if (!reader.next()) return Error{ErrorCode::kInvalidInput, file_.path.string() + ": is empty"};
    auto layout = file_.header(reader.fields());
    if (!layout) return layout.error();
    layout_ = *layout;
    while (reader.next()) {
      ++content_.rows;
      if (reader.problem().empty()) {
        use(reader.fields(), reader.line());
      } else {
        reject(reader.line(), std::string(reader.problem()));
      }
    }
    return {};
  }

  void read_dat(std::string_view text) {
    layout_.form = LogLayout::Form::kDat;
    layout_.extra = LogLayout::Extra::kNone;
    std::uint64_t number = 0;
    while (!text.empty()) {
      const auto newline = text.find('\n');
      std::string_view line = text.substr(0, newline);
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
      ++number;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.empty()) continue;
      ++content_.rows;
      use(split_dat(line), number);
    }
  }

  void finish() { content_.interactions = builder_.build(content_.users, content_.duplicates); }

 private:
  void use(const Fields& fields, std::uint64_t line) {
    LogRow row;
    std::string reason;
    const RowFault fault = read_log_row(fields, layout_, items_, row, reason);
    if (fault == RowFault::kNone) {
      builder_.add(row.user, row.item, row.value, row.time);
      return;
    }
    content_.unknown_items += fault == RowFault::kUnknownItem ? 1 : 0;
    reject(line, std::move(reason));
  }
  void reject(std::uint64_t line, std::string reason) {
    content_.rejects.push_back({file_.path.filename().string(), line, std::move(reason)});
  }

  const LogFile& file_;
  const IdTable& items_;
  LogContent& content_;
  LogLayout layout_;
  InteractionBuilder builder_;
};

}  // namespace

Result<LogContent> read_log_reference(const LogFile& file, const IdTable& items) {
  auto text = read_log_text(file.path);
  if (!text) return text.error();
  LogContent content;
  Reference reference(file, items, content);
  if (!file.header) {
    reference.read_dat(*text);
  } else if (auto read = reference.read_csv(*text); !read) {
    return read.error();
  }
  reference.finish();
  return content;
}

}  // namespace sparrow::data
