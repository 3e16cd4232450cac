#include "sparrow/http/negotiation.h"

#include <algorithm>
#include <optional>

namespace sparrow::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_word(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// "q=0", "Q=0.000": not wanted at all.
bool is_refused(std::string_view parameters) {
  const auto equals = parameters.find('=');
  if (equals == std::string_view::npos || !is_word(trimmed(parameters.substr(0, equals)), "q"))
    return false;
  const std::string_view value = trimmed(parameters.substr(equals + 1));
  return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
}

// Calls `take` with each entry of a list with commas between; until it answers false.
template <typename Take>
void each_entry(std::string_view list, const Take& take) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (!take(trimmed(list.substr(0, comma)))) return;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> named;
  bool any = false;
  each_entry(accept_encoding, [&](std::string_view entry) {
    const auto semicolon = std::min(entry.find(';'), entry.size());
    const std::string_view coding = trimmed(entry.substr(0, semicolon));
    const bool wanted = !is_refused(trimmed(entry.substr(std::min(semicolon + 1, entry.size()))));
    if (is_word(coding, "gzip") || is_word(coding, "x-gzip")) named = wanted;
    if (coding == "*") any = wanted;
    return true;
  });
  return named.value_or(any);
}

bool has_etag(std::string_view if_none_match, std::string_view etag) {
  if (trimmed(if_none_match) == "*") return true;
  bool found = false;
  each_entry(if_none_match, [&](std::string_view entry) {
    if (entry.starts_with("W/")) entry.remove_prefix(2);
    found = entry == etag;
    return !found;
  });
  return found;
}

}  // namespace sparrow::http
