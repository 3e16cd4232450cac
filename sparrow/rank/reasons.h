// Reasons: what two items have to do with each other, as data and as one short sentence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sparrow/recall/item_facts.h"

namespace sparrow::rank {

struct Relation {
  recall::Together together;
  std::vector<std::string> genres;  // shared, in the first item's order
  std::vector<std::string> tags;    // shared, rarest first, at most 5
  std::vector<std::string> directors;
  std::vector<std::string> actors;
  std::vector<std::string> keywords;
  std::uint32_t series = 0;  // shared; 0: none
  int years_apart = -1;      // -1: a year is unknown
};

// O(users who liked either + tags).
Relation relate(const recall::ItemFacts& facts, Row a, Row b);

// The one or two strongest of them: "Same series: Terminator", "Liked together by 41 people, 6.2
// times more than chance", "Both tagged cyborg, time travel", "Animation, Children, 1990s".
std::string reason_of(const recall::ItemFacts& facts, const Relation& relation);

}  // namespace sparrow::rank
