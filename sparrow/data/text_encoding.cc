#include "sparrow/data/text_encoding.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <iconv.h>

#include "sparrow/core/result.h"
#include "sparrow/core/text.h"

namespace sparrow::data {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr std::array<std::pair<std::string_view, Encoding>, 9> kNames = {
    {{"utf-8", Encoding::kUtf8},
     {"utf-16le", Encoding::kUtf16Le},
     {"utf-16be", Encoding::kUtf16Be},
     {"windows-1252", Encoding::kWindows1252},
     {"utf8", Encoding::kUtf8},
     {"utf-16", Encoding::kUtf16Le},
     {"latin-1", Encoding::kWindows1252},
     {"iso-8859-1", Encoding::kWindows1252},
     {"cp1252", Encoding::kWindows1252}}};

iconv_t no_iconv() { return reinterpret_cast<iconv_t>(-1); }

// `text` without a character that its end cuts: at most three bytes.
std::string_view without_cut_character(std::string_view text) {
  std::size_t tail = 0;
  while (tail < 3 && tail < text.size() &&
         (static_cast<unsigned char>(text[text.size() - 1 - tail]) & 0xC0U) == 0x80U)
    ++tail;
  if (tail == text.size()) return text;
  const auto lead = static_cast<unsigned char>(text[text.size() - 1 - tail]);
  const std::size_t needed = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
  return needed > tail + 1 ? text.substr(0, text.size() - 1 - tail) : text;
}

}  // namespace

const char* encoding_name(Encoding encoding) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const auto& known) { return known.second == encoding; });
  return found->first.data();
}

std::optional<Encoding> encoding_of_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  for (const auto& [known, encoding] : kNames) {
    if (lower == known) return encoding;
  }
  return std::nullopt;
}

Encoding find_encoding(std::string_view sample) {
  if (sample.starts_with("\xFF\xFE")) return Encoding::kUtf16Le;
  if (sample.starts_with("\xFE\xFF")) return Encoding::kUtf16Be;
  // UTF-16 without its mark: every other byte of separators, digits and Latin letters is 0.
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros.at(i % 2) += sample[i] == 0 ? 1U : 0U;
  if (zeros[1] > sample.size() / 8 && zeros[0] < zeros[1] / 8) return Encoding::kUtf16Le;
  if (zeros[0] > sample.size() / 8 && zeros[1] < zeros[0] / 8) return Encoding::kUtf16Be;
  return is_utf8(without_cut_character(sample)) ? Encoding::kUtf8 : Encoding::kWindows1252;
}

Decoder::Decoder(Encoding encoding) {
  const char* from = encoding == Encoding::kUtf16Le   ? "UTF-16LE"
                     : encoding == Encoding::kUtf16Be ? "UTF-16BE"
                     : encoding == Encoding::kUtf8    ? "UTF-8"
                                                      : "WINDOWS-1252";
  iconv_ = ::iconv_open("UTF-8", from);
  SPARROW_CHECK(iconv_ != no_iconv());  // every glibc has these four
}

Decoder::~Decoder() { ::iconv_close(iconv_); }

void Decoder::decode(std::string_view bytes, std::string& out) {
  rest_ += bytes;
  const std::size_t before = out.size();
  char* in = rest_.data();
  std::size_t left = rest_.size();
  while (left > 0) {
    constexpr std::size_t kGrow = 64;
    std::size_t used = out.size();
    out.resize(used + left * 3 + kGrow);
    char* to = out.data() + used;
    std::size_t room = out.size() - used;
    const std::size_t done = ::iconv(iconv_, &in, &left, &to, &room);
    const int problem = done == static_cast<std::size_t>(-1) ? errno : 0;
    out.resize(out.size() - room);
    if (problem == EINVAL) break;  // cut: waits
    if (problem != EILSEQ) continue;
    out += kReplacement;
    ++in;
    --left;
  }
  rest_.erase(0, rest_.size() - left);
  if (!begun_ && out.size() > before) {
    begun_ = true;
    if (std::string_view(out).substr(before).starts_with(kUtf8Mark))
      out.erase(before, kUtf8Mark.size());
  }
}

void Decoder::finish(std::string& out) {
  if (!rest_.empty()) out += kReplacement;
  rest_.clear();
}

std::string decode_text(std::string_view bytes, Encoding encoding) {
  std::string text;
  if (encoding == Encoding::kUtf8) {
    text = bytes.substr(bytes.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0);
    return text;
  }
  Decoder decoder(encoding);
  decoder.decode(bytes, text);
  decoder.finish(text);
  return text;
}

}  // namespace sparrow::data
