// ItemFacts: what channels, filters, reasons and ranking features need of every item beside the
// model: who liked it, popularity, quality, genres as bits, series, people. Made once for a data
// set, shared by all models.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/core/row.h"
#include "sparrow/data/dataset.h"

namespace sparrow::recall {

// Two items in the histories of all users.
struct Together {
  std::uint32_t users = 0;  // who liked both
  double expected = 0;      // by chance, from how many liked each
  double lift() const { return expected > 0 ? users / expected : 0; }
};

// What tells how alike two items look on a shelf, in one place: ordering a list reads it for every
// candidate.
struct Shelf {
  std::uint64_t genres = 0;
  std::uint32_t series = 0;
  std::int16_t year = 0;
  std::uint16_t genre_count = 0;  // bits of `genres`
};

class ItemFacts {
 public:
  // The data set must outlive this, and says what is liked. O(interactions).
  explicit ItemFacts(const data::Dataset& dataset);

  const data::Catalog& catalog() const { return dataset_.catalog; }
  std::size_t size() const { return dataset_.catalog.size(); }
  std::size_t users() const { return user_offsets_.size() - 1; }

  // Users who liked an item, ascending; items that a user liked, in time order.
  std::span<const std::uint32_t> liked_by(Row row) const {
    return {item_users_.data() + item_offsets_[row], item_offsets_[row + 1] - item_offsets_[row]};
  }
  std::span<const Row> liked(std::uint32_t user) const {
    return {user_items_.data() + user_offsets_[user],
            user_offsets_[user + 1] - user_offsets_[user]};
  }
  // Exact. O(users of both).
  Together together(Row a, Row b) const;

  float popularity(Row row) const { return popularity_[row]; }  // standardised ln(1 + liked by)
  float percentile(Row row) const { return percentile_[row]; }  // of popularity, 0..100
  // Of the values that rate.
  struct Ratings {
    double sum = 0;
    std::uint64_t count = 0;
  };
  const Ratings& ratings(Row row) const { return ratings_[row]; }
  // Mean rating, drawn to the mean of all by 20 ratings' weight (0 where there are no ratings).
  float quality(Row row) const { return quality_[row]; }
  float mean_quality() const { return mean_quality_; }
  std::uint64_t genres(Row row) const { return genre_bits_[row]; }  // the 64 most used genres
  const std::vector<std::string>& genre_names() const { return genre_names_; }
  // Films of one series or remakes of one film, found by title; 0: none.
  std::uint32_t series(Row row) const { return series_[row]; }
  const std::string& series_name(std::uint32_t series) const { return series_names_[series]; }
  std::span<const Row> series_members(std::uint32_t series) const { return members_[series]; }
  const Shelf& shelf(Row row) const { return shelves_[row]; }
  // Directors and actors, as numbers.
  std::span<const std::uint32_t> people(Row row) const { return people_[row]; }
  std::span<const Row> works_of(std::uint32_t person) const { return works_[person]; }
  // Number of a user by id.
  std::optional<std::uint32_t> find_user(std::string_view id) const;
  const data::Dataset& dataset() const { return dataset_; }

 private:
  void group();
  void rate();
  void find_genres();
  void find_series();
  void find_people();
  void number_users();
  std::size_t user_slot(std::string_view id) const;  // where it stands, or would

  const data::Dataset& dataset_;
  std::vector<std::uint64_t> item_offsets_;
  std::vector<std::uint32_t> item_users_;
  std::vector<std::uint64_t> user_offsets_;
  std::vector<Row> user_items_;
  std::vector<Ratings> ratings_;
  std::vector<float> popularity_;
  std::vector<float> percentile_;
  std::vector<float> quality_;
  float mean_quality_ = 0;
  std::vector<std::uint64_t> genre_bits_;
  std::vector<std::string> genre_names_;
  std::vector<std::uint32_t> series_;
  std::vector<Shelf> shelves_;
  std::vector<std::string> series_names_{""};
  std::vector<std::vector<Row>> members_{{}};
  std::vector<std::vector<std::uint32_t>> people_;
  std::vector<std::vector<Row>> works_;
  std::vector<std::uint32_t> user_slots_;  // a power of two; kNoRow: free
};

// The part of a title that the films of a series share: "Terminator 2: Judgment Day" ->
// "terminator", "Harry Potter and the Goblet of Fire" -> "harry potter". `stripped` tells whether
// anything was taken away.
std::string series_key(std::string_view title, bool& stripped);

}  // namespace sparrow::recall
