#include "sparrow/live/search_words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sparrow::live {
namespace {

constexpr std::size_t kLeastInitials = 3;  // words, for fewer letters would be too many words' own

// One letter alone is a letter more often than a number ("I, Robot"), but for the Rockys.
constexpr std::pair<std::string_view, std::string_view> kNumbers[] = {
    {"ii", "2"},     {"iii", "3"},   {"iv", "4"},      {"v", "5"},       {"vi", "6"},
    {"vii", "7"},    {"viii", "8"},  {"ix", "9"},      {"x", "10"},      {"xi", "11"},
    {"xii", "12"},   {"xiii", "13"}, {"one", "1"},     {"two", "2"},     {"three", "3"},
    {"four", "4"},   {"five", "5"},  {"six", "6"},     {"seven", "7"},   {"eight", "8"},
    {"nine", "9"},   {"ten", "10"},  {"eleven", "11"}, {"twelve", "12"}, {"thirteen", "13"},
    {"twenty", "20"}};

struct Block {
  std::uint32_t first;
  std::uint32_t last;
  Script script;
};

constexpr Block kBlocks[] = {
    {0x370, 0x3FF, kGreek},    {0x400, 0x52F, kCyrillic}, {0x590, 0x5FF, kHebrew},
    {0x600, 0x77F, kArabic},   {0x900, 0xDFF, kIndic},    {0xE00, 0xE7F, kThai},
    {0x1100, 0x11FF, kHangul}, {0x1F00, 0x1FFF, kGreek},  {0x3040, 0x30FF, kKana},
    {0x3130, 0x318F, kHangul}, {0x3400, 0x4DBF, kHan},    {0x4E00, 0x9FFF, kHan},
    {0xAC00, 0xD7AF, kHangul}, {0xF900, 0xFAFF, kHan},    {0xFF66, 0xFF9D, kKana},
    {0x20000, 0x3FFFF, kHan}};

constexpr std::array<std::string_view, 10> kScriptNames = {
    "", "Greek", "Cyrillic", "Hebrew", "Arabic", "Indic", "Thai", "Kana", "Hangul", "Han"};

}  // namespace

std::vector<std::string_view> split_words(std::string_view folded, std::size_t most) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < folded.size() && words.size() < most;) {
    const auto end = std::min(folded.find(' ', begin), folded.size());
    if (end > begin) words.push_back(folded.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string_view digits_of(std::string_view word) {
  const auto* const found = std::find_if(std::begin(kNumbers), std::end(kNumbers),
                                         [&](const auto& pair) { return pair.first == word; });
  return found == std::end(kNumbers) ? std::string_view() : found->second;
}

std::string_view without_article(std::string_view folded) {
  for (const std::string_view article : {"the ", "a ", "an "}) {
    if (folded.starts_with(article)) return folded.substr(article.size());
  }
  return folded;
}

std::vector<std::string> joined_forms(const std::vector<std::string_view>& words) {
  std::vector<std::string> forms;
  std::string whole;
  std::string initials;
  for (std::size_t i = 0; i < words.size(); ++i) {
    whole += words[i];
    if (i + 1 < words.size()) forms.push_back(std::string(words[i]).append(words[i + 1]));
    initials += words[i].front();
    if (initials.size() >= kLeastInitials && static_cast<unsigned char>(initials.back()) < 0x80)
      forms.push_back(initials);
  }
  if (words.size() > 2) forms.push_back(whole);
  return forms;
}

bool one_edit(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  std::size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  if (a.size() < b.size()) return a.substr(i) == b.substr(i + 1);
  if (i == a.size()) return true;
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         a.substr(i + 2) == b.substr(i + 2);
}

std::uint32_t scripts_of(std::string_view text) {
  std::uint32_t scripts = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t code = lead < 0x80   ? lead
                         : lead < 0xE0 ? lead & 0x1FU
                         : lead < 0xF0 ? lead & 0x0FU
                                       : lead & 0x07U;
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      code = code << 6U | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    i += length;
    if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z')) scripts |= kLatin;
    for (const Block& block : kBlocks) {
      if (code >= block.first && code <= block.last) scripts |= block.script;
    }
  }
  return scripts;
}

std::string_view script_name(std::uint32_t scripts) {
  for (std::size_t i = 1; i < kScriptNames.size(); ++i) {
    if ((scripts >> i & 1U) != 0) return kScriptNames[i];
  }
  return {};
}

}  // namespace sparrow::live
