// Words of titles and of queries: the forms under which one word is found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sparrow::live {

// The words of folded text, at most `most`.
std::vector<std::string_view> split_words(std::string_view folded, std::size_t most = 32);

// "ii" and "two" -> "2"; empty where the word is no number or is one in digits already.
std::string_view digits_of(std::string_view word);

// "the lord of the rings" -> "lord of the rings"; what has no article in front comes back whole.
std::string_view without_article(std::string_view folded);

// Forms that run words together: neighbours ("spiderman"), the whole title ("walle") and the first
// letters of its beginning, from three words on ("lotr", of "lord of the rings the ...").
std::vector<std::string> joined_forms(const std::vector<std::string_view>& words);

// Whether one insertion, removal, change or swap of neighbours turns a into b.
bool one_edit(std::string_view a, std::string_view b);

// Writing systems, as bits; what is not named here counts as Latin.
enum Script : std::uint32_t {
  kLatin = 1,
  kGreek = 2,
  kCyrillic = 4,
  kHebrew = 8,
  kArabic = 16,
  kIndic = 32,
  kThai = 64,
  kKana = 128,
  kHangul = 256,
  kHan = 512
};
// Those of the letters of a text.
std::uint32_t scripts_of(std::string_view text);
// "Han", "Cyrillic", ... of the lowest bit that is set; empty for none and for Latin.
std::string_view script_name(std::uint32_t scripts);

}  // namespace sparrow::live
