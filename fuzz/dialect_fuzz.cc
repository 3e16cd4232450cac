// Tables: any dialect for any bytes, told and then read; the first byte chooses an override.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sparrow/core/text.h"
#include "sparrow/data/json_records.h"
#include "sparrow/data/records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sparrow;
  if (size < 1) return -1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  data::DialectOverride given;
  if (data[0] & 1) given.separator = ";";
  if (data[0] & 2) given.quote = "backslash";
  if (data[0] & 4) given.encoding = data[0] & 8 ? "utf-16le" : "windows-1252";
  const data::Dialect dialect = data::find_dialect(bytes, given);
  if (data::dialect_text(dialect).empty()) std::abort();
  const std::string text = data::decode_text(bytes, dialect.encoding);
  if (dialect.encoding != data::Encoding::kUtf8 && !is_utf8(text)) std::abort();
  if (dialect.form != data::TextForm::kDelimited) {
    data::JsonRecords records(text, dialect.form, data::json_columns(text, dialect.form));
    while (records.next()) {
    }
    return 0;
  }
  data::RecordReader reader(text, dialect);
  std::size_t before = 0;
  while (reader.next()) {
    if (reader.position() <= before || reader.position() > text.size()) std::abort();
    before = reader.position();
    if (reader.problem().empty() && reader.fields().empty()) std::abort();
  }
  return 0;
}
