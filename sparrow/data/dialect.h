// Dialect: how a text file keeps its records. find_dialect() tells it from the first part of a
// file; people override single points of it with --format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sparrow/core/result.h"
#include "sparrow/data/text_encoding.h"

namespace sparrow::data {

enum class TextForm { kDelimited, kJsonLines, kJsonArray };
// How a field that holds separators is written: "a ""b""" (RFC 4180), "a \"b\"", or not at all.
enum class Quoting { kDoubled, kBackslash, kNone };
enum class LineEnd { kLf, kCrLf, kCr };

struct Dialect {
  TextForm form = TextForm::kDelimited;
  Encoding encoding = Encoding::kUtf8;
  std::string separator = ",";  // 1 to 3 bytes
  Quoting quoting = Quoting::kDoubled;
  bool spaces = false;  // stand between a separator and a quote
  LineEnd line_end = LineEnd::kLf;
  bool header = true;
  std::size_t fields = 0;  // that nearly all records have; 0: not known
  bool operator==(const Dialect&) const = default;
};

// `sample`: bytes from the start of a file (a line that the end cuts is not judged unless it is the
// only one). Never fails: what cannot be told stays as RFC 4180 has it.
Dialect find_dialect(std::string_view sample);

// Points that are given: "separator=;", "quote=none|double|backslash", "header=yes|no",
// "encoding=NAME", with commas between them. "separator=tab|comma|semicolon|pipe|space" or the
// character itself. Errors: kInvalidInput with what there is.
struct DialectOverride {
  std::string separator;  // empty: as found
  std::string quote;
  std::string header;
  std::string encoding;
  bool any() const { return !(separator + quote + header + encoding).empty(); }
};
Result<DialectOverride> parse_dialect(std::string_view text);
// What was found with what was given: the file is looked at again where the encoding or separator
// is.
Dialect find_dialect(std::string_view sample, const DialectOverride& given);

// "comma, quotes doubled, LF, UTF-8, header"; for messages.
std::string dialect_text(const Dialect& dialect);

// The header of RecBole and its like: "user_id:token" -> "user_id"; other names come back as they
// are.
std::string_view without_type(std::string_view name);

}  // namespace sparrow::data
