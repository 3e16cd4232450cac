#include "sparrow/http/query.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/core/text.h"

namespace sparrow::http {
namespace {

constexpr std::size_t kMaxParameters = 64;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends the decoded text; false for a bad escape, a NUL, or what is no UTF-8.
bool decode(std::string_view text, bool plus_is_space, std::string& out) {
  const std::size_t begin = out.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || high + low == 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return is_utf8(std::string_view(out).substr(begin));
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      encoded += c;
    else
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  if (!decode(text, plus_is_space, decoded)) return std::nullopt;
  return decoded;
}

std::string_view cookie_of(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto semicolon = header.find(';');
    std::string_view pair = header.substr(0, semicolon);
    header.remove_prefix(semicolon == std::string_view::npos ? header.size() : semicolon + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

Query::Query(std::string_view text) {
  if (text.empty()) return;
  text_.reserve(text.size());
  pairs_.reserve(8);
  while (!text.empty()) {
    const auto ampersand = text.find('&');
    const std::string_view part = text.substr(0, ampersand);
    text.remove_prefix(ampersand == std::string_view::npos ? text.size() : ampersand + 1);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    Pair pair{text_.size(), 0, 0};
    const bool named = decode(part.substr(0, equals), true, text_);
    pair.value = text_.size();
    if (!named ||
        (equals != std::string_view::npos && !decode(part.substr(equals + 1), true, text_))) {
      fail(named ? name_of(pair) : "query", "is not percent-encoded UTF-8");
      return;
    }
    if (pairs_.size() == kMaxParameters) {
      fail("query", "has more than 64 parameters");
      return;
    }
    pair.end = text_.size();
    if (equals != std::string_view::npos) add_entries(pair, part.substr(equals + 1));
    pairs_.push_back(pair);
  }
}

void Query::add_entries(Pair& pair, std::string_view encoded) {
  if (encoded.find(',') == std::string_view::npos) return;
  if (encoded.find("%2C") == std::string_view::npos &&
      encoded.find("%2c") == std::string_view::npos)
    return;
  pair.entries = text_.size();
  while (true) {
    const auto comma = encoded.find(',');
    (void)decode(encoded.substr(0, comma), true, text_);  // as a part of what was decoded before
    text_ += kSeparator;
    if (comma == std::string_view::npos) break;
    encoded.remove_prefix(comma + 1);
  }
  pair.entries_end = text_.size();
}

void Query::add(std::string_view name, std::string_view value) {
  Pair pair{text_.size(), text_.size() + name.size(), 0};
  text_ += name;
  text_ += value;
  pair.end = text_.size();
  pairs_.push_back(pair);
}

void Query::fail(std::string_view name, std::string message) {
  if (!error_) error_ = ParameterError{std::string(name), fmt::format("{} {}", name, message)};
}

void Query::allow_only(std::span<const std::string_view> names) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const std::string_view name = name_of(pairs_[i]);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      fail(name, names.size() == 0 ? std::string("is not a parameter here; there is none")
                                   : fmt::format("is not a parameter here; known are {}",
                                                 fmt::join(names, ", ")));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (name_of(pairs_[j]) == name) fail(name, "is given twice");
    }
  }
}

std::optional<std::string_view> Query::view(std::string_view name) const {
  for (const Pair& pair : pairs_) {
    if (name_of(pair) == name)
      return std::string_view(text_).substr(pair.value, pair.end - pair.value);
  }
  return std::nullopt;
}

std::string Query::required(std::string_view name) {
  auto value = text(name);
  if (!value || value->empty()) fail(name, "is missing");
  return value.value_or("");
}

std::uint64_t Query::number(std::string_view name, std::uint64_t fallback, std::uint64_t low,
                            std::uint64_t high) {
  const auto value = view(name);
  if (!value) return fallback;
  std::uint64_t parsed = 0;
  const auto result = std::from_chars(value->data(), value->data() + value->size(), parsed);
  if (result.ec != std::errc() || result.ptr != value->data() + value->size() || parsed < low ||
      parsed > high) {
    fail(name, fmt::format("must be a whole number from {} to {}, not \"{}\"", low, high,
                           value->substr(0, 32)));
    return fallback;
  }
  return parsed;
}

double Query::decimal(std::string_view name, double fallback, double low, double high) {
  const auto value = view(name);
  if (!value) return fallback;
  double parsed = 0;
  const auto result = std::from_chars(value->data(), value->data() + value->size(), parsed);
  if (result.ec != std::errc() || result.ptr != value->data() + value->size() ||
      !(parsed >= low && parsed <= high)) {
    fail(name, fmt::format("must be a number from {} to {}, not \"{}\"", low, high,
                           value->substr(0, 32)));
    return fallback;
  }
  return parsed;
}

bool Query::flag(std::string_view name, bool fallback) {
  const auto value = view(name);
  if (!value) return fallback;
  if (*value == "true" || *value == "1") return true;
  if (*value != "false" && *value != "0")
    fail(name, fmt::format("must be true or false, not \"{}\"", value->substr(0, 32)));
  return false;
}

Query Query::of_json(const nlohmann::json& object, std::span<const std::string_view> keep) {
  Query query("");
  const auto scalar = [](const nlohmann::json& value) -> std::optional<std::string> {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
  };
  for (const auto& [name, value] : object.items()) {
    if (std::find(keep.begin(), keep.end(), name) != keep.end()) continue;
    if (query.pairs_.size() == kMaxParameters) {
      query.fail("body", "has more than 64 members");
      break;
    }
    std::string text;
    bool good = true;
    if (value.is_array()) {
      for (const auto& entry : value) {
        const auto one = scalar(entry);
        good = good && one && one->find(kSeparator) == std::string::npos;
        if (one) text += *one + kSeparator;
      }
    } else {
      const auto one = scalar(value);
      good = one.has_value();
      text = one.value_or("");
    }
    if (!good) query.fail(name, "is neither a text, a number, true, false nor a list of them");
    query.add(name, text);
  }
  return query;
}

std::vector<std::string_view> Query::list(std::string_view name) const {
  std::vector<std::string_view> entries;
  std::string_view value = view(name).value_or(std::string_view());
  for (const Pair& pair : pairs_) {
    if (name_of(pair) == name && pair.entries_end > 0)
      value = std::string_view(text_).substr(pair.entries, pair.entries_end - pair.entries);
  }
  const char separator = value.find(kSeparator) == std::string_view::npos ? ',' : kSeparator;
  for (std::size_t begin = 0; begin < value.size();) {
    const auto end = std::min(value.find(separator, begin), value.size());
    if (end > begin) entries.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return entries;
}

}  // namespace sparrow::http
