#include "sparrow/http/trace.h"

#include <fmt/format.h>

namespace sparrow::http {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t kSize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view value) {
  if (value.size() < kSize || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  const std::string_view version = value.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (value.size() > kSize && (version == "00" || value[kSize] != '-')) return false;
  return is_id(trace_id(value)) && is_id(span_id(value)) && is_hex(value.substr(53, 2));
}

std::string continue_trace(std::string_view value, std::uint64_t span) {
  if (!is_traceparent(value)) return {};
  // Of the flags version 00 knows "sampled" alone; what is not known is not passed on.
  const bool sampled = std::string_view("13579bdf").find(value[54]) != std::string_view::npos;
  return fmt::format("00-{}-{:016x}-0{}", trace_id(value), span, sampled ? 1 : 0);
}

}  // namespace sparrow::http
