#include "sparrow/data/dialect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sparrow/core/text.h"
#include "sparrow/data/column_names.h"
#include "sparrow/data/field_values.h"
#include "sparrow/data/records.h"

namespace sparrow::data {
namespace {

constexpr std::size_t kRecords = 400;  // looked at
constexpr std::array<std::string_view, 6> kSeparators = {"::", "\t", ";", ",", "|", " "};

using Rows = std::vector<std::vector<std::string>>;

struct Probe {
  Rows rows;
  std::size_t problems = 0;
  std::size_t modal_fields = 0;
  std::size_t of_modal = 0;  // rows with so many fields
};

Probe read_sample(std::string_view text, const Dialect& dialect, bool whole) {
  Probe reading;
  RecordReader reader(text, dialect);
  std::map<std::size_t, std::size_t> counts;
  while (reading.rows.size() < kRecords && reader.next()) {
    if (reader.position() >= text.size() && !whole && !reading.rows.empty()) break;
    reading.problems += reader.problem().empty() ? 0U : 1U;
    reading.rows.emplace_back(reader.fields().begin(), reader.fields().end());
    if (reader.problem().empty()) ++counts[reader.fields().size()];
  }
  for (const auto& [fields, count] : counts) {
    if (count < reading.of_modal) continue;
    reading.modal_fields = fields;
    reading.of_modal = count;
  }
  return reading;
}

// How well a separator explains the sample: the share of records with one number of fields.
double score(const Probe& reading) {
  if (reading.rows.empty() || reading.modal_fields < 2) return 0;
  return static_cast<double>(reading.of_modal) / static_cast<double>(reading.rows.size());
}

LineEnd find_line_end(std::string_view text) {
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos)
    return text.find('\r') == std::string_view::npos ? LineEnd::kLf : LineEnd::kCr;
  return newline > 0 && text[newline - 1] == '\r' ? LineEnd::kCrLf : LineEnd::kLf;
}

// The quoting with which records are well-formed. A single fault is a bad line, not another
// quoting.
Quoting find_quoting(std::string_view text, Dialect dialect, bool whole) {
  if (dialect.separator == "::") return Quoting::kNone;
  const Probe doubled = read_sample(text, dialect, whole);
  if (doubled.problems == 0 && text.find("\\\"") == std::string_view::npos)
    return Quoting::kDoubled;
  dialect.quoting = Quoting::kBackslash;
  const Probe backslash = read_sample(text, dialect, whole);
  if (text.find("\\\"") != std::string_view::npos && backslash.problems < doubled.problems)
    return Quoting::kBackslash;
  dialect.quoting = Quoting::kNone;
  const Probe none = read_sample(text, dialect, whole);
  std::size_t closed = 0;  // fields that are quoted as they should be
  for (const auto& row : none.rows) {
    for (const auto& field : row) {
      closed += field.size() > 1 && field.front() == '"' && trim(field).back() == '"' ? 1U : 0U;
    }
  }
  constexpr std::size_t kFewFaults = 3;
  return doubled.problems >= kFewFaults && closed < doubled.problems ? Quoting::kNone
                                                                     : Quoting::kDoubled;
}

// Whether quotes stand behind a separator and a space.
bool has_spaces(std::string_view text, const std::string& separator) {
  if (separator == " ") return false;
  const std::string spaced = separator + " \"";
  const std::string tight = separator + "\"";
  std::size_t with = 0;
  std::size_t without = 0;
  for (auto at = text.find(spaced); at != std::string_view::npos; at = text.find(spaced, at + 1))
    ++with;
  for (auto at = text.find(tight); at != std::string_view::npos; at = text.find(tight, at + 1))
    ++without;
  return with > without;
}

bool reads_as_number(std::string_view text) {
  double value = 0;
  return parse_number(text, value);
}

// Whether the first row names columns. Known names and types of RecBole say so; numbers, and values
// that occur again below, say that it does not.
bool find_header(const Probe& reading) {
  if (reading.rows.empty()) return true;
  const auto& first = reading.rows.front();
  std::size_t known = 0;
  for (const auto& name : first) {
    if (without_type(trim(name)) != trim(name)) return true;
    known += is_column_name(name) ? 1U : 0U;
  }
  if (std::any_of(first.begin(), first.end(), reads_as_number)) return false;
  if (known * 2 >= first.size() || known >= 2) return true;
  std::size_t again = 0;
  std::size_t turns_to_numbers = 0;
  for (std::size_t c = 0; c < first.size(); ++c) {
    std::size_t numbers = 0;
    bool same = false;
    for (std::size_t r = 1; r < reading.rows.size(); ++r) {
      if (c >= reading.rows[r].size()) continue;
      numbers += reads_as_number(reading.rows[r][c]) ? 1U : 0U;
      same = same || reading.rows[r][c] == first[c];
    }
    again += same && !trim(first[c]).empty() ? 1U : 0U;
    turns_to_numbers += reading.rows.size() > 1 && numbers * 10 >= (reading.rows.size() - 1) * 8;
  }
  return turns_to_numbers > 0 || (again == 0 && known > 0) ||
         (again == 0 && reading.rows.size() > 20);
}

// JSON is told by its first record.
std::optional<TextForm> find_json(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  if (text[begin] == '{') {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    if (nlohmann::json::accept(line)) return TextForm::kJsonLines;
  }
  if (text[begin] == '[') {
    const auto inside = text.find_first_not_of(" \t\r\n", begin + 1);
    if (inside != std::string_view::npos && text[inside] == '{') return TextForm::kJsonArray;
  }
  return std::nullopt;
}

std::string separator_name(const std::string& separator) {
  static const std::map<std::string, std::string> names = {
      {",", "comma"}, {";", "semicolon"}, {"\t", "tab"}, {"|", "pipe"}, {" ", "space"}};
  const auto found = names.find(separator);
  return found == names.end() ? fmt::format("\"{}\"", separator) : found->second;
}

}  // namespace

std::string_view without_type(std::string_view name) {
  for (const std::string_view type : {":token", ":token_seq", ":float", ":float_seq"}) {
    if (name.ends_with(type)) return name.substr(0, name.size() - type.size());
  }
  return name;
}

Dialect find_dialect(std::string_view sample) { return find_dialect(sample, {}); }

Dialect find_dialect(std::string_view sample, const DialectOverride& given) {
  constexpr std::size_t kSampleBytes = std::size_t{1} << 18;
  const bool whole = sample.size() <= kSampleBytes;
  sample = sample.substr(0, kSampleBytes);
  Dialect dialect;
  dialect.encoding = given.encoding.empty() ? find_encoding(sample)
                                            : encoding_of_name(given.encoding).value_or(Encoding{});
  std::string text = decode_text(sample, dialect.encoding);
  if (const auto json = find_json(text); json && given.separator.empty()) {
    dialect.form = *json;
    return dialect;
  }
  dialect.line_end = find_line_end(text);
  if (dialect.line_end == LineEnd::kCr) std::replace(text.begin(), text.end(), '\r', '\n');
  double best = 0;
  std::size_t most = 0;
  for (const std::string_view separator : kSeparators) {
    Dialect tried = dialect;
    tried.separator = separator;
    tried.spaces = has_spaces(text, tried.separator);
    tried.quoting = find_quoting(text, tried, whole);
    if (!given.separator.empty() && given.separator != separator) continue;
    const Probe reading = read_sample(text, tried, whole);
    const double reached = score(reading);
    // A space separates only what nothing else does.
    const bool better = separator == " " ? best == 0 && reached > 0.95
                                         : reached > best + 0.02 || (reached > best - 0.02 &&
                                                                     reading.modal_fields > most);
    if (reached <= 0 || !better) continue;
    best = reached;
    most = reading.modal_fields;
    dialect.separator = tried.separator;
    dialect.spaces = tried.spaces;
    dialect.quoting = tried.quoting;
  }
  if (!given.separator.empty() && dialect.separator != given.separator) {
    dialect.separator = given.separator;
    dialect.quoting = find_quoting(text, dialect, whole);
  }
  if (!given.quote.empty())
    dialect.quoting = given.quote == "none"        ? Quoting::kNone
                      : given.quote == "backslash" ? Quoting::kBackslash
                                                   : Quoting::kDoubled;
  const Probe reading = read_sample(text, dialect, whole);
  dialect.header = given.header.empty() ? find_header(reading) : given.header == "yes";
  if (best > 0.9) dialect.fields = reading.modal_fields;
  return dialect;
}

Result<DialectOverride> parse_dialect(std::string_view text) {
  DialectOverride given;
  const auto wrong = [&](std::string_view what) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("--format: {}. It is for example separator=semicolon,quote=none,"
                             "header=no,encoding=windows-1252",
                             what)};
  };
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
      return wrong(fmt::format("\"{}\" is not POINT=VALUE", text));
    const std::string_view point = trim(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    const auto comma = text.find(',', text.starts_with(',') ? 1 : 0);
    const std::string value(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (point == "separator") {
      static const std::map<std::string, std::string> names = {
          {"comma", ","}, {"semicolon", ";"}, {"tab", "\t"},   {"\\t", "\t"},
          {"pipe", "|"},  {"space", " "},     {"colons", "::"}};
      const auto named = names.find(value);
      given.separator = named == names.end() ? value : named->second;
      if (given.separator.empty() || given.separator.size() > 3)
        return wrong("a separator has 1 to 3 characters");
    } else if (point == "quote") {
      given.quote = value;
      if (value != "none" && value != "double" && value != "backslash")
        return wrong("quote is none, double or backslash");
    } else if (point == "header") {
      given.header = value;
      if (value != "yes" && value != "no") return wrong("header is yes or no");
    } else if (point == "encoding") {
      given.encoding = value;
      if (!encoding_of_name(value))
        return wrong("encoding is utf-8, utf-16le, utf-16be or windows-1252");
    } else {
      return wrong(fmt::format(
          "there is no point \"{}\", but separator, quote, header and encoding", point));
    }
  }
  return given;
}

std::string dialect_text(const Dialect& dialect) {
  std::string text = dialect.form == TextForm::kJsonLines   ? "JSON Lines"
                     : dialect.form == TextForm::kJsonArray ? "JSON"
                                                            : separator_name(dialect.separator);
  if (dialect.form == TextForm::kDelimited) {
    text += dialect.quoting == Quoting::kBackslash ? ", quotes escaped by \\"
            : dialect.quoting == Quoting::kNone    ? ", no quoting"
                                                   : "";
    text += dialect.line_end == LineEnd::kCrLf ? ", CRLF"
            : dialect.line_end == LineEnd::kCr ? ", CR"
                                               : "";
  }
  std::string encoding = encoding_name(dialect.encoding);
  std::transform(encoding.begin(), encoding.end(), encoding.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  text += ", " + (dialect.encoding == Encoding::kWindows1252 ? "Windows-1252" : encoding);
  if (dialect.form == TextForm::kDelimited) text += dialect.header ? ", header" : ", no header";
  return text;
}

}  // namespace sparrow::data
