// The data card: what prepared data are, what was assumed of them, what is odd about them and what
// to do, and what that means for each training method. `prepare` ends with it: in the terminal, as
// --json, and as card.html beside the prepared data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sparrow/data/dataset.h"

namespace sparrow::evaluate {

// How many users or items have so many interactions.
struct Activity {
  struct Bin {
    std::string name;  // "0", "1", "2-4", ..., "500+"
    std::uint64_t count = 0;
  };
  std::vector<Bin> bins;
  double median = 0;
  std::uint64_t most = 0;
};

struct TimeSpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::vector<std::uint64_t> counts;  // of equal parts of the span
};

struct CardWarning {
  int weight = 0;      // the heavier, the more it spoils lists
  std::string what;    // one sentence
  std::string remedy;  // what to do; empty: nothing can or need be
};

struct UsedAttribute {
  std::string name;
  std::string kind;
  std::uint64_t items = 0;  // that have it
};

struct DataCard {
  data::DatasetInfo info;
  Activity users;
  Activity items;
  TimeSpan time;
  std::uint64_t never_seen = 0;       // items without an interaction
  std::uint64_t liked_histories = 0;  // users who liked two items or more
  std::uint64_t warm_items = 0;       // liked often enough to learn from behavior
  std::uint64_t with_year = 0;
  std::uint64_t with_tags = 0;
  std::vector<UsedAttribute> attributes;
  std::vector<CardWarning> warnings;                         // the heaviest first
  std::vector<std::pair<std::string, std::string>> methods;  // method, what the data mean for it
};

// O(interactions + items). The same for any number of threads.
DataCard data_card(const data::Dataset& dataset, std::size_t threads);

// What is kept of the info of a data set, as it stands before the card.
nlohmann::json describe(const data::DatasetInfo& info);

// At most 100 columns wide.
std::string card_text(const DataCard& card);
nlohmann::json card_json(const DataCard& card);
// A page of its own, plots as inline SVG.
std::string card_html(const DataCard& card);

}  // namespace sparrow::evaluate
