#include "sparrow/core/text.h"

#include <cstdint>
#include <cstring>

#include <utf8proc.h>

namespace sparrow {
namespace {

// Length of the first code point of `text`, 0 when it is not well-formed.
std::size_t next_code_point(std::string_view text, utf8proc_int32_t& code) {
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

// Letters that Unicode does not decompose, as people type them.
std::string_view plain_letter(utf8proc_int32_t code) {
  switch (code) {
    case 0xE6:
      return "ae";
    case 0xF8:
      return "o";
    case 0x153:
      return "oe";
    case 0x142:
      return "l";
    case 0x111:
    case 0xF0:
      return "d";
    case 0xFE:
      return "th";
    case 0x131:
      return "i";
    default:
      return {};
  }
}

}  // namespace

std::string fold_text(std::string_view text) {
  std::string folded;
  bool gap = false;
  const auto append = [&](std::string_view bytes) {
    if (gap && !folded.empty()) folded += ' ';
    gap = false;
    folded += bytes;
  };
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const std::size_t length = next_code_point(text, code);
    text.remove_prefix(length == 0 ? 1 : length);
    if (length == 0) {
      gap = true;
      continue;
    }
    if (code == '\'' || code == 0x2019) continue;
    utf8proc_int32_t parts[16];
    int boundary = 0;
    const auto count = utf8proc_decompose_char(
        code, parts, 16,
        static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD),
        &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 16; ++i) {
      const auto category = utf8proc_category(parts[i]);
      const bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
      const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
      const bool number = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
      if (mark) continue;
      if (!letter && !number) {
        gap = true;
        continue;
      }
      if (const auto plain = plain_letter(parts[i]); !plain.empty()) {
        append(plain);
        continue;
      }
      utf8proc_uint8_t bytes[4];
      const auto size = utf8proc_encode_char(parts[i], bytes);
      append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    }
  }
  return folded;
}

std::string fold_name(std::string_view text) {
  std::string folded;
  bool gap = false;
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const std::size_t length = next_code_point(text, code);
    const std::string_view bytes = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(bytes.size());
    utf8proc_int32_t parts[16] = {code};
    int boundary = 0;
    const auto count =
        length == 0
            ? 0
            : utf8proc_decompose_char(code, parts, 16,
                                      static_cast<utf8proc_option_t>(
                                          UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD),
                                      &boundary);
    if (length == 0) folded += bytes;
    for (utf8proc_ssize_t i = 0; i < count && i < 16; ++i) {
      const auto category = utf8proc_category(parts[i]);
      if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) continue;
      if (category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_CC) {
        gap = true;
        continue;
      }
      if (gap && !folded.empty()) folded += ' ';
      gap = false;
      utf8proc_uint8_t encoded[4];
      const auto size = utf8proc_encode_char(parts[i], encoded);
      folded.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
    }
  }
  return folded;
}

bool is_utf8(std::string_view text) {
  // Mostly ASCII, eight bytes at a time.
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080U;
  while (!text.empty()) {
    if (std::uint64_t word = 0; text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & kHighBits) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    }
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    utf8proc_int32_t code = 0;
    const std::size_t length = next_code_point(text, code);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace sparrow
