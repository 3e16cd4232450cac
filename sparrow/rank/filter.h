// Filter: conditions on items, as people write them in a request or a rule:
//
//   year >= 1990 and not genre = Horror
//   genre in (Comedy, Drama) and rating >= 3.5
//   country = seed.country and year in [seed.year - 5, seed.year + 5]
//
// Fields: id, title, year, genre, tag, director, actor, person, keyword, country, series, rating
// (mean rating, drawn to the mean of all), ratings (users who liked it), popularity (percentile,
// 0..100), and every other column of items.csv by its name. A field with several values holds when
// any of them does. Text compares without regard to case, accents and width; a quoted value may
// hold anything. A condition on a value that an item lacks is false.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::rank {

// Immutable; safe for use by several threads.
class Filter {
 public:
  // Errors: kInvalidInput saying where and what was expected. Conditions that do not look at the
  // seed are evaluated for all items here: O(items). At most 4,096 characters, 64 conditions deep.
  static Result<std::shared_ptr<const Filter>> parse(std::string_view text,
                                                     const recall::ItemFacts& facts);
  ~Filter();

  // Whether `item` meets the conditions; `seed` may be kNoRow: conditions on it are then false.
  bool holds(Row item, Row seed) const;
  bool uses_seed() const { return mask_.empty(); }
  // One byte an item, 1: holds. Empty when the filter looks at the seed.
  std::span<const std::uint8_t> marks() const { return mask_; }
  const std::string& text() const { return text_; }

  struct Node;

 private:
  Filter();
  std::string text_;
  const recall::ItemFacts* facts_ = nullptr;
  std::unique_ptr<Node> root_;
  std::vector<std::uint8_t> mask_;  // one byte an item, when the seed does not matter
};

}  // namespace sparrow::rank
