// Search: titles, tags and people, as people type them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/data/dataset.h"
#include "sparrow/live/full_text.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::live {

struct SearchHit {
  Row row = kNoRow;
  double score = 0;
  bool exact = false;  // every word is of the title as it was typed, the last perhaps a beginning
};

// Immutable; safe for use by several threads.
class Search {
 public:
  // `facts` tell which place a film has in its series ("harry potter 3"); null: none is known.
  explicit Search(const data::Dataset& dataset, const recall::ItemFacts* facts = nullptr);

  // Items that have every word, in any order: in a title, in another of their titles, run together
  // or split ("spiderman", "spider man"), as initials ("lotr"), as a number in other letters
  // ("godfather 2"), as a tag, a person, a genre or the year. The last word may be the beginning of
  // one. Where nothing has all words, one of five letters or more may have one letter wrong, and
  // then one word may be missing. Case and accents are forgiven. Items that `hidden` marks (one
  // byte a row, or empty) are not found. Best first: a title that is exactly this, then closer
  // ones, then more ratings. Bounded by 16 words, 256 bytes and some hundreds of candidates.
  std::vector<SearchHit> find(std::string_view text, std::size_t limit,
                              std::span<const std::uint8_t> hidden = {}) const;

  // The writing system of a text, where no title of the catalogue is written in it ("Han"); empty
  // otherwise.
  std::string_view missing_script(std::string_view text) const;

 private:
  struct Title {
    std::string text;      // folded
    std::size_t main = 0;  // bytes before a colon or a dash; 0: there is none
    std::uint32_t words = 0;
  };
  struct Query;
  struct Fit;

  void add_words(std::uint32_t document, FullText::Document& into) const;
  void add_titles(const data::Item& item);
  void number_series(const recall::ItemFacts& facts, const std::vector<std::uint32_t>& document_of);
  std::vector<std::string_view> misspelt(std::string_view typed, bool last) const;
  std::string clause(const Query& query, std::size_t word, bool everywhere) const;
  std::string expression(const Query& query, std::size_t left_out, bool everywhere) const;
  void collect_exact(const Query& query, std::vector<std::uint32_t>& found) const;
  double fit_elsewhere(std::string_view typed, std::uint32_t document) const;
  double whole_title(const Query& query, std::uint32_t document, const Title& title) const;
  Fit fit(const Query& query, std::uint32_t document, const Title& title) const;
  SearchHit judge(const Query& query, std::uint32_t document) const;

  // Documents are items, the most popular first.
  std::vector<Row> row_;
  std::vector<float> popularity_;  // 0..1
  std::vector<std::uint16_t> year_;
  std::vector<std::uint8_t> place_;  // in the series, from 1; 0: of none
  std::vector<std::uint32_t> titles_begin_;
  std::vector<Title> titles_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> exact_;  // no article -> documents
  std::vector<std::string> vocabulary_;                                // of titles, sorted
  std::uint32_t scripts_ = 0;                                          // of titles
  std::unique_ptr<const FullText> index_;
};

}  // namespace sparrow::live
