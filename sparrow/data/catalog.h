// Catalog: what is known of each item. A Row is an item's position here, everywhere in Sparrow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/embeddings.h"
#include "sparrow/core/row.h"

namespace sparrow::data {

// A free-text tag of an item, case-folded and trimmed, with the number of users who gave it.
struct TagCount {
  std::string tag;
  std::uint32_t count = 0;
  bool operator==(const TagCount&) const = default;
};

struct Item {
  ItemId id;
  std::string title;                            // as people read it: "The Matrix"
  std::string raw_title;                        // as the file has it: "Matrix, The (1999)"
  std::vector<std::string> alternative_titles;  // other languages, a.k.a.; for search
  int year = 0;                                 // 0: unknown
  std::vector<std::string> genres;
  std::vector<std::string> directors;
  std::vector<std::string> actors;
  std::vector<std::string> keywords;
  std::vector<std::string> countries;
  std::string text;     // synopsis, description
  std::string imdb_id;  // digits as MovieLens has them: "0103064"
  std::string tmdb_id;
  std::vector<TagCount> tags;                     // most given first
  std::map<std::string, std::string> attributes;  // every other named column
  bool operator==(const Item&) const = default;
};

// "The Matrix (1999)", or the title alone where the year is unknown.
std::string title_and_year(const Item& item);

// MovieLens tag genome: relevance in 0..1 of every tag for the items that have one.
struct TagGenome {
  std::vector<std::string> tags;
  std::vector<Row> rows;  // items that have a genome, in the order of `relevance`'s rows
  Embeddings relevance;   // rows.size() x tags.size()
};

class Catalog {
 public:
  Catalog() = default;
  // Ids must be unique.
  explicit Catalog(std::vector<Item> items);

  std::size_t size() const { return items_.size(); }
  const Item& operator[](Row row) const { return items_[row]; }
  const std::vector<Item>& items() const { return items_; }
  std::optional<Row> find(std::string_view id) const;

  TagGenome genome;  // empty where the data set has none

 private:
  std::vector<Item> items_;
  std::unordered_map<std::string_view, Row> rows_;  // views into items_
};

}  // namespace sparrow::data
