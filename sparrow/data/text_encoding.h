// Encodings of text files: found by their bytes, brought to UTF-8 by iconv.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sparrow::data {

enum class Encoding { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

// "utf-8", "utf-16le", "utf-16be", "windows-1252".
const char* encoding_name(Encoding encoding);
// Also "utf8", "utf-16" (as little-endian), "latin-1", "iso-8859-1", "cp1252", in any case.
std::optional<Encoding> encoding_of_name(std::string_view name);

// By the byte order mark; without one UTF-8, or Windows-1252 where the bytes are no UTF-8. A
// character that the end of `sample` cuts is no fault.
Encoding find_encoding(std::string_view sample);

// Brings text to UTF-8 piece by piece. What an encoding does not define becomes U+FFFD; a byte
// order mark at the very start goes.
class Decoder {
 public:
  explicit Decoder(Encoding encoding);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Appends the text of `bytes`; a character that is cut waits for the next call.
  void decode(std::string_view bytes, std::string& out);
  // Appends a mark for a character that was cut by the end.
  void finish(std::string& out);

 private:
  void* iconv_ = nullptr;
  std::string rest_;
  bool begun_ = false;
};

// The whole of `bytes` as UTF-8 without a byte order mark.
std::string decode_text(std::string_view bytes, Encoding encoding);

}  // namespace sparrow::data
