// CatalogView: what answers need of the data set beside the model. Made once for a state of the
// catalogue, shared by all models.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sparrow/data/dataset.h"
#include "sparrow/live/look.h"
#include "sparrow/live/search.h"
#include "sparrow/recall/item_facts.h"

namespace sparrow::live {

// What was done to the catalogue at run time; one byte a row each, or empty.
struct CatalogMarks {
  std::vector<std::uint8_t> hidden;   // not in lists nor search; the item itself can be read
  std::vector<std::uint8_t> removed;  // hidden, and there is no such item any more
};

// The best of an item's interactions, best first, equal ones in the data set's order.
struct TopRatings {
  static constexpr std::size_t kMost = 10;
  std::array<std::uint64_t, kMost> at{};  // positions in the data set's interactions
  float least = 0;                        // the value of the last
  std::uint8_t count = 0;
};

struct CatalogView {
  // `facts` of the same data set; made here when it is null.
  explicit CatalogView(std::shared_ptr<const data::Dataset> dataset,
                       std::shared_ptr<const recall::ItemFacts> facts = nullptr,
                       CatalogMarks marks = {});

  std::uint64_t generation = 0;  // another one for each view of this process
  CatalogMarks marks;
  std::shared_ptr<const data::Dataset> dataset;
  std::shared_ptr<const recall::ItemFacts> facts;
  std::vector<std::uint32_t> ratings;                    // per item
  std::vector<double> average;                           // 0 where nobody rated
  std::vector<double> shrunk_average;                    // towards the mean of all, by 20 ratings
  std::vector<std::array<std::uint32_t, 10>> histogram;  // by ValueScale::bin()
  std::map<std::string, std::vector<Row>> genres;        // rows by shrunk average, best first
  std::string item_json;  // one arena: {"id":..,"title":..,"year":..,"genres":[..]
  std::vector<std::uint32_t> item_json_offsets;
  std::string_view kind;  // "film", "book", "product" or "item": what the attributes speak of

  // Made by who asks first (a second for 30,000 titles); others wait for it. Whoever makes a view
  // asks once, outside of a request.
  const Search& search() const {
    std::call_once(search_made_, [this] { search_.emplace(*dataset, facts.get()); });
    return *search_;
  }
  // How each item is drawn; made like search().
  const std::vector<Look>& looks() const {
    std::call_once(looks_made_, [this] { looks_ = looks_of(*facts); });
    return looks_;
  }
  // Per item; made like search().
  const std::vector<TopRatings>& top_ratings() const;
  bool hidden(Row row) const { return !marks.hidden.empty() && marks.hidden[row] != 0; }
  // The row of an item that is there.
  std::optional<Row> find(std::string_view id) const {
    const auto row = dataset->catalog.find(id);
    return row && !marks.removed.empty() && marks.removed[*row] != 0 ? std::nullopt : row;
  }
  std::string_view rendered(Row row) const {
    return std::string_view(item_json).substr(item_json_offsets[row],
                                              item_json_offsets[row + 1] - item_json_offsets[row]);
  }

 private:
  mutable std::once_flag search_made_;
  mutable std::optional<Search> search_;
  mutable std::once_flag looks_made_;
  mutable std::vector<Look> looks_;
  mutable std::once_flag top_made_;
  mutable std::vector<TopRatings> top_ratings_;
};

// Appends {"id","title","year","genres","rating","ratings"}.
void append_card(std::string& out, const CatalogView& view, Row row);

}  // namespace sparrow::live
