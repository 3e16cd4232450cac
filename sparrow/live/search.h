// Search: titles in memory, as people type them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/data/dataset.h"

namespace sparrow::live {

struct SearchHit {
  Row row = kNoRow;
  double score = 0;
  bool exact = false;  // every word was found as it was typed, the last perhaps as a beginning
};

// Immutable; safe for use by several threads.
class Search {
 public:
  explicit Search(const data::Dataset& dataset);

  // Items whose title, or another of their titles, has every word, in any order; the last word may
  // be the beginning of one, and a word of five letters or more may have one letter wrong. Case and
  // accents are forgiven. Items that `hidden` marks (one byte a row, or empty) are not found. Best
  // first: closer titles, then more ratings. O(words in the catalogue) at worst, bounded by 32
  // words and 256 bytes.
  std::vector<SearchHit> find(std::string_view text, std::size_t limit,
                              std::span<const std::uint8_t> hidden = {}) const;

 private:
  struct Match {
    std::uint32_t word;
    double quality;  // 1 as typed, less for a beginning or a typo
  };
  std::vector<Match> matches(const std::string& typed, bool last) const;

  std::vector<std::string> words_;                     // sorted
  std::vector<std::vector<std::uint32_t>> titles_of_;  // word -> titles
  std::vector<Row> title_row_;                         // title -> item
  std::vector<std::uint32_t> title_words_;             // how many words a title has
  std::vector<std::string> title_text_;
  std::vector<double> popularity_;  // ln(1 + ratings)
};

}  // namespace sparrow::live
