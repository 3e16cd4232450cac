// ShownLists: lists that were given, and what people did with the items at their places; what
// click_model.h and replay.h are made from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/core/result.h"
#include "sparrow/experiment/records.h"

namespace sparrow::experiment {

inline constexpr std::uint32_t kNoName = 0xffff'ffff;

// Texts by number, from 0 in the order in which they came.
class Names {
 public:
  std::uint32_t number(const std::string& name);      // a new one where it is not known
  std::uint32_t find(const std::string& name) const;  // kNoName: is not known
  const std::string& operator[](std::uint32_t number) const { return names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

struct ShownPlace {
  std::uint32_t item = 0;  // of ShownLists::items
  float propensity = 1;    // probability that this item stood at this place
  float reward = 0;
};

struct ShownList {
  std::uint32_t seed = 0;   // of ShownLists::items
  std::uint32_t unit = 0;   // of ShownLists::units
  std::uint32_t first = 0;  // its places are [first, first + size) of ShownLists::places
  std::uint32_t size = 0;
};

struct ShownLists {
  Names items;  // seeds too
  Names units;  // users, else sessions, else the list itself
  std::vector<ShownList> lists;
  std::vector<ShownPlace> places;
  std::size_t without_seed = 0;
};

struct ShownOptions {
  events::TimeSpan span;
  std::string scenario;        // empty: any
  std::string type = "click";  // of the events that are rewards: 1 for each item of a list, or the
                               // sum of their values where the type has one
  bool only_explored = true;   // lists that chance had a part in
  std::size_t most_lists = 5'000'000;
};

// Lists from position 0 on with one seed, and the events that name them. Reads the lists once, the
// events once. Memory: 12 bytes a place, about 100 a list. Errors: those of reading; kExhausted for
// more than most_lists.
Result<ShownLists> shown_lists(const Records& records, const ShownOptions& options);

}  // namespace sparrow::experiment
