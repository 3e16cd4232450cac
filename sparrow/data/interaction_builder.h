// InteractionBuilder: rows in any order -> Interactions grouped by user, ordered by time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sparrow/data/dataset.h"

namespace sparrow::data {

class InteractionBuilder {
 public:
  bool same_user_as_before(std::string_view user) const {
    return !user_ids_.empty() && user == user_ids_[last_user_];
  }
  void add(std::string_view user, Row item, float value, std::int64_t time);

  // Moves everything out. Users are numbered in order of first appearance. O(n log n) within each
  // user.
  Interactions build(std::vector<std::string>& users, std::uint64_t& duplicates);

 private:
  struct Event {
    std::uint32_t user;
    Row item;
    float value;
    std::int64_t time;
  };
  std::vector<Event> events_;
  std::vector<std::string> user_ids_;
  std::unordered_map<std::string, std::uint32_t> users_;
  std::uint32_t last_user_ = 0;
};

}  // namespace sparrow::data
