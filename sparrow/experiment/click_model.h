// ClickModel: the position-based model (Craswell, Zoeter, Taylor & Ramsey 2008, "An Experimental
// Comparison of Click Position-Bias Models"): a click at place k on item d in a list of seed s
// needs that the place is looked at and that the item attracts,
//   P(click) = examination[k] attraction(s, d).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sparrow/experiment/shown_lists.h"

namespace sparrow::experiment {

class ClickModel {
 public:
  // By place; the first is 1: looking is measured against looking at the first place.
  std::vector<double> examination;
  // Of a pair that was never shown: the mean of all.
  double attraction(std::uint32_t seed, std::uint32_t item) const;
  double click(std::uint32_t seed, std::uint32_t item, std::size_t place) const {
    return place < examination.size() ? examination[place] * attraction(seed, item) : 0;
  }

 private:
  friend ClickModel fit_click_model(const ShownLists& shown, const std::vector<bool>* part);
  std::unordered_map<std::uint64_t, double> attraction_;
  double mean_ = 0;
};

// Expectation maximisation (Chuklin, Markov & de Rijke 2015, "Click Models for Web Search",
// section 4.3.2), until examinations change by less than 1e-4, at most 100 rounds of O(places).
// Attractions are drawn to the mean as if each pair had been shown kPriorShows more times. Places
// are told apart from items only where items stood at several places: explore. `part`: of the
// lists, those that are true; null: all.
inline constexpr double kPriorShows = 5;
ClickModel fit_click_model(const ShownLists& shown, const std::vector<bool>* part = nullptr);

}  // namespace sparrow::experiment
